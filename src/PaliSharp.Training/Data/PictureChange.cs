using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using PaliSharp.Imaging;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;

namespace PaliSharp.Training.Data;

/// <summary>A part of a picture is cut out, then mirrored or not; boxes, masks and location tokens follow.</summary>
/// <param name="SourceWidth">The picture's width before.</param>
/// <param name="SourceHeight">The picture's height before.</param>
/// <param name="Part">The pixels that stay.</param>
/// <param name="IsFlipped">Whether left and right change places.</param>
internal sealed partial record PictureChange(int SourceWidth, int SourceHeight, PixelBox Part, bool IsFlipped)
{
    /// <summary>The width after.</summary>
    public int Width => Part.Width;

    /// <summary>The height after.</summary>
    public int Height => Part.Height;

    /// <summary>Whether a text's location tokens come in boxes of four, so that they can be changed.</summary>
    public static bool CanApply(string text) => Locations().Matches(text).All(match => match.Length % BoxLength == 0);

    /// <summary>The box around all boxes of a text, in pixels of a picture; null without boxes.</summary>
    public static BoundingBox? Bounds(string text, int width, int height)
    {
        BoundingBox? bounds = null;
        foreach (Match match in Locations().Matches(text))
        {
            for (int at = 0; at < match.Length; at += BoxLength)
                bounds = Union(bounds, Box(match.ValueSpan.Slice(at, BoxLength), width, height));
        }

        return bounds;
    }

    /// <summary>The smallest box around two.</summary>
    public static BoundingBox Union(BoundingBox? first, BoundingBox second) => first is not { } other ? second : new BoundingBox(
        Math.Min(other.X1, second.X1), Math.Min(other.Y1, second.Y1), Math.Max(other.X2, second.X2), Math.Max(other.Y2, second.Y2));

    /// <summary>Changes the picture.</summary>
    public Image Apply(Image image)
    {
        int channels = image.Channels;
        byte[] pixels = new byte[Width * Height * channels];
        for (int y = 0; y < Height; y++)
        {
            ReadOnlySpan<byte> from = image.Row(Part.Y1 + y).Slice(Part.X1 * channels, Width * channels);
            Span<byte> to = pixels.AsSpan(y * Width * channels, Width * channels);
            if (!IsFlipped)
            {
                from.CopyTo(to);
                continue;
            }

            for (int x = 0; x < Width; x++)
                from.Slice(x * channels, channels).CopyTo(to[((Width - 1 - x) * channels)..]);
        }

        return Image.FromPixels(Width, Height, channels, pixels);
    }

    /// <summary>Changes a mask.</summary>
    public Mask Apply(Mask mask)
    {
        var pixels = new bool[Width * Height];
        for (int y = 0; y < Height; y++)
        {
            for (int x = 0; x < Width; x++)
                pixels[(y * Width) + (IsFlipped ? Width - 1 - x : x)] = mask[Part.X1 + x, Part.Y1 + y];
        }

        return Mask.FromPixels(Width, Height, pixels);
    }

    /// <summary>Changes a box in pixels; what leaves the part is cut off.</summary>
    public BoundingBox Apply(BoundingBox box)
    {
        float left = Math.Clamp(box.X1 - Part.X1, 0, Width);
        float right = Math.Clamp(box.X2 - Part.X1, 0, Width);
        float top = Math.Clamp(box.Y1 - Part.Y1, 0, Height);
        float bottom = Math.Clamp(box.Y2 - Part.Y1, 0, Height);
        return IsFlipped ? new BoundingBox(Width - right, top, Width - left, bottom) : new BoundingBox(left, top, right, bottom);
    }

    /// <summary>Changes the location tokens of a text. Without a cut this is exact: bin b becomes 1023 − b.</summary>
    public string Apply(string text) => Locations().Replace(text, match =>
    {
        var changed = new StringBuilder();
        for (int at = 0; at < match.Length; at += BoxLength)
            changed.Append(ApplyToBox(match.ValueSpan.Slice(at, BoxLength)));
        return changed.ToString();
    });

    private const int TokenLength = 9; // <loc0000>
    private const int BoxLength = 4 * TokenLength;
    private const int LastBin = LocationGrid.Bins - 1;

    private string ApplyToBox(ReadOnlySpan<char> tokens)
    {
        if (Part == new PixelBox(0, 0, SourceWidth, SourceHeight))
        {
            (int top, int left, int bottom, int right) = (Bin(tokens, 0), Bin(tokens, 1), Bin(tokens, 2), Bin(tokens, 3));
            return IsFlipped ? $"{Token(top)}{Token(LastBin - right)}{Token(bottom)}{Token(LastBin - left)}" : tokens.ToString();
        }

        return LocationGrid.ToTokens(Apply(Box(tokens, SourceWidth, SourceHeight)), Width, Height);
    }

    private static BoundingBox Box(ReadOnlySpan<char> tokens, int width, int height) =>
        LocationGrid.ToBox(Bin(tokens, 0), Bin(tokens, 1), Bin(tokens, 2), Bin(tokens, 3), width, height);

    // Four digits may say more than there are bins: such a text is wrong before and after.
    private static int Bin(ReadOnlySpan<char> tokens, int number) =>
        Math.Min(int.Parse(tokens.Slice((number * TokenLength) + "<loc".Length, 4), NumberStyles.None, CultureInfo.InvariantCulture), LastBin);

    private static string Token(int bin) => $"<loc{bin:D4}>";

    [GeneratedRegex("(?:<loc[0-9]{4}>)+", RegexOptions.CultureInvariant)]
    private static partial Regex Locations();
}
