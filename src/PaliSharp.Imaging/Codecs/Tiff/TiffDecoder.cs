using PaliSharp.Imaging.Codecs.Jpeg;
using PaliSharp.Imaging.Metadata;

namespace PaliSharp.Imaging.Codecs.Tiff;

/// <summary>
/// Decodes TIFF and BigTIFF: strips and tiles, one or several planes, 1 to 16 bits, grey, palette, RGB, CMYK and alpha; uncompressed,
/// PackBits, LZW, deflate, CCITT fax and JPEG; the first page or all. The orientation is always applied, as the reference does.
/// </summary>
internal sealed class TiffDecoder : IAnimationDecoder
{
    public bool Matches(ReadOnlySpan<byte> data) =>
        data.Length >= 8 && (data.StartsWith("II*\0"u8) || data.StartsWith("MM\0*"u8) || data.StartsWith("II+\0"u8) || data.StartsWith("MM\0+"u8));

    public ImageInfo Identify(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        TiffPage page = TiffPage.Parse(new TiffFile(data).NextDirectory() ?? throw NoPage(), ImageLimits.Unlimited);
        return new ImageInfo(ImageFormat.Tiff, page.Width, page.Height, page.Orientation);
    }

    public Image Decode(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        foreach (ImageFrame frame in DecodeFrames(data, options))
            return frame.Image;
        throw NoPage();
    }

    public IEnumerable<ImageFrame> DecodeFrames(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        var file = new TiffFile(data);
        int count = 0;
        while (file.NextDirectory() is { } directory)
        {
            ImageLimits.CheckFrames("TIFF", ++count, options);
            Image image = DecodePage(data, TiffPage.Parse(directory, options), file.LittleEndian, options);
            yield return new ImageFrame(Orientation.Apply(image, options), TimeSpan.Zero);
        }

        if (count == 0)
            throw NoPage();
    }

    private static ImageFormatException NoPage() => new("The TIFF file holds no page: its first directory is missing.");

    private static Image DecodePage(ReadOnlyMemory<byte> data, TiffPage page, bool littleEndian, ImageDecoderOptions options)
    {
        int columns = JpegComponent.DivideUp(page.Width, page.SegmentWidth);
        int rows = JpegComponent.DivideUp(page.Height, page.SegmentHeight);
        var expander = new TiffPixelExpander(page, littleEndian, options.Clip16BitGray);
        int planes = page.Planar ? expander.UsedSamples : 1;
        CheckSegments(data, page, planes, (long)columns * rows, options);
        if ((long)columns * rows * planes > page.Offsets.Length)
        {
            throw new ImageFormatException(
                $"The TIFF file has {page.Offsets.Length} strips or tiles; {(long)columns * rows * planes} are needed.");
        }

        byte[] pixels = GC.AllocateUninitializedArray<byte>(ImageLimits.ByteCount(page.Width, page.Height, expander.Channels));

        // What is stored as it is needed is read where it lies; only the rest takes working memory.
        bool isPlain = page.Compression == TiffCompression.None && !page.ReversedBits && !page.Predicted;
        byte[][] buffers = new byte[planes][];
        var segments = new ReadOnlyMemory<byte>[planes];
        for (int plane = 0; plane < planes; plane++)
            buffers[plane] = isPlain ? [] : new byte[page.SegmentRowBytes * page.SegmentHeight];
        for (int row = 0; row < rows; row++)
        {
            int top = row * page.SegmentHeight;
            bool isTile = page.SegmentWidth != page.Width || page.Offsets.Length > rows * (page.Planar ? page.Samples : 1);
            int height = Math.Min(page.SegmentHeight, page.Height - top);
            int stored = isTile ? page.SegmentHeight : height;
            for (int column = 0; column < columns; column++)
            {
                for (int plane = 0; plane < planes; plane++)
                {
                    ReadOnlyMemory<byte> content = FindSegment(data, page, (((plane * rows) + row) * columns) + column);
                    segments[plane] = isPlain
                        ? TiffDecompressor.Whole(content, page.SegmentRowBytes * stored)
                        : ReadSegment(content, page, buffers[plane], stored, height, littleEndian, options);
                }

                int left = column * page.SegmentWidth;
                int width = Math.Min(page.SegmentWidth, page.Width - left);
                for (int y = 0; y < height; y++)
                    expander.Expand(segments, y * page.SegmentRowBytes, width, pixels.AsSpan((((top + y) * page.Width) + left) * expander.Channels));
            }
        }

        return new Image(page.Width, page.Height, expander.Channels, pixels, new ImageMetadata
        {
            Format = ImageFormat.Tiff,
            Orientation = page.Orientation,
            OriginalWidth = page.Width,
            OriginalHeight = page.Height,
            IccProfile = page.IccProfile,
        });
    }

