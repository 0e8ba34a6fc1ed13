using PaliSharp.Imaging;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;

namespace PaliSharp.Training.Data;

/// <summary>A thing in a picture.</summary>
/// <param name="Label">What it is; empty for none.</param>
/// <param name="Box">Where, in pixels, within the picture.</param>
/// <param name="Mask">Its pixels, in the size of the picture, not unpacked before it is needed; null if it is written as a box alone.</param>
internal sealed record PictureObject(string Label, BoundingBox Box, RunLengths? Mask);

/// <summary>The things in a picture, to be written as the text of a detection or segmentation.</summary>
/// <param name="Width">The picture's width in pixels.</param>
/// <param name="Height">The picture's height in pixels.</param>
/// <param name="Objects">The things in the order they are written in; at least one.</param>
/// <param name="Codec">Makes codes of masks; null without masks.</param>
internal sealed record PictureObjects(int Width, int Height, IReadOnlyList<PictureObject> Objects, MaskCodec? Codec)
{
    /// <summary>What happened to the picture; null for nothing.</summary>
    public PictureChange? Change { get; init; }

    /// <summary>Makes sure that the picture is the one that was annotated.</summary>
    /// <exception cref="BadItemException">It has another size.</exception>
    public void CheckSize(Image image, string origin)
    {
        if (image.Width != Width || image.Height != Height)
        {
            throw new BadItemException(
                BadItemKind.BrokenPicture,
                $"The picture of {origin} has {image.Width}x{image.Height} pixels, its annotation says {Width}x{Height}: boxes would not fit.");
        }
    }

    /// <summary>The text: <c>&lt;loc0100&gt;×4 [&lt;seg005&gt;×16] label ; …</c>, y before x, min before max.</summary>
    /// <exception cref="BadItemException">A box has no pixel to encode a mask in.</exception>
    public string ToText(string origin) => string.Join(" ; ", Objects.Select(item =>
    {
        BoundingBox box = Change?.Apply(item.Box) ?? item.Box;
        string tokens = item.Mask is null
            ? LocationGrid.ToTokens(box, Change?.Width ?? Width, Change?.Height ?? Height)
            : Encode(box, Change?.Apply(item.Mask.ToMask()) ?? item.Mask.ToMask(), origin);
        return item.Label.Length == 0 ? tokens : $"{tokens} {item.Label}";
    }));

    private string Encode(BoundingBox box, Mask mask, string origin)
    {
        try
        {
            return SegmentationTarget.Create(
                Codec!, mask, new RelativeBox(box.Y1 / mask.Height, box.X1 / mask.Width, box.Y2 / mask.Height, box.X2 / mask.Width)).ToString();
        }
        catch (ArgumentException e)
        {
            throw new BadItemException(BadItemKind.BoxOutside, $"A mask of {origin} cannot be encoded: {e.Message}", e);
        }
    }
}
