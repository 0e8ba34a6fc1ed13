using System.Text.Json;

namespace PaliSharp.Training;

/// <summary>Opens the source of examples that the data of a recipe names.</summary>
public static class TrainingSources
{
    /// <summary>Opens a source.</summary>
    /// <param name="data">A text: the path of a file of JSON lines. An object with <c>drawn</c>: pictures drawn on the spot.</param>
    /// <param name="baseFolder">What relative paths are relative to.</param>
    /// <param name="seed">Determines the order.</param>
    /// <exception cref="RecipeException">The data is not understood, missing or not usable.</exception>
    public static ITrainingSource Open(JsonElement data, string baseFolder, ulong seed) => data.ValueKind switch
    {
        JsonValueKind.String => new JsonLinesSource(Path.Combine(baseFolder, data.GetString()!), seed),
        JsonValueKind.Object when data.TryGetProperty("drawn", out _) => DrawnSource.Open(data, baseFolder, seed),
        _ => throw new RecipeException($"The data of the recipe is {data.ValueKind}; the path of a file of JSON lines, or an object with \"drawn\", was expected."),
    };
}
