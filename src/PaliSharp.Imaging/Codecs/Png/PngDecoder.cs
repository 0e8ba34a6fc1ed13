using System.IO.Compression;

namespace PaliSharp.Imaging.Codecs.Png;

/// <summary>Decodes PNG: every colour type, depth and interlacing; of an animation, the default picture.</summary>
internal sealed class PngDecoder : IImageDecoder
{
    // Deflate cannot expand more than this, so a short file that declares a large picture is refused before the picture is allocated.
    private const long LargestExpansion = 1032;

    private static ReadOnlySpan<byte> PassX => [0, 4, 0, 2, 0, 1, 0];

    private static ReadOnlySpan<byte> PassY => [0, 0, 4, 0, 2, 0, 1];

    private static ReadOnlySpan<byte> PassStepX => [8, 8, 4, 4, 2, 2, 1];

    private static ReadOnlySpan<byte> PassStepY => [8, 8, 8, 4, 4, 2, 2];

    public bool Matches(ReadOnlySpan<byte> data) => data.StartsWith(PngFile.Signature);

    public ImageInfo Identify(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        PngFile file = PngFile.Parse(data, options);
        return new ImageInfo(ImageFormat.Png, file.Header.Width, file.Header.Height, file.Orientation);
    }

    public Image Decode(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        PngFile file = PngFile.Parse(data, options);
        PngHeader header = file.Header;
        ImageLimits.CheckSize("PNG", header.Width, header.Height, options);
        long compressed = 0;
        foreach (ReadOnlyMemory<byte> piece in file.ImageData)
            compressed += piece.Length;
        long needed = ((long)header.RowBytes(header.Width) + 1) * header.Height;
        if (needed > (compressed + 64) * LargestExpansion)
        {
            throw new ImageFormatException(
                $"The PNG file declares {header.Width}x{header.Height} pixels but holds only {compressed} bytes of compressed data: it is truncated.");
        }

        var expander = new PngPixelExpander(file, options.Clip16BitGray);
        byte[] pixels = GC.AllocateUninitializedArray<byte>(ImageLimits.ByteCount(header.Width, header.Height, expander.Channels));
        using (var inflater = new ZLibStream(new ChunkStream(file.ImageData), CompressionMode.Decompress))
        {
            try
            {
                DecodePixels(header, expander, inflater, pixels);
            }
            catch (Exception exception) when (exception is InvalidDataException or IOException)
            {
                throw new ImageFormatException(
                    $"The compressed data of the PNG file is damaged or truncated: {exception.Message}", exception);
            }
        }

        return new Image(header.Width, header.Height, expander.Channels, pixels, new ImageMetadata
        {
            Format = ImageFormat.Png,
            Orientation = file.Orientation,
            OriginalWidth = header.Width,
            OriginalHeight = header.Height,
            IccProfile = file.IccProfile,
        });
    }

    private static void DecodePixels(PngHeader header, PngPixelExpander expander, ZLibStream inflater, byte[] pixels)
    {
        int channels = expander.Channels;
        int stride = header.Width * channels;
        int rowBytes = header.RowBytes(header.Width);
        byte[] filtered = new byte[rowBytes + 1];
        byte[] above = new byte[rowBytes];
        byte[] row = new byte[rowBytes];
        if (!header.Interlaced && expander.IsIdentity)
        {
            ReadOnlySpan<byte> previous = above;
            for (int y = 0; y < header.Height; y++)
            {
                Span<byte> target = pixels.AsSpan(y * stride, stride);
                inflater.ReadExactly(filtered);
                PngFilters.Undo(filtered[0], filtered.AsSpan(1), previous, target, channels);
                previous = target;
            }
        }
        else
        {
            int passes = header.Interlaced ? 7 : 1;
            for (int pass = 0; pass < passes; pass++)
            {
                (int x0, int y0, int dx, int dy) = header.Interlaced ? (PassX[pass], PassY[pass], PassStepX[pass], PassStepY[pass]) : (0, 0, 1, 1);
                int columns = (header.Width - x0 + dx - 1) / dx;
                if (columns <= 0)
                    continue;
                int length = header.RowBytes(columns);
                above.AsSpan().Clear();
                for (int y = y0; y < header.Height; y += dy)
                {
                    inflater.ReadExactly(filtered.AsSpan(0, length + 1));
                    PngFilters.Undo(filtered[0], filtered.AsSpan(1, length), above, row, header.FilterDistance);
                    expander.Expand(row, columns, pixels.AsSpan((y * stride) + (x0 * channels), stride - (x0 * channels)), dx * channels);
                    (row, above) = (above, row);
                }
            }
        }

        // Reading on makes the inflater compare the checksum. Whatever follows the last row is not inflated.
        _ = inflater.Read(filtered, 0, 1);
    }
}
