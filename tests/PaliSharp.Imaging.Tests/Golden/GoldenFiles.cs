using System.Security.Cryptography;
using System.Text.Json;
using PaliSharp.TestSupport;

namespace PaliSharp.Imaging.Tests.Golden;

/// <summary>Enumerates the case files of the imaging topic.</summary>
internal static class GoldenFiles
{
    public const string Topic = "imaging";

    /// <summary>The formats whose decoder exists.</summary>
    public static readonly string[] Formats = ["png", "jpeg", "webp", "gif", "bmp", "pnm", "tiff", "qoi", "tga"];

    /// <summary>The cases of <c>folder/cases.json</c> in every root, with the folder that their paths start from.</summary>
    public static IReadOnlyList<(string Folder, JsonElement Case)> Read(string folder, string file = "cases.json")
    {
        List<string> found = [.. GoldenData.Topic(Topic).Select(root => Path.Combine(root, folder, file)).Where(File.Exists)];
        GoldenData.RequireCases(Topic, found);
        var cases = new List<(string, JsonElement)>();
        foreach (string path in found)
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
            foreach (JsonElement element in document.RootElement.EnumerateArray())
                cases.Add((Path.GetDirectoryName(path)!, element.Clone()));
        }

        return cases;
    }

    public static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString()!;

    public static int Int(this JsonElement element, string name) => element.GetProperty(name).GetInt32();

    public static bool HasTag(this JsonElement element, string tag) =>
        element.TryGetProperty("tags", out JsonElement tags) && tags.EnumerateArray().Any(t => t.GetString() == tag);

    public static string Sha256(ReadOnlySpan<byte> data) => Convert.ToHexStringLower(SHA256.HashData(data));

    /// <summary>Fails with all the messages, or passes when there are none.</summary>
    public static void AssertNone(List<string> failures, int total)
    {
        Assert.True(total > 0, "No case was checked.");
        Assert.True(failures.Count == 0, $"{failures.Count} of {total} cases failed:{Environment.NewLine}{string.Join(Environment.NewLine, failures.Take(60))}");
    }
}
