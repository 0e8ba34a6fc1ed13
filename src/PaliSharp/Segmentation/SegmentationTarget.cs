using System.Globalization;
using PaliSharp.Imaging.Resampling;
using PaliSharp.Tasks;

namespace PaliSharp.Segmentation;

/// <summary>A box whose coordinates are shares of the picture, as training data holds them.</summary>
/// <param name="YMin">The top, 0 to 1.</param>
/// <param name="XMin">The left, 0 to 1.</param>
/// <param name="YMax">The bottom, 0 to 1.</param>
/// <param name="XMax">The right, 0 to 1.</param>
public readonly record struct RelativeBox(float YMin, float XMin, float YMax, float XMax);

/// <summary>What a model is trained to write for an object: the bins of its box and the codes of its mask.</summary>
/// <remarks>Source: big_vision <c>pp/proj/paligemma/segmentation.py</c>.</remarks>
public sealed class SegmentationTarget
{
    private SegmentationTarget(int[] bins, int[] codes)
    {
        Bins = bins;
        Codes = codes;
    }

    /// <summary>The bins of y min, x min, y max and x max, 0 to 1023.</summary>
    public IReadOnlyList<int> Bins { get; }

    /// <summary>The 16 codes of the mask inside the box, 0 to 127.</summary>
    public IReadOnlyList<int> Codes { get; }

    /// <summary>Encodes an object.</summary>
    /// <param name="codec">The codec.</param>
    /// <param name="mask">The object's mask in the picture.</param>
    /// <param name="box">The box around it.</param>
    /// <exception cref="ArgumentException">The box has no pixel.</exception>
    public static SegmentationTarget Create(MaskCodec codec, Mask mask, RelativeBox box)
    {
        ArgumentNullException.ThrowIfNull(mask);
        byte[] levels = Array.ConvertAll(mask.ToPixels(), inside => inside ? byte.MaxValue : (byte)0);
        return Create(codec, levels, mask.Width, mask.Height, box);
    }

    /// <summary>Encodes an object whose mask has soft edges.</summary>
    /// <param name="codec">The codec.</param>
    /// <param name="levels">The object's mask in the picture, row after row: 0 outside to 255 inside.</param>
    /// <param name="width">The picture's width in pixels.</param>
    /// <param name="height">The picture's height in pixels.</param>
    /// <param name="box">The box around it.</param>
    /// <exception cref="ArgumentException">The box has no pixel, or the size does not fit the levels.</exception>
    public static SegmentationTarget Create(MaskCodec codec, ReadOnlySpan<byte> levels, int width, int height, RelativeBox box)
    {
        ArgumentNullException.ThrowIfNull(codec);
        int[] codes = codec.Encode(Crop(levels, width, height, box));
        return new SegmentationTarget([Bin(box.YMin), Bin(box.XMin), Bin(box.YMax), Bin(box.XMax)], codes);

        static int Bin(float coordinate) => LocationGrid.ToBin(coordinate, 1);
    }

    /// <summary>The tokens: <c>&lt;loc0100&gt;</c>×4 <c>&lt;seg005&gt;</c>×16.</summary>
    public override string ToString() => string.Concat(
        [.. Bins.Select(bin => $"<loc{bin.ToString("D4", CultureInfo.InvariantCulture)}>"), .. Codes.Select(code => $"<seg{code.ToString("D3", CultureInfo.InvariantCulture)}>")]);

    /// <summary>
    /// The part of a mask in a box, scaled to what the codec takes. The edges are size·coordinate in float32, rounded half to even; unlike the
    /// bins they are not clipped, but the part ends where the picture ends.
    /// </summary>
    internal static float[] Crop(ReadOnlySpan<byte> levels, int width, int height, RelativeBox box)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (levels.Length != (long)width * height)
            throw new ArgumentException($"{levels.Length} levels were given for a mask of {width}x{height}.", nameof(levels));
        int left = Edge(box.XMin, width);
        int right = Edge(box.XMax, width);
        int top = Edge(box.YMin, height);
        int bottom = Edge(box.YMax, height);
        if (right <= left || bottom <= top)
            throw new ArgumentException($"The box {box} has no pixel in a picture of {width}x{height}.", nameof(box));

        float[] part = new float[(right - left) * (bottom - top)];
        for (int y = top, to = 0; y < bottom; y++)
        {
            for (int x = left; x < right; x++)
                part[to++] = levels[(y * width) + x];
        }

        float[] scaled = new float[MaskCodec.Side * MaskCodec.Side];
        Resampler.Resize(
            part,
            right - left,
            bottom - top,
            scaled,
            MaskCodec.Side,
            MaskCodec.Side,
            ResampleFilter.Bilinear,
            new CropBox(0, 0, right - left, bottom - top));
        for (int i = 0; i < scaled.Length; i++)
            scaled[i] /= byte.MaxValue;
        return scaled;

        static int Edge(float coordinate, int size) => (int)Math.Clamp(MathF.Round(size * coordinate, MidpointRounding.ToEven), 0, size);
    }
}
