namespace PaliSharp.Imaging.Metadata;

/// <summary>Turns pictures upright.</summary>
internal static class Orientation
{
    /// <summary>The orientation to act on: 1 for anything but 2 to 8.</summary>
    public static int Normalise(int? stored) => stored is >= 1 and <= 8 ? stored.Value : 1;

    /// <summary>Turns a picture as its metadata asks.</summary>
    /// <exception cref="ResourceLimitException">The picture as stored, from which another one is made, is larger than the working memory allowed.</exception>
    public static Image Apply(Image image, ImageDecoderOptions options)
    {
        ImageMetadata metadata = image.Metadata;
        if (metadata.OrientationApplied)
            return image;
        metadata = metadata with { OrientationApplied = true };
        if (metadata.Orientation == 1)
            return image.WithMetadata(metadata);
        ImageLimits.CheckWorkingMemory(metadata.Format.ToString(), image.Pixels.Length, options);
        bool swapped = metadata.Orientation >= 5;
        int width = swapped ? image.Height : image.Width;
        int height = swapped ? image.Width : image.Height;
        byte[] target = GC.AllocateUninitializedArray<byte>(image.Pixels.Length);
        if (image.Channels == 3)
            Turn<Rgb24>(image, target, width, height, metadata.Orientation);
        else
            Turn<Rgba32>(image, target, width, height, metadata.Orientation);
        return new Image(width, height, image.Channels, target, metadata);
    }

    private static void Turn<TPixel>(Image image, byte[] target, int width, int height, int orientation)
        where TPixel : unmanaged
    {
        ReadOnlySpan<TPixel> from = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, TPixel>(image.Pixels);
        Span<TPixel> to = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, TPixel>(target.AsSpan());
        int w = image.Width;
        int h = image.Height;

        // The source position of the upper left target pixel and the source steps for one target column and row.
        (int start, int column, int row) = orientation switch
        {
            2 => (w - 1, -1, w),
            3 => ((w * h) - 1, -1, -w),
            4 => (w * (h - 1), 1, -w),
            5 => (0, w, 1),
            6 => (w * (h - 1), -w, 1),
            7 => ((w * h) - 1, -w, -1),
            _ => (w - 1, w, -1),
        };

        // Square tiles keep the strided side of a quarter turn in the cache.
        const int Tile = 32;
        for (int top = 0; top < height; top += Tile)
        {
            int bottom = Math.Min(top + Tile, height);
            for (int left = 0; left < width; left += Tile)
            {
                int right = Math.Min(left + Tile, width);
                for (int y = top; y < bottom; y++)
                {
                    int source = start + (row * y) + (column * left);
                    Span<TPixel> line = to[((y * width) + left)..((y * width) + right)];
                    for (int x = 0; x < line.Length; x++, source += column)
                        line[x] = from[source];
                }
            }
        }
    }

    private readonly record struct Rgb24(byte R, byte G, byte B);

    private readonly record struct Rgba32(byte R, byte G, byte B, byte A);
}