    /// <summary>Refuses strips and tiles that are larger than any sensible picture before they are allocated.</summary>
    private static void CheckSegments(ReadOnlyMemory<byte> data, TiffPage page, int planes, long number, ImageDecoderOptions options)
    {
        // JPEG is decoded to a picture of three channels before its samples are taken.
        long pixels = (long)page.SegmentWidth * page.SegmentHeight;
        long decoded = page.Compression == TiffCompression.Jpeg ? pixels * 3 : 0;
        ImageLimits.CheckWorkingMemory("TIFF", ((long)page.SegmentRowBytes * page.SegmentHeight * planes) + decoded, options);

        // Tiles that reach far beyond the page, all of the same few bytes of the file, would take forever.
        if (number > 1 && pixels / 2 > options.MaxPixels / number)
        {
            throw new ResourceLimitException(
                $"The TIFF file stores {page.Width}x{page.Height} pixels in {number} parts of {page.SegmentWidth}x{page.SegmentHeight}, most of which lies outside " +
                "of the picture. Store it with smaller tiles.");
        }

        // Uncompressed rows must be in the file.
        if (page.Compression == TiffCompression.None && (long)page.SegmentRowBytes * page.Height / 2 > data.Length)
        {
            throw new ImageFormatException(
                $"The TIFF file declares {page.Width}x{page.Height} uncompressed pixels but has {data.Length} bytes: it is truncated.");
        }
    }

    /// <summary>The stored bytes of a strip or tile.</summary>
    private static ReadOnlyMemory<byte> FindSegment(ReadOnlyMemory<byte> data, TiffPage page, int index)
    {
        long offset = page.Offsets[index];
        if (offset > data.Length)
        {
            throw new ImageFormatException(
                $"Strip or tile {index} of the TIFF file starts at byte {offset}, but the file has {data.Length} bytes.");
        }

        long count = index < page.Counts.Length && page.Counts[index] > 0 ? page.Counts[index] : long.MaxValue;
        return data.Slice((int)offset, (int)Math.Min(count, data.Length - offset));
    }

    private static byte[] ReadSegment(
        ReadOnlyMemory<byte> stored, TiffPage page, byte[] buffer, int storedRows, int rows, bool littleEndian, ImageDecoderOptions options)
    {
        if (page.Compression == TiffCompression.Jpeg)
        {
            ReadJpeg(page, stored, buffer, rows, options);
            return buffer;
        }

        Span<byte> target = buffer.AsSpan(0, page.SegmentRowBytes * storedRows);
        TiffDecompressor.Decompress(page, stored, target, storedRows);
        for (int y = 0; page.Predicted && y < storedRows; y++)
            TiffPredictor.Undo(target.Slice(y * page.SegmentRowBytes, page.SegmentRowBytes), page.Planar ? 1 : page.Samples, page.Bits, littleEndian);
        return buffer;
    }

    private static void ReadJpeg(TiffPage page, ReadOnlyMemory<byte> stored, byte[] buffer, int rows, ImageDecoderOptions options)
    {
        // Tables stand in a stream of their own: start marker, tables, end marker.
        byte[] stream = stored.ToArray();
        if (page.JpegTables.Length > 4 && stored.Length > 2)
            stream = [.. page.JpegTables.AsSpan(0, page.JpegTables.Length - 2), .. stored.Span[2..]];
        JpegColorSpace? colors = page.Photometric switch
        {
            TiffPhotometric.YCbCr => JpegColorSpace.YCbCr,
            TiffPhotometric.Rgb when page.Samples == 3 && !page.Planar => JpegColorSpace.Rgb,
            TiffPhotometric.WhiteIsZero or TiffPhotometric.BlackIsZero or TiffPhotometric.Palette => JpegColorSpace.Gray,
            _ => page.Planar ? JpegColorSpace.Gray : null,
        };
        if (colors is null || stream.Length < 4 || stream[0] != 0xFF || stream[1] != 0xD8)
        {
            throw new ImageFormatException(
                $"The JPEG data of the TIFF file is damaged or of an unsupported kind ({page.Photometric}, {page.Samples} samples).");
        }

        int samples = page.Planar ? 1 : page.Samples;
        ImageInfo info = JpegDecoder.ReadInfo(stream);
        if (info.Width > page.SegmentWidth || info.Height < rows || info.Height > page.SegmentHeight || samples is not (1 or 3))
        {
            throw new ImageFormatException(
                $"A JPEG strip of the TIFF file has {info.Width}x{info.Height} pixels; {page.SegmentWidth}x{rows} were expected.");
        }

        Image image = JpegDecoder.Decode(stream, options, colors);
        for (int y = 0; y < image.Height; y++)
        {
            ReadOnlySpan<byte> row = image.Row(y);
            Span<byte> target = buffer.AsSpan(y * page.SegmentRowBytes, page.SegmentRowBytes);
            for (int from = 0, to = 0; to < image.Width * samples; from += 3 / samples, to++)
                target[to] = row[from];
        }
    }
}
