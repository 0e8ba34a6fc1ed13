using System.Globalization;
using System.Text.Json;
using PaliSharp.Imaging;

namespace PaliSharp.Training;

/// <summary>
/// Examples from a file of JSON lines, <c>{"image": PATH or [PATHS] or nothing, "prefix": …, "suffix": …}</c>, shuffled anew for each pass.
/// Paths are relative to the file. Lines are read at once, pictures when their turn comes.
/// </summary>
public sealed class JsonLinesSource : ITrainingSource
{
    private const long MaximumBytes = 1L << 30;
    private readonly string _path;
    private readonly ulong _seed;
    private readonly List<Line> _lines = [];
    private readonly int[] _order;
    private long _epoch;
    private int _next;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="seed">Determines the order.</param>
    /// <exception cref="RecipeException">The file is missing, a line is malformed, or a suffix is empty.</exception>
    public JsonLinesSource(string path, ulong seed = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        (_path, _seed) = (path, seed);
        if (!File.Exists(path))
            throw new RecipeException($"The data '{path}' does not exist.");
        if (new FileInfo(path).Length > MaximumBytes)
            throw new RecipeException($"'{path}' is larger than {MaximumBytes} bytes. Divide it.");
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        int number = 0;
        foreach (string text in File.ReadLines(path))
        {
            number++;
            if (!string.IsNullOrWhiteSpace(text))
                _lines.Add(Parse(text, folder, $"{Path.GetFileName(path)} line {number}"));
        }

        if (_lines.Count == 0)
            throw new RecipeException($"'{path}' holds no example.");
        _order = new int[_lines.Count];
        Shuffle();
    }

    /// <inheritdoc/>
    public long? ExamplesPerEpoch => _lines.Count;

    /// <inheritdoc/>
    public TrainingExample Next()
    {
        if (_next == _order.Length)
        {
            _epoch++;
            _next = 0;
            Shuffle();
        }

        Line line = _lines[_order[_next++]];
        try
        {
            return new TrainingExample([.. line.Images.Select(path => Image.Load(path))], line.Prefix, line.Suffix) { Origin = line.Origin };
        }
        catch (Exception e) when (e is IOException or ImageFormatException)
        {
            throw new RecipeException($"A picture of {line.Origin} cannot be read: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public string SavePosition() => string.Create(CultureInfo.InvariantCulture, $"{_lines.Count}:{_epoch}:{_next}");

    /// <inheritdoc/>
    public void RestorePosition(string position)
    {
        ArgumentNullException.ThrowIfNull(position);
        string[] parts = position.Split(':');
        if (parts.Length != 3
            || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long epoch)
            || !int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out int next)
            || count != _lines.Count
            || next > count)
        {
            throw new RecipeException($"The position '{position}' does not belong to '{_path}', which holds {_lines.Count} examples. Resume with the same data.");
        }

        (_epoch, _next) = (epoch, next);
        Shuffle();
    }

    private static Line Parse(string text, string folder, string origin)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement root = document.RootElement;
            string suffix = root.GetProperty("suffix").GetString() ?? "";
            if (suffix.Length == 0)
                throw new RecipeException($"{origin} has an empty suffix: there is nothing to learn. Remove the line, or give it an answer.");
            string[] images = !root.TryGetProperty("image", out JsonElement image) || image.ValueKind == JsonValueKind.Null ? []
                : image.ValueKind == JsonValueKind.Array ? [.. image.EnumerateArray().Select(entry => entry.GetString()!)]
                : [image.GetString()!];
            return new Line([.. images.Select(path => Path.Combine(folder, path))], root.GetProperty("prefix").GetString() ?? "", suffix, origin);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException)
        {
            throw new RecipeException($"{origin} is no example: {e.Message} Expected: an object with \"image\", \"prefix\" and \"suffix\".", e);
        }
    }

    private void Shuffle()
    {
        for (int i = 0; i < _order.Length; i++)
            _order[i] = i;
        var random = new GaussianRandom(_seed + (0x9E3779B97F4A7C15 * (ulong)(_epoch + 1)));
        for (int i = _order.Length - 1; i > 0; i--)
        {
            int other = (int)(random.Uniform() * (i + 1));
            (_order[i], _order[other]) = (_order[other], _order[i]);
        }
    }

    private sealed record Line(string[] Images, string Prefix, string Suffix, string Origin);
}
