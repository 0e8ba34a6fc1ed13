using System.Text.RegularExpressions;
using PaliSharp.Imaging;
using PaliSharp.Imaging.Resampling;
using PaliSharp.Tasks;

namespace PaliSharp.Training.Data;

/// <summary>An item after augmentation.</summary>
internal sealed record AugmentedItem(IReadOnlyList<Image> Images, string Prefix, string Suffix, PictureObjects? Objects);

/// <summary>Changes pictures, and what the texts say of places in them.</summary>
/// <param name="options">What is done.</param>
internal sealed partial class Augmentation(AugmentationOptions options)
{
    private const ulong GeometryPurpose = 2;
    private const ulong PixelPurpose = 3;

    /// <summary>Changes an item.</summary>
    /// <param name="item">Its texts.</param>
    /// <param name="images">Its pictures.</param>
    /// <param name="draw">What is random.</param>
    /// <exception cref="BadItemException">A picture is too large to be written as JPEG.</exception>
    public AugmentedItem Apply(DataItem item, IReadOnlyList<Image> images, ItemDraw draw)
    {
        var result = new AugmentedItem(images, item.Prefix, item.Suffix, item.Objects);
        GaussianRandom geometry = draw.Random(GeometryPurpose);

        // With several pictures "the first" or "left" means one of them, and a box would not say in which it lies. The codes of a mask in a text
        // cannot be changed without the codec and a loss.
        if (images.Count == 1 && !HasCodes(item) && PictureChange.CanApply(item.Prefix) && PictureChange.CanApply(item.Suffix))
            result = Change(result, geometry);
        GaussianRandom pixels = draw.Random(PixelPurpose);
        return result with { Images = [.. result.Images.Select(image => Resize(Recompress(image, item.Origin, pixels), pixels))] };
    }

    private AugmentedItem Change(AugmentedItem item, GaussianRandom random)
    {
        // Each number is drawn whether it is used or not, so that one option does not change the course of another.
        bool isFlipped = random.Uniform() < options.Flip && !SpeaksOfSides(item);
        bool isCut = random.Uniform() < (options.Crop?.Probability ?? 0);
        Image image = item.Images[0];
        PixelBox part = isCut ? Part(image, Bounds(item, image), random) : new PixelBox(0, 0, image.Width, image.Height);
        if (!isFlipped && part == new PixelBox(0, 0, image.Width, image.Height))
            return item;
        var change = new PictureChange(image.Width, image.Height, part, isFlipped);
        PictureObjects? objects = item.Objects is null ? null : item.Objects with { Change = change };
        return new AugmentedItem([change.Apply(image)], change.Apply(item.Prefix), change.Apply(item.Suffix), objects);
    }

    private PixelBox Part(Image image, BoundingBox? bounds, GaussianRandom random)
    {
        double area = options.Crop!.MinimumArea + ((1 - options.Crop.MinimumArea) * random.Uniform());
        double aspect = Math.Pow(options.Crop.MaximumAspect, (2 * random.Uniform()) - 1);
        int width = Math.Clamp((int)Math.Round(image.Width * Math.Sqrt(area * aspect)), 1, image.Width);
        int height = Math.Clamp((int)Math.Round(image.Height * Math.Sqrt(area / aspect)), 1, image.Height);
        int left = (int)(random.Uniform() * (image.Width - width + 1));
        int top = (int)(random.Uniform() * (image.Height - height + 1));
        var part = new PixelBox(left, top, left + width, top + height);

        // What is named must be seen: the part grows until it holds every box.
        return bounds is not { } box ? part : new PixelBox(
            Math.Min(part.X1, Math.Max(0, (int)MathF.Floor(box.X1))),
            Math.Min(part.Y1, Math.Max(0, (int)MathF.Floor(box.Y1))),
            Math.Max(part.X2, Math.Min(image.Width, (int)MathF.Ceiling(box.X2))),
            Math.Max(part.Y2, Math.Min(image.Height, (int)MathF.Ceiling(box.Y2))));
    }

    private static BoundingBox? Bounds(AugmentedItem item, Image image)
    {
        BoundingBox? bounds = null;
        foreach (PictureObject thing in item.Objects?.Objects ?? [])
            bounds = PictureChange.Union(bounds, thing.Box);
        foreach (string text in (ReadOnlySpan<string>)[item.Prefix, item.Suffix])
        {
            if (PictureChange.Bounds(text, image.Width, image.Height) is { } box)
                bounds = PictureChange.Union(bounds, box);
        }

        return bounds;
    }

    private Image Recompress(Image image, string origin, GaussianRandom random)
    {
        double chance = random.Uniform();
        double quality = random.Uniform();
        if (options.Jpeg is not { } jpeg || chance >= jpeg.Probability)
            return image;
        using var stream = new MemoryStream();
        try
        {
            image.SaveJpeg(stream, new JpegOptions { Quality = jpeg.MinimumQuality + (int)(quality * (jpeg.MaximumQuality - jpeg.MinimumQuality + 1)) });
        }
        catch (ResourceLimitException e)
        {
            throw new BadItemException(BadItemKind.BrokenPicture, $"The picture of {origin} cannot be written as JPEG: {e.Message}", e);
        }

        return Image.Decode(stream.GetBuffer().AsMemory(0, (int)stream.Length));
    }

    private Image Resize(Image image, GaussianRandom random)
    {
        double method = random.Uniform();
        double antialias = random.Uniform();
        return options.Resize is not { } resize ? image : TensorFlowPreprocessor.Resize(
            image, resize.Size, resize.Size, resize.Antialias ?? antialias < 0.5, resize.Methods[(int)(method * resize.Methods.Count)]);
    }

    private static bool HasCodes(DataItem item) => Codes().IsMatch(item.Prefix) || Codes().IsMatch(item.Suffix);

    private static bool SpeaksOfSides(AugmentedItem item) =>
        item.Prefix.StartsWith("ocr", StringComparison.Ordinal) || Sides().IsMatch(item.Prefix) || Sides().IsMatch(item.Suffix)
        || (item.Objects?.Objects.Any(thing => Sides().IsMatch(thing.Label)) ?? false);

    [GeneratedRegex("<seg[0-9]{3}>", RegexOptions.CultureInvariant)]
    private static partial Regex Codes();

    // English, the language of the answers. Mirrored writing is no writing, but no word tells that a question is about it: leave flip off there.
    [GeneratedRegex(@"\b(?:(?:left|right)(?:most|hand|wards?)?|(?:counter|anti)?clockwise)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Sides();
}
