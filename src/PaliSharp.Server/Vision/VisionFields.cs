using System.Text.Json;
using PaliSharp.Server.Errors;

namespace PaliSharp.Server.Vision;

/// <summary>The fields of each task. A field that would have no effect is refused, so that nobody believes it had one.</summary>
internal static class VisionFields
{
    private static readonly string[] Every = ["model", "image", "images"];
    private static readonly string[] Answer = ["max_tokens", "temperature", "top_k", "top_p", "seed", "beams"];
    private static readonly string[] Objects = ["things", "constrain", "public_demo_grid", "draw"];

    private static readonly Dictionary<string, HashSet<string>> OfTasks = new(StringComparer.Ordinal)
    {
        ["caption"] = [.. Every, .. Answer, "language", "length"],
        ["ocr"] = [.. Every, .. Answer],
        ["ask"] = [.. Every, .. Answer, "question", "language"],
        ["run"] = [.. Every, .. Answer, "prompt"],
        ["detect"] = [.. Every, .. Answer, .. Objects, "one_by_one", "max_overlap", "across_labels", "snap_labels", "stop_repeats"],
        ["segment"] = [.. Every, .. Answer, .. Objects],
        ["classify"] = [.. Every, "labels", "prompt", "scoring", "top"],
        ["match"] = [.. Every, "texts"],
    };

    /// <summary>Fields that hold lists.</summary>
    public static IReadOnlySet<string> Lists { get; } = new HashSet<string>(StringComparer.Ordinal) { "images", "things", "labels", "texts" };

    /// <summary>Fields that hold text.</summary>
    public static IReadOnlySet<string> Texts { get; } =
        new HashSet<string>(StringComparer.Ordinal) { "model", "image", "language", "length", "question", "prompt", "scoring" };

    /// <summary>The tasks.</summary>
    public static IEnumerable<string> Tasks => OfTasks.Keys;

    /// <summary>Whether there is such a task.</summary>
    public static bool IsTask(string task) => OfTasks.ContainsKey(task);

    /// <summary>Checks the fields of a request.</summary>
    /// <param name="task">The task.</param>
    /// <param name="body">The request.</param>
    /// <exception cref="ApiException">One has no meaning for the task.</exception>
    public static void Check(string task, JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
            throw ApiException.BadRequest("invalid_json", "The body is not a JSON object.");
        HashSet<string> known = OfTasks[task];
        foreach (JsonProperty property in body.EnumerateObject())
        {
            if (known.Contains(property.Name))
                continue;
            throw OfTasks.Values.Any(fields => fields.Contains(property.Name))
                ? ApiException.BadRequest("unsupported_parameter", $"'{property.Name}' has no meaning for {task}. Leave it out.", property.Name)
                : ApiException.UnknownField(property.Name, $"a request to {task}");
        }
    }
}
