using System.Text.Json;
using PaliSharp.Evaluation;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;

namespace PaliSharp.Training.Data;

/// <summary>The pictures of a COCO file of captions; at each visit one of the captions of a picture, all before any comes again.</summary>
internal sealed class CocoCaptionSet : ExampleSet
{
    private readonly CocoFile _file;

    /// <summary>Finds pictures and captions.</summary>
    /// <exception cref="RecipeException">The file cannot be read, is no such file, or has no caption.</exception>
    public CocoCaptionSet(string path, PicturePaths pictures)
    {
        _file = new CocoFile(path, pictures, OpeningReport);
        SuffixCheck.Require(path, Count, index => Read(index, default).Suffix);
    }

    public override int Count => _file.PictureCount;

    public override string Fingerprint => $"coco-captions-{_file.Fingerprint}";

    public override DataItem Read(int index, ItemDraw draw) => Item(index, draw.Choose(_file.AnnotationCount(index)));

    public override IEnumerable<DataItem> ReadAll(int index) => Enumerable.Range(0, _file.AnnotationCount(index)).Select(number => Item(index, number));

    private DataItem Item(int index, int number) => new(
        [_file.ReadPicture(index).Path],
        string.Empty,
        _file.ReadAnnotation(index, number, annotation => annotation.GetProperty("caption").GetString()?.Trim() ?? string.Empty),
        $"{_file.Origin(index)} caption {number + 1}");
}

/// <summary>The pictures of a COCO file of boxes or masks, each with all its things; crowds are left out.</summary>
internal sealed class CocoObjectSet : ExampleSet
{
    private const int MaximumObjects = 1024;
    private const ulong OrderPurpose = 4;

    // Published boxes end up to a fraction of a pixel behind the picture; those are cut.
    private const double Slack = 1;

    // Following an outline takes time by its length; those of whole pictures have some thousand pixels.
    private const double MaximumOutline = 1e7;

    private readonly CocoFile _file;
    private readonly ObjectOrder _order;
    private readonly bool _hasMasks;
    private readonly MaskCodec? _codec;
    private readonly Dictionary<long, string> _categories;

    /// <summary>Finds pictures and annotations.</summary>
    /// <param name="path">The file.</param>
    /// <param name="pictures">Finds the files of pictures.</param>
    /// <param name="order">The order of the things in a text.</param>
    /// <param name="hasMasks">Whether masks are read.</param>
    /// <param name="codec">Makes codes of masks; null if they are not written as text.</param>
    /// <exception cref="RecipeException">The file cannot be read, is no such file, or has nothing to learn.</exception>
    public CocoObjectSet(string path, PicturePaths pictures, ObjectOrder order, bool hasMasks, MaskCodec? codec)
    {
        (_order, _hasMasks, _codec) = (order, hasMasks, codec);
        _file = new CocoFile(path, pictures, OpeningReport);
        _categories = _file.ReadCategories();
        SuffixCheck.Require(path, Count, index => Read(index, default).Objects!.Objects[0].Label);
    }

    public override int Count => _file.PictureCount;

    public override string Fingerprint => $"coco-{(_hasMasks ? "instances" : "detection")}-{_file.Fingerprint}";

    public override DataItem Read(int index, ItemDraw draw)
    {
        PictureObjects objects = ReadObjects(index, out string path);
        PictureObject[] things = [.. objects.Objects];
        if (_order == ObjectOrder.Random)
            Shuffling.Shuffle<PictureObject>(things, draw.Random(OrderPurpose));
        else if (_order == ObjectOrder.Raster)
            things = [.. things.OrderBy(thing => thing.Box.Y1).ThenBy(thing => thing.Box.X1)];
        string labels = string.Join(" ; ", things.Select(thing => thing.Label).Distinct(StringComparer.Ordinal));
        return new DataItem([path], labels, string.Empty, _file.Origin(index), objects with { Objects = things });
    }

    /// <summary>Reads the things of a picture in the order of the file.</summary>
    /// <exception cref="BadItemException">They cannot be used.</exception>
    public PictureObjects ReadObjects(int index, out string path)
    {
        CocoPicture picture = ReadPicture(index);
        string origin = _file.Origin(index);
        if (_file.AnnotationCount(index) > MaximumObjects)
            throw new BadItemException(BadItemKind.TextTooLong, $"{origin} has {_file.AnnotationCount(index)} things; at most {MaximumObjects} are read.");
        var things = new List<PictureObject>();
        for (int i = 0; i < _file.AnnotationCount(index); i++)
        {
            if (_file.ReadAnnotation(index, i, annotation => ReadThing(annotation, picture, origin)) is { } thing)
                things.Add(thing);
        }

        path = picture.Path;
        return things.Count > 0
            ? new PictureObjects(picture.Width, picture.Height, things, _codec)
            : throw new BadItemException(BadItemKind.EmptySuffix, $"{origin} has nothing but crowds.");
    }

    /// <summary>The number of annotations of a picture, crowds included.</summary>
    public int AnnotationCount(int index) => _file.AnnotationCount(index);

