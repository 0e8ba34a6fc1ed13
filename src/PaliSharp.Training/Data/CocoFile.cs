using System.Text.Json;

namespace PaliSharp.Training.Data;

/// <summary>A picture of a COCO file.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Width">The width that was annotated, in pixels; 0 if the file does not say.</param>
/// <param name="Height">The height.</param>
internal readonly record struct CocoPicture(string Path, int Width, int Height);

/// <summary>A COCO file: its pictures, each with its annotations.</summary>
internal sealed class CocoFile
{
    private const int MaximumCategories = 1 << 20;

    // What the picture decoders refuse anyway: a larger mask would take memory for nothing.
    private const long MaximumPixels = 80_000_000;

    private readonly JsonArrayIndex _index;
    private readonly PicturePaths _pictures;
    private readonly int[] _images;
    private readonly int[] _firsts;
    private readonly int[] _annotations;

    /// <summary>Finds pictures and annotations.</summary>
    /// <param name="path">The file.</param>
    /// <param name="pictures">Finds the files of pictures.</param>
    /// <param name="report">Receives pictures without annotation, and annotations of no picture.</param>
    /// <exception cref="RecipeException">It cannot be read, or is no such file.</exception>
    public CocoFile(string path, PicturePaths pictures, DataReport report)
    {
        _pictures = pictures;
        _index = new JsonArrayIndex(path, ("images", "id"), ("annotations", "image_id"), ("categories", "id"));
        JsonArrayEntries images = _index["images"];
        JsonArrayEntries annotations = _index["annotations"];
        if (images.Count == 0 || annotations.Count == 0)
            throw new RecipeException($"'{path}' has {images.Count} images and {annotations.Count} annotations with a number; a COCO file has "
                + "arrays \"images\" and \"annotations\".");
        Count(report, images.WithoutKey, "image");
        Count(report, annotations.WithoutKey, "annotation");
        Dictionary<long, int> numbers = Numbers(images, report);
        (int[] owners, int[] counts) = Owners(annotations, numbers, images.Count, report);
        _images = [.. Enumerable.Range(0, images.Count).Where(image => counts[image] > 0)];
        for (int image = 0; image < counts.Length; image++)
        {
            if (counts[image] == 0)
                report.Add(BadItemKind.EmptySuffix, $"{Name} image {images.Key(image)} has no annotation.");
        }

        // The annotations sorted by picture, in the order of the file within each.
        _firsts = new int[_images.Length + 1];
        for (int i = 0; i < _images.Length; i++)
            _firsts[i + 1] = _firsts[i] + counts[_images[i]];
        int[] places = new int[counts.Length];
        for (int i = 0; i < _images.Length; i++)
            places[_images[i]] = _firsts[i];
        _annotations = new int[_firsts[^1]];
        for (int i = 0; i < owners.Length; i++)
        {
            if (owners[i] >= 0)
                _annotations[places[owners[i]]++] = i;
        }
    }

    /// <summary>The number of pictures that have annotations.</summary>
    public int PictureCount => _images.Length;

    /// <summary>Tells this file from others.</summary>
    public string Fingerprint => $"{_images.Length}-{_annotations.Length}-{_index.Length}";

    /// <summary>The file's name.</summary>
    public string Name => Path.GetFileName(_index.Path);

    /// <summary>What a picture is called in messages.</summary>
    public string Origin(int picture) => $"{Name} image {_index["images"].Key(_images[picture])}";

    /// <summary>The number of annotations of a picture, at least 1.</summary>
    public int AnnotationCount(int picture) => _firsts[picture + 1] - _firsts[picture];

    /// <summary>Reads a picture.</summary>
    /// <exception cref="BadItemException">It has no name, or a size that cannot be.</exception>
    public CocoPicture ReadPicture(int picture) => _index.Read("images", _images[picture], image =>
    {
        int width = image.TryGetProperty("width", out JsonElement w) ? w.GetInt32() : 0;
        int height = image.TryGetProperty("height", out JsonElement h) ? h.GetInt32() : 0;
        string name = image.GetProperty("file_name").GetString() ?? throw new FormatException("file_name is null");
        return width >= 0 && height >= 0 && (long)width * height <= MaximumPixels
            ? new CocoPicture(_pictures.Resolve(name), width, height)
            : throw new FormatException($"its size is {width}x{height}");
    });

    /// <summary>Reads an annotation of a picture.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="number">Which of its annotations, from 0.</param>
    /// <param name="read">Takes what is needed.</param>
    /// <exception cref="BadItemException">It is not of the expected form.</exception>
    public T ReadAnnotation<T>(int picture, int number, Func<JsonElement, T> read) =>
        _index.Read("annotations", _annotations[_firsts[picture] + number], read);

    /// <summary>Reads the names of the categories.</summary>
    /// <exception cref="RecipeException">One cannot be part of a prompt.</exception>
    public Dictionary<long, string> ReadCategories()
    {
        JsonArrayEntries entries = _index["categories"];
        if (entries.Count is 0 or > MaximumCategories)
            throw new RecipeException($"'{_index.Path}' has {entries.Count} categories; 1 to {MaximumCategories} were expected. Captions have "
                + "none: their kind is \"coco-captions\".");
        var names = new Dictionary<long, string>();
        for (int i = 0; i < entries.Count; i++)
        {
            string name = ReadCategory(i);
            if (name.Length == 0 || name.AsSpan().IndexOfAny(";<>\n") >= 0)
                throw new RecipeException($"'{_index.Path}': the category {entries.Key(i)} is called '{name}'; a name without ';', '<', '>' and "
                    + "line ends was expected, which separate things in a text.");
            names[entries.Key(i)] = name;
        }

        return names;
    }

    private string ReadCategory(int index)
    {
        try
        {
            return _index.Read("categories", index, category => category.GetProperty("name").GetString() ?? string.Empty).Trim();
        }
        catch (BadItemException e)
        {
            throw new RecipeException($"'{_index.Path}': {e.Message}", e);
        }
    }

    private Dictionary<long, int> Numbers(JsonArrayEntries images, DataReport report)
    {
        var numbers = new Dictionary<long, int>(images.Count);
        for (int i = 0; i < images.Count; i++)
        {
            if (!numbers.TryAdd(images.Key(i), i))
                report.Add(BadItemKind.Malformed, $"{Name} has the image {images.Key(i)} twice.");
        }

        return numbers;
    }

    private (int[] Owners, int[] Counts) Owners(JsonArrayEntries annotations, Dictionary<long, int> numbers, int pictures, DataReport report)
    {
        int[] owners = new int[annotations.Count];
        int[] counts = new int[pictures];
        for (int i = 0; i < owners.Length; i++)
        {
            owners[i] = numbers.GetValueOrDefault(annotations.Key(i), -1);
            if (owners[i] >= 0)
                counts[owners[i]]++;
            else
                report.Add(BadItemKind.Malformed, $"{Name} has an annotation of the image {annotations.Key(i)}, which is not among its images.");
        }

        return (owners, counts);
    }

    private void Count(DataReport report, int count, string what)
    {
        for (int i = 0; i < count; i++)
            report.Add(BadItemKind.Malformed, $"{Name} has an {what} without a whole number to know it by.");
    }
}
