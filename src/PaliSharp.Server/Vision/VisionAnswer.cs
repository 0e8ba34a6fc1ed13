using System.Text.Json;
using System.Text.Json.Serialization;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Server.Errors;
using PaliSharp.Server.OpenAI;

namespace PaliSharp.Server.Vision;

/// <summary>What a task found in each picture.</summary>
/// <param name="Lines">One result for each picture, in the schema of the command line's <c>--json</c>.</param>
/// <param name="Generations">All answers of the model.</param>
/// <param name="Drawn">The pictures with what was found drawn on them; null if that was not asked for.</param>
internal sealed record VisionFindings(IReadOnlyList<JsonElement> Lines, IReadOnlyList<GenerationResult> Generations, IReadOnlyList<Image>? Drawn)
{
    /// <summary>The tokens of prompts and pictures that were read to score labels or texts, no answer being written.</summary>
    public (int Text, int Image) Read { get; init; }

    /// <summary>For each text, the pictures by how well they fit, in the schema of the command line's <c>--json</c>; null unless texts were matched.</summary>
    public IReadOnlyList<JsonElement>? Rankings { get; init; }
}

/// <summary>The answer of a vision route.</summary>
/// <param name="Id">The request.</param>
/// <param name="Task">The task.</param>
/// <param name="Model">The model that answered.</param>
/// <param name="Results">One result for each picture, in the schema of the command line's <c>--json</c>.</param>
/// <param name="Drawn">The drawn pictures as data URLs, if asked for.</param>
/// <param name="Rankings">For each text, the pictures by how well they fit, where texts are matched.</param>
/// <param name="Usage">The tokens.</param>
/// <param name="Timings">The time.</param>
internal sealed record VisionAnswer(
    string Id,
    string Task,
    string Model,
    IReadOnlyList<JsonElement> Results,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Drawn,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<JsonElement>? Rankings,
    ChatUsage Usage,
    TimingsBlock Timings);

/// <summary>The answer of <c>/v1/vision/batch</c>.</summary>
/// <param name="Id">The request.</param>
/// <param name="Results">One for each item, in order.</param>
/// <param name="Usage">The tokens of all.</param>
/// <param name="Timings">The time.</param>
internal sealed record BatchAnswer(string Id, IReadOnlyList<BatchItemAnswer> Results, ChatUsage Usage, TimingsBlock Timings);

/// <summary>What became of one item of a batch.</summary>
/// <param name="Id">What the caller named it; its place otherwise.</param>
/// <param name="Status">The HTTP status it would have had alone.</param>
/// <param name="Task">The task.</param>
/// <param name="Model">The model that answered.</param>
/// <param name="Results">As of the task's own route; null if it failed.</param>
/// <param name="Drawn">The drawn pictures as data URLs, if asked for.</param>
/// <param name="Rankings">For each text, the pictures by how well they fit, where texts are matched.</param>
/// <param name="Error">Why it failed; null if it did not.</param>
internal sealed record BatchItemAnswer(
    string Id,
    int Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Task,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Model,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<JsonElement>? Results,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Drawn,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<JsonElement>? Rankings,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ErrorDetail? Error);
