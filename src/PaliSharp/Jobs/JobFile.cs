using System.Text.Json;
using System.Text.Json.Nodes;
using PaliSharp.Results;

namespace PaliSharp.Jobs;

/// <summary>
/// The file <c>OUTPUT.job</c>: what a job does, so that it goes on only as the same job. It is written once, before the first row; how far the
/// job is, the output itself tells.
/// </summary>
internal static class JobFile
{
    private const int MaximumBytes = 1 << 20;
    private const string VersionName = "palisharp_job";
    private const int Version = 1;

    /// <summary>The job file of an output.</summary>
    public static string PathFor(string output) => output + ".job";

    /// <summary>Writes the file, whole or not at all.</summary>
    public static void Write(string output, IReadOnlyDictionary<string, string> settings)
    {
        var json = new JsonObject { [VersionName] = Version };
        foreach ((string name, string value) in settings.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            json.Add(name, value);
        AtomicFile.Write(PathFor(output), stream =>
        {
            using var writer = new Utf8JsonWriter(stream, ResultJson.WriterOptions with { Indented = true });
            json.WriteTo(writer);
        });
    }

    /// <summary>Checks that an interrupted job was this one.</summary>
    /// <exception cref="JobException">It was another one, or the file is no job file.</exception>
    public static void Require(string output, IReadOnlyDictionary<string, string> settings)
    {
        Dictionary<string, string> before = Read(PathFor(output));
        string[] differences =
        [
            .. before.Keys.Union(settings.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)
                .Where(name => before.GetValueOrDefault(name) != settings.GetValueOrDefault(name))
                .Select(name => $"{name} was {Quote(before.GetValueOrDefault(name))} and is {Quote(settings.GetValueOrDefault(name))}"),
        ];
        if (differences.Length > 0)
        {
            throw new JobException(
                $"'{output}' belongs to another job: {string.Join("; ", differences)}. Go on with the settings of its start, name another output, or overwrite it.");
        }
    }

    private static string Quote(string? value) => value is null ? "not set" : $"'{value}'";

    private static Dictionary<string, string> Read(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.Length > MaximumBytes)
                throw new JobException($"'{path}' has {file.Length} bytes; no job file has more than {MaximumBytes}. Name another output, or overwrite it.");
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (!document.RootElement.TryGetProperty(VersionName, out JsonElement version) || version.GetInt32() != Version)
                throw new JobException($"'{path}' is no job file of this version. Name another output, or overwrite it.");
            return document.RootElement.EnumerateObject().Where(property => property.Name != VersionName)
                .ToDictionary(property => property.Name, property => property.Value.GetString() ?? string.Empty, StringComparer.Ordinal);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            throw new JobException($"'{path}' is no job file: {exception.Message} Name another output, or overwrite it.", exception);
        }
    }
}
