using PaliSharp.Imaging.Resampling;
using PaliSharp.Tasks;

namespace PaliSharp.Segmentation;

/// <summary>Stretches decoded masks over their boxes.</summary>
public static class MaskPasting
{
    /// <summary>
    /// The pixels of a picture that an object covers, as Google's evaluator finds them: the decoded values scaled to the box (triangle filter,
    /// antialiased where they shrink), inside where they are above 0.
    /// </summary>
    /// <param name="decoded">64 rows of 64 values, as <see cref="MaskCodec.Decode(ReadOnlySpan{int})"/> gives them.</param>
    /// <param name="box">Where the object is; a box without pixels gives an empty mask.</param>
    /// <param name="width">The picture's width in pixels.</param>
    /// <param name="height">The picture's height in pixels.</param>
    /// <exception cref="ArgumentException">There are not 64·64 values, or the box leaves the picture.</exception>
    /// <exception cref="ResourceLimitException">The picture is larger than a mask may be.</exception>
    public static Mask Paste(ReadOnlySpan<float> decoded, PixelBox box, int width, int height)
    {
        var builder = new Mask.Builder(width, height);
        Check(decoded, box, width, height);
        if (box.IsEmpty)
            return builder.Build();
        float[] scaled = new float[box.Width * box.Height];
        Resampler.Resize(decoded, MaskCodec.Side, MaskCodec.Side, scaled, box.Width, box.Height, ResampleFilter.Bilinear, WholeMask);
        for (int y = 0; y < box.Height; y++)
        {
            for (int x = 0; x < box.Width; x++)
            {
                if (scaled[(y * box.Width) + x] > 0)
                    builder.Set(((box.Y1 + y) * width) + box.X1 + x);
            }
        }

        return builder.Build();
    }

    /// <summary>The share of each pixel that an object covers, as the public demo shows it: values mapped from −1…1 to 0…255, scaled bicubically.</summary>
    /// <param name="decoded">64 rows of 64 values, as <see cref="MaskCodec.Decode(ReadOnlySpan{int})"/> gives them.</param>
    /// <param name="box">Where the object is; a box without pixels gives an empty mask.</param>
    /// <param name="width">The picture's width in pixels.</param>
    /// <param name="height">The picture's height in pixels.</param>
    /// <exception cref="ArgumentException">There are not 64·64 values, or the box leaves the picture.</exception>
    /// <exception cref="ResourceLimitException">The picture is larger than a mask may be.</exception>
    public static SoftMask PasteSoft(ReadOnlySpan<float> decoded, PixelBox box, int width, int height)
    {
        var mask = new SoftMask(width, height);
        Check(decoded, box, width, height);
        if (box.IsEmpty)
            return mask;
        var levels = new byte[decoded.Length];
        for (int i = 0; i < levels.Length; i++)
            levels[i] = (byte)(Math.Clamp((decoded[i] * 0.5f) + 0.5f, 0, 1) * byte.MaxValue);
        var scaled = new byte[box.Width * box.Height];
        Resampler.Resize(levels, MaskCodec.Side, MaskCodec.Side, 1, scaled, box.Width, box.Height, ResampleFilter.Bicubic, WholeMask);
        for (int y = 0; y < box.Height; y++)
            scaled.AsSpan(y * box.Width, box.Width).CopyTo(mask.Row(box.Y1 + y)[box.X1..]);
        return mask;
    }

    private static CropBox WholeMask => new(0, 0, MaskCodec.Side, MaskCodec.Side);

    private static void Check(ReadOnlySpan<float> decoded, PixelBox box, int width, int height)
    {
        if (decoded.Length != MaskCodec.Side * MaskCodec.Side)
            throw new ArgumentException($"A mask of {MaskCodec.Side}x{MaskCodec.Side} values is needed; {decoded.Length} were given.", nameof(decoded));
        if (!box.IsEmpty && (box.X1 < 0 || box.Y1 < 0 || box.X2 > width || box.Y2 > height))
            throw new ArgumentException($"The box {box} leaves the picture of {width}x{height} pixels.", nameof(box));
    }
}
