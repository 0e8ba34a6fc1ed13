using System.Text.Json;
using PaliSharp.Training.Data;

namespace PaliSharp.Training;

/// <summary>Opens the source of examples that the data of a recipe names.</summary>
public static class TrainingSources
{
    /// <summary>Opens a source.</summary>
    /// <param name="data">
    /// A text: the path of a JSONL, CSV or mixture file (<c>.json</c>) or of a folder. Or an object: a mixture
    /// (<see cref="MixtureDescription"/>), a single source (<see cref="SourceDescription"/>) or, with <c>drawn</c>, pictures drawn on the spot.
    /// </param>
    /// <param name="baseFolder">What relative paths are relative to.</param>
    /// <param name="seed">Determines the order and all that is random.</param>
    /// <exception cref="RecipeException">The data is not understood, missing, or holds nothing to learn.</exception>
    public static ITrainingSource Open(JsonElement data, string baseFolder, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(baseFolder);
        return data.ValueKind switch
        {
            JsonValueKind.String => OpenPath(Path.Combine(baseFolder, data.GetString()!), seed),
            JsonValueKind.Object when data.TryGetProperty("sources", out _) =>
                SourceOpener.Open(MixtureFile.Parse(System.Text.Encoding.UTF8.GetBytes(data.GetRawText()), "The data of the recipe"), baseFolder, seed),
            JsonValueKind.Object when data.TryGetProperty("drawn", out _) => DrawnSource.Open(data, baseFolder, seed),
            JsonValueKind.Object => SourceOpener.Open(MixtureFile.ParseSource(data, "The data of the recipe"), baseFolder, seed),
            _ => throw new RecipeException($"The data of the recipe is {data.ValueKind}; a path, or an object that describes a source or a mixture, was expected."),
        };
    }

    private static ITrainingSource OpenPath(string path, ulong seed) =>
        path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && File.Exists(path)
            ? SourceOpener.Open(MixtureFile.Load(path), Path.GetDirectoryName(Path.GetFullPath(path))!, seed)
            : SourceOpener.Open(new SourceDescription { Path = path }, string.Empty, seed);
}
