using PaliSharp.Imaging.Drawing;

namespace PaliSharp.Imaging.Resampling;

/// <summary>Makes pictures square without changing their aspect ratio.</summary>
public static class SquarePadding
{
    /// <summary>
    /// Puts a picture in the middle of a square of its longer side. The picture starts at column (side − width) / 2 and row (side − height) / 2,
    /// rounded down; subtract these to bring boxes back to the original.
    /// </summary>
    /// <param name="image">The picture.</param>
    /// <param name="background">The colour around it; null for white. With alpha it is opaque.</param>
    /// <returns>A new picture, or this one if it is square already.</returns>
    /// <exception cref="ResourceLimitException">The square would not fit in one array.</exception>
    public static Image PadToSquare(this Image image, Color? background = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (image.Width == image.Height)
            return image;
        Color color = background ?? new Color(255, 255, 255);
        int side = Math.Max(image.Width, image.Height);
        int channels = image.Channels;
        byte[] pixels = GC.AllocateUninitializedArray<byte>(ImageLimits.ByteCount(side, side, channels));
        Span<byte> first = pixels.AsSpan(0, side * channels);
        ReadOnlySpan<byte> pixel = [color.R, color.G, color.B, 255];
        for (int x = 0; x < side; x++)
            pixel[..channels].CopyTo(first[(x * channels)..]);
        for (int y = 1; y < side; y++)
            first.CopyTo(pixels.AsSpan(y * first.Length));
        int left = (side - image.Width) / 2;
        int top = (side - image.Height) / 2;
        for (int y = 0; y < image.Height; y++)
            image.Row(y).CopyTo(pixels.AsSpan((((top + y) * side) + left) * channels));
        return new Image(side, side, channels, pixels, image.Metadata);
    }
}
