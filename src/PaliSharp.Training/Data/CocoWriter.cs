using System.Text.Json;
using PaliSharp.Exports;
using PaliSharp.Imaging;
using PaliSharp.Results;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;

namespace PaliSharp.Training.Data;

/// <summary>
/// Writes <c>captions.json</c> and <c>instances.json</c>: things become instances whatever the prompt, the answers of captioning prompts captions.
/// Everything else has no form there.
/// </summary>
internal sealed class CocoWriter(string folder, string output, MaskCodec? codec) : DatasetWriter(folder, output)
{
    private static readonly string[] CaptionTasks = ["caption", "cap", "describe"];
    private static readonly string[] ObjectTasks = ["detect ", "segment "];
    private CocoPart? _captions;
    private CocoPart? _instances;

    public override bool Write(ConvertedItem item)
    {
        if (item.Item.Images.Count != 1)
            return false;
        if (Things(item) is { } things)
        {
            _instances ??= new CocoPart(Create("instances.json"));
            int image = _instances.Image(Relative(item.Item.Images[0]), item.Sizes[0]);
            foreach (PictureObject thing in things)
                WriteThing(_instances, image, thing);
            return true;
        }

        if (!CaptionTasks.Contains(item.Item.Prefix.Split(' ')[0], StringComparer.Ordinal))
            return false;
        _captions ??= new CocoPart(Create("captions.json"));
        _captions.BeginAnnotation(_captions.Image(Relative(item.Item.Images[0]), item.Sizes[0])).WriteString("caption", item.Item.Suffix);
        _captions.EndAnnotation();
        return true;
    }

    public override void Dispose()
    {
        _captions?.Dispose();
        _instances?.Dispose();
        base.Dispose();
    }

    protected override void Finish()
    {
        _captions?.Finish();
        _instances?.Finish();
    }

    private IReadOnlyList<PictureObject>? Things(ConvertedItem item)
    {
        if (item.Item.Objects is { } objects)
            return objects.Objects;
        if (ObjectText.Parse(item.Item.Suffix) is not { } things)
            return null;
        (int width, int height) = (item.Sizes[0].UprightWidth, item.Sizes[0].UprightHeight);
        string phrase = ObjectTasks.Aggregate(item.Item.Prefix, (text, task) => text.StartsWith(task, StringComparison.Ordinal) ? text[task.Length..] : text);
        return [.. things.Select(thing => new PictureObject(
            thing.Label.Length > 0 ? thing.Label : phrase,
            LocationGrid.ToBox(thing.Bins[0], thing.Bins[1], thing.Bins[2], thing.Bins[3], width, height),
            Mask(thing, width, height, item.Item.Origin)))];
    }

    private RunLengths? Mask(TextObject thing, int width, int height, string origin)
    {
        if (thing.Codes.Length == 0)
            return null;
        if (codec is null)
            throw new RecipeException($"{origin} has the codes of a mask, which only a mask codec can turn into pixels: name one, such as the "
                + "vae-oid.npz of PaliGemma.");
        PixelBox box = LocationGrid.ToPixels(thing.Bins[0], thing.Bins[1], thing.Bins[2], thing.Bins[3], width, height);
        return RunLengths.FromMask(MaskPasting.Paste(codec.Decode(thing.Codes), box, width, height));
    }

    private static void WriteThing(CocoPart part, int image, PictureObject thing)
    {
        Utf8JsonWriter writer = part.BeginAnnotation(image);
        writer.WriteNumber("category_id", part.Category(thing.Label));
        writer.WriteStartArray("bbox");
        foreach (float value in (ReadOnlySpan<float>)[thing.Box.X1, thing.Box.Y1, thing.Box.Width, thing.Box.Height])
            writer.WriteNumberValue(value);
        writer.WriteEndArray();
        writer.WriteNumber("area", thing.Mask?.Area ?? thing.Box.Area);
        if (thing.Mask is { } mask)
        {
            CocoExport.WriteMask(writer, "segmentation", mask);
        }
        else
        {
            writer.WriteStartArray("segmentation");
            writer.WriteEndArray();
        }

        writer.WriteNumber("iscrowd", 0);
        part.EndAnnotation();
    }
}

/// <summary>One COCO file: annotations as they come; pictures and categories, whose numbers must be known at once, at the end.</summary>
internal sealed class CocoPart : IDisposable
{
    private readonly Utf8JsonWriter _writer;
    private readonly Dictionary<string, int> _imageNumbers = new(StringComparer.Ordinal);
    private readonly List<(string Name, int Width, int Height)> _images = [];
    private readonly Dictionary<string, int> _categories = new(StringComparer.Ordinal);
    private long _annotations;

    public CocoPart(Stream stream)
    {
        _writer = new Utf8JsonWriter(stream, ResultJson.WriterOptions);
        _writer.WriteStartObject();
        _writer.WriteStartArray("annotations");
    }

    /// <summary>The number of a picture.</summary>
    public int Image(string name, ImageInfo size)
    {
        if (_imageNumbers.TryGetValue(name, out int number))
            return number;
        _images.Add((name, size.UprightWidth, size.UprightHeight));
        _imageNumbers.Add(name, _images.Count);
        return _images.Count;
    }

    /// <summary>The number of a category.</summary>
    public int Category(string name)
    {
        if (!_categories.TryGetValue(name, out int number))
            _categories.Add(name, number = _categories.Count + 1);
        return number;
    }

    /// <summary>Begins an annotation; what it is about is written by the caller.</summary>
    public Utf8JsonWriter BeginAnnotation(int image)
    {
        _writer.WriteStartObject();
        _writer.WriteNumber("id", ++_annotations);
        _writer.WriteNumber("image_id", image);
        return _writer;
    }

    /// <summary>Ends an annotation.</summary>
    public void EndAnnotation()
    {
        _writer.WriteEndObject();
        _writer.Flush();
    }

    /// <summary>Writes pictures and categories.</summary>
    public void Finish()
    {
        _writer.WriteEndArray();
        _writer.WriteStartArray("images");
        foreach ((int index, (string name, int width, int height)) in _images.Index())
        {
            _writer.WriteStartObject();
            _writer.WriteNumber("id", index + 1);
            _writer.WriteString("file_name", name);
            _writer.WriteNumber("width", width);
            _writer.WriteNumber("height", height);
            _writer.WriteEndObject();
            _writer.Flush();
        }

        _writer.WriteEndArray();
        _writer.WriteStartArray("categories");
        foreach ((string name, int number) in _categories)
        {
            _writer.WriteStartObject();
            _writer.WriteNumber("id", number);
            _writer.WriteString("name", name);
            _writer.WriteEndObject();
        }

        _writer.WriteEndArray();
        _writer.WriteEndObject();
        _writer.Flush();
    }

    public void Dispose() => DatasetWriter.Close(_writer);
}
