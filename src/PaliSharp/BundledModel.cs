namespace PaliSharp;

/// <summary>The demonstration model that travels with PaliSharp, so that everything runs without a download.</summary>
public static class BundledModel
{
    /// <summary>What to tell a person who did not choose a model.</summary>
    public const string Notice =
        "This is the demonstration model: it knows drawn scenes of coloured shapes and short words only. "
        + "For a real one: palisharp pull google/paligemma2-3b-mix-448, then --model google/paligemma2-3b-mix-448";

    /// <summary>Its folder: <c>models/nano</c> beside the program, or above it in a checkout.</summary>
    /// <returns>The folder, or null if it is not there.</returns>
    public static string? Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "models", "nano");
            if (File.Exists(Path.Combine(candidate, "config.json")))
                return candidate;
        }

        return null;
    }
}
