namespace PaliSharp.Exports;

/// <summary>Names for the files of pictures: safe on every system, each once.</summary>
internal sealed class FileNames
{
    private const int MaximumLength = 120;
    private const string Forbidden = "<>:\"/\\|?*";

    private static readonly string[] Reserved =
        ["CON", "PRN", "AUX", "NUL", .. Enumerable.Range(1, 9).SelectMany(i => (string[])[$"COM{i}", $"LPT{i}"])];

    private readonly HashSet<string> _used = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The name of a picture's file without extension: that of the picture, with a number where it was used before.</summary>
    /// <param name="image">The picture's path or name.</param>
    public string For(string image)
    {
        string stem = Safe(image);
        string name = stem;
        for (int number = 2; !_used.Add(name); number++)
            name = $"{stem}-{number}";
        return name;
    }

    /// <summary>A picture's name without folder and extension, as every system can hold it.</summary>
    public static string Safe(string image)
    {
        // Both separators, wherever the name was made.
        string file = image[(image.LastIndexOfAny(['/', '\\']) + 1)..];
        string stem = Path.GetFileNameWithoutExtension(file);
        string safe = string.Concat(stem.Select(c => char.IsControl(c) || char.IsSurrogate(c) || Forbidden.Contains(c, StringComparison.Ordinal) ? '_' : c)).Trim(' ', '.');
        if (safe.Length > MaximumLength)
            safe = safe[..MaximumLength];
        bool isReserved = Reserved.Contains(safe.Split('.')[0].TrimEnd(), StringComparer.OrdinalIgnoreCase);
        return safe.Length == 0 ? "picture" : isReserved ? $"_{safe}" : safe;
    }
}
