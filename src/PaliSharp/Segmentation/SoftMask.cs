using PaliSharp.Imaging;

namespace PaliSharp.Segmentation;

/// <summary>How much of each pixel of a picture belongs to an object: 0 (nothing) to 255 (all).</summary>
public sealed class SoftMask
{
    private readonly byte[] _levels;

    internal SoftMask(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if ((long)width * height > Mask.MaximumPixels)
            throw new ResourceLimitException($"A mask of {width}x{height} pixels was asked for; at most {Mask.MaximumPixels} pixels are allowed. Scale the picture down.");
        Width = width;
        Height = height;
        _levels = new byte[width * height];
    }

    /// <summary>The columns.</summary>
    public int Width { get; }

    /// <summary>The rows.</summary>
    public int Height { get; }

    /// <summary>The levels, row after row.</summary>
    public ReadOnlySpan<byte> Levels => _levels;

    /// <summary>A grey picture of the levels.</summary>
    public Image ToImage()
    {
        byte[] rgb = new byte[checked(_levels.Length * 3)];
        for (int i = 0; i < _levels.Length; i++)
            rgb.AsSpan(3 * i, 3).Fill(_levels[i]);
        return Image.FromPixels(Width, Height, rgb);
    }

    internal Span<byte> Row(int y) => _levels.AsSpan(y * Width, Width);
}
