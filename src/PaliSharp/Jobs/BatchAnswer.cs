using System.Text.Json.Nodes;

namespace PaliSharp.Jobs;

/// <summary>A row with what came of it.</summary>
/// <param name="Row">The row.</param>
/// <param name="Result">The result as a JSON object; null if there is none.</param>
/// <param name="Error">Why there is none; null if there is one.</param>
internal sealed record BatchAnswer(BatchRow Row, JsonObject? Result, RowError? Error);

/// <summary>Why a row has no result.</summary>
/// <param name="Kind">What is wrong: <c>input</c>, <c>image</c> or <c>prompt</c>.</param>
/// <param name="Message">The reason.</param>
internal sealed record RowError(string Kind, string Message)
{
    /// <summary>The row itself cannot be used.</summary>
    public const string Input = "input";

    /// <summary>The picture cannot be read.</summary>
    public const string Image = "image";

    /// <summary>The prompt cannot be given to the model.</summary>
    public const string Prompt = "prompt";
}
