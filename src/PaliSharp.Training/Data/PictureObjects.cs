using PaliSharp.Imaging;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;

namespace PaliSharp.Training.Data;

/// <summary>A thing in a picture.</summary>
/// <param name="Label">What it is; empty for none.</param>
/// <param name="Box">Where, in pixels, within the picture.</param>
/// <param name="Mask">Its pixels, in the size of the picture; null if it is written as a box alone.</param>
internal sealed record PictureObject(string Label, BoundingBox Box, Mask? Mask);

/// <summary>The things in a picture, to be written as the text of a detection or segmentation.</summary>
/// <param name="Width">The picture's width in pixels.</param>
/// <param name="Height">The picture's height in pixels.</param>
/// <param name="Objects">The things in the order they are written in; at least one.</param>
/// <param name="Codec">Makes codes of masks; null without masks.</param>
internal sealed record PictureObjects(int Width, int Height, IReadOnlyList<PictureObject> Objects, MaskCodec? Codec)
{
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
        string tokens = item.Mask is null ? LocationGrid.ToTokens(item.Box, Width, Height) : Encode(item, item.Mask, origin);
        return item.Label.Length == 0 ? tokens : $"{tokens} {item.Label}";
    }));

    /// <summary>The same after the picture was changed.</summary>
    public PictureObjects Changed(PictureChange change) => this with
    {
        Width = change.Width,
        Height = change.Height,
        Objects = [.. Objects.Select(item => item with { Box = change.Apply(item.Box), Mask = item.Mask is null ? null : change.Apply(item.Mask) })],
    };

    private string Encode(PictureObject item, Mask mask, string origin)
    {
        BoundingBox box = item.Box;
        try
        {
            return SegmentationTarget.Create(Codec!, mask, new RelativeBox(box.Y1 / Height, box.X1 / Width, box.Y2 / Height, box.X2 / Width)).ToString();
        }
        catch (ArgumentException e)
        {
            throw new BadItemException(BadItemKind.BoxOutside, $"A mask of {origin} cannot be encoded: {e.Message}", e);
        }
    }
}