    /// <summary>Reads one thing of a picture; null for a crowd.</summary>
    /// <exception cref="BadItemException">It cannot be used.</exception>
    public PictureObject? ReadObject(int index, int number)
    {
        CocoPicture picture = ReadPicture(index);
        return _file.ReadAnnotation(index, number, annotation => ReadThing(annotation, picture, _file.Origin(index)));
    }

    private CocoPicture ReadPicture(int index)
    {
        CocoPicture picture = _file.ReadPicture(index);
        return picture is { Width: >= 1, Height: >= 1 }
            ? picture
            : throw new BadItemException(BadItemKind.Malformed, $"{_file.Origin(index)} has no size: boxes cannot be brought to its scale.");
    }

    private PictureObject? ReadThing(JsonElement annotation, CocoPicture picture, string origin)
    {
        if (annotation.TryGetProperty("iscrowd", out JsonElement crowd) && crowd.ValueKind == JsonValueKind.Number && crowd.GetDouble() != 0)
            return null;
        long category = annotation.GetProperty("category_id").GetInt64();
        if (!_categories.TryGetValue(category, out string? label))
            throw new BadItemException(BadItemKind.Malformed, $"{origin} has a thing of the category {category}, which the file does not name.");
        double[] box = [.. annotation.GetProperty("bbox").EnumerateArray().Select(value => value.GetDouble())];
        RunLengths? mask = _hasMasks ? ReadMask(annotation.GetProperty("segmentation"), picture, origin) : null;
        return new PictureObject(label, CheckedBox(box, picture, origin), mask);
    }

    private static BoundingBox CheckedBox(double[] box, CocoPicture picture, string origin)
    {
        if (box.Length != 4)
            throw new FormatException($"bbox has {box.Length} numbers; x, y, width and height were expected");
        (double left, double top, double right, double bottom) = (box[0], box[1], box[0] + box[2], box[1] + box[3]);
        bool isInside = left >= -Slack && top >= -Slack && right <= picture.Width + Slack && bottom <= picture.Height + Slack;
        var cut = new BoundingBox(
            (float)Math.Clamp(left, 0, picture.Width), (float)Math.Clamp(top, 0, picture.Height),
            (float)Math.Clamp(right, 0, picture.Width), (float)Math.Clamp(bottom, 0, picture.Height));
        return isInside && cut.X2 > cut.X1 && cut.Y2 > cut.Y1 ? cut : throw new BadItemException(
            BadItemKind.BoxOutside,
            $"{origin} has a box at {box[0]}, {box[1]} of {box[2]}x{box[3]} pixels, which has no area or leaves the picture of "
                + $"{picture.Width}x{picture.Height}.");
    }

    private static RunLengths ReadMask(JsonElement segmentation, CocoPicture picture, string origin)
    {
        try
        {
            RunLengths mask = segmentation.ValueKind == JsonValueKind.Object ? Runs(segmentation) : Polygons(segmentation, picture);
            return mask.Width == picture.Width && mask.Height == picture.Height && mask.Area > 0
                ? mask
                : throw new BadItemException(
                    BadItemKind.BoxOutside, $"{origin} has a mask of {mask.Width}x{mask.Height} with {mask.Area} pixels inside; the picture has "
                        + $"{picture.Width}x{picture.Height}.");
        }
        catch (Exception e) when (e is ImageFormatException or ResourceLimitException or ArgumentException)
        {
            throw new BadItemException(BadItemKind.BoxOutside, $"A mask of {origin} cannot be read: {e.Message}", e);
        }
    }

    private static RunLengths Runs(JsonElement segmentation)
    {
        int[] size = [.. segmentation.GetProperty("size").EnumerateArray().Select(side => side.GetInt32())];
        if (size.Length != 2)
            throw new FormatException($"a mask's size has {size.Length} numbers; height and width were expected");
        JsonElement counts = segmentation.GetProperty("counts");
        return counts.ValueKind == JsonValueKind.String
            ? RunLengths.Parse(size[1], size[0], counts.GetString()!)
            : RunLengths.FromCounts(size[1], size[0], counts.EnumerateArray().Select(count => count.GetInt32()));
    }

    private static RunLengths Polygons(JsonElement segmentation, CocoPicture picture)
    {
        double[][] polygons = [.. segmentation.EnumerateArray().Select(polygon => polygon.EnumerateArray().Select(value => value.GetDouble()).ToArray())];
        if (polygons.Length == 0)
            throw new FormatException("a mask has no polygon");
        double length = polygons.Sum(Length);
        if (!(length <= MaximumOutline))
            throw new ImageFormatException($"its outline is {length} pixels long; at most {MaximumOutline} are followed.");
        return RunLengthMath.Merge([.. polygons.Select(polygon => RunLengthMath.FromPolygon(polygon, picture.Width, picture.Height))], intersect: false);
    }

    private static double Length(double[] polygon)
    {
        double length = 0;
        for (int i = 0; i + 3 < polygon.Length; i += 2)
            length += 1 + Math.Max(Math.Abs(polygon[i + 2] - polygon[i]), Math.Abs(polygon[i + 3] - polygon[i + 1]));

        // The way back to the first corner is at most as long.
        return 2 * length;
    }
}
