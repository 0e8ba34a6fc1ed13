using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace PaliSharp.Server.Hosting;

/// <summary>What is known of a request for the log and the metrics; neither pictures nor text.</summary>
internal sealed class CallRecord
{
    private static readonly object ItemKey = new();

    /// <summary>The request in answers and in the log.</summary>
    public string RequestId { get; } = "req_" + RandomNumberGenerator.GetHexString(24, lowercase: true);

    /// <summary>The model that was asked.</summary>
    public string? Model { get; set; }

    /// <summary>The tokens of the prompt, those of pictures included.</summary>
    public int PromptTokens { get; set; }

    /// <summary>The tokens of pictures.</summary>
    public int ImageTokens { get; set; }

    /// <summary>The tokens written.</summary>
    public int AnswerTokens { get; set; }

    /// <summary>The time spent waiting for a turn.</summary>
    public TimeSpan Queued { get; set; }

    /// <summary>From the arrival of the request to the first text; null if there was none.</summary>
    public TimeSpan? FirstText { get; set; }

    /// <summary>Whether the caller went away before the answer was complete.</summary>
    public bool IsAbandoned { get; set; }

    /// <summary>The code of the error the request ended with; null if it did not.</summary>
    public string? ErrorCode { get; set; }

    /// <summary>The record of a request.</summary>
    public static CallRecord Of(HttpContext context)
    {
        if (context.Items.TryGetValue(ItemKey, out object? item) && item is CallRecord known)
            return known;
        var record = new CallRecord();
        context.Items[ItemKey] = record;
        return record;
    }
}
