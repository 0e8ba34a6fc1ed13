using System.Text.Json;
using PaliSharp.Imaging;

namespace PaliSharp.Training.Tests.Data;

/// <summary>Opens sources as a recipe does, and makes examples comparable.</summary>
internal static class Sources
{
    public static ITrainingSource Open(string json, string folder, ulong seed = 5)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return TrainingSources.Open(document.RootElement.Clone(), folder, seed);
    }

    public static ITrainingSource OpenPath(string path, ulong seed = 5) => Open(JsonSerializer.Serialize(path), string.Empty, seed);

    /// <summary>Everything about an example: texts, origin, every pixel.</summary>
    public static string Describe(TrainingExample example) => string.Join(
        '|', [example.Origin, example.Prefix, example.Suffix, .. example.Images.Select(image => $"{image.Width}x{image.Height}x{image.Channels}:{Hash(image)}")]);

    public static string[] Take(ITrainingSource source, int count) => [.. Enumerable.Range(0, count).Select(_ => Describe(source.Next()))];

    private static string Hash(Image image) => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(image.Pixels));
}
