using System.Globalization;
using PaliSharp.Generation;

namespace PaliSharp.Tasks;

/// <summary>A text the model wrote about pictures.</summary>
public record TextResult : ITaskResult
{
    /// <summary>The text, without spaces around it.</summary>
    public required string Text { get; init; }

    /// <summary>The text the model saw.</summary>
    public required string Prompt { get; init; }

    /// <inheritdoc/>
    public FinishReason FinishReason => Generation.FinishReason;

    /// <summary>Whether the model ended the text itself.</summary>
    public bool IsComplete => FinishReason is FinishReason.Stop or FinishReason.StopString;

    /// <summary>
    /// How sure the model was, 0 to 1: the geometric mean of the probabilities of its tokens, the one that ended the text included, under the
    /// unmasked softmax.
    /// </summary>
    public double Score => Math.Exp(Generation.LogProbability / Math.Max(1, Generation.Tokens.Count + (Generation.EndTokenId is null ? 0 : 1)));

    /// <inheritdoc/>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>What the model wrote, token by token.</summary>
    public required GenerationResult Generation { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<GenerationResult> Generations => [Generation];
}

/// <summary>A caption of a region.</summary>
public sealed record RegionCaptionResult : TextResult
{
    /// <summary>The region in pixels of the oriented original.</summary>
    public required BoundingBox Box { get; init; }
}

/// <summary>The answer to a question.</summary>
public sealed record AnswerResult : TextResult
{
    /// <summary>The answer as a truth value: <c>yes</c> and <c>true</c>, <c>no</c> and <c>false</c>; null if it is none of them.</summary>
    public bool? YesNo => Text.ToUpperInvariant() switch
    {
        "YES" or "TRUE" => true,
        "NO" or "FALSE" => false,
        _ => null,
    };

    /// <summary>The answer as a number, a percentage divided by 100; null if it is none.</summary>
    public double? Number
    {
        get
        {
            ReadOnlySpan<char> text = Text.AsSpan().TrimEnd('%');
            bool isPercentage = text.Length < Text.Length;
            return double.TryParse(text, NumberStyles.Float | NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
                ? isPercentage ? value / 100 : value
                : null;
        }
    }
}

/// <summary>The text in a picture.</summary>
public sealed record OcrResult : TextResult
{
    /// <summary>The text line by line, from the top left to the bottom right; empty lines are left out.</summary>
    public IReadOnlyList<string> Lines => field ??= [.. Text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
}
