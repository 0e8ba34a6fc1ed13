using System.Buffers.Binary;

namespace PaliSharp.Imaging.Codecs.Jpeg.Encoding;

/// <summary>Writes baseline JPEG with Huffman codes made for the picture. The same picture and options always give the same bytes.</summary>
internal static class JpegEncoder
{
    private const int MaxSide = 65535;
    private const int MaxProfilePart = 65519;

    /// <summary>Writes a picture.</summary>
    /// <exception cref="ResourceLimitException">The picture is larger than the format allows.</exception>
    public static void Encode(Image image, Stream stream, JpegOptions options)
    {
        if (options.Quality is < 1 or > 100)
            throw new ArgumentOutOfRangeException(nameof(options), options.Quality, "The quality of a JPEG file is 1 to 100.");
        if (!Enum.IsDefined(options.Subsampling))
            throw new ArgumentOutOfRangeException(nameof(options), options.Subsampling, "There is no such subsampling.");
        if (image.Width > MaxSide || image.Height > MaxSide)
        {
            throw new ResourceLimitException(
                $"A JPEG file holds at most {MaxSide}x{MaxSide} pixels; the picture has {image.Width}x{image.Height}. Scale it down or save it as PNG.");
        }

        Image rgb = OnWhite(image);
        int components = IsGray(rgb.Pixels) ? 1 : 3;
        bool halved = components == 3 && options.Subsampling == JpegSubsampling.Half;
        int[][] quantizers = components == 1
            ? [JpegQuantizer.Table(chroma: false, options.Quality)]
            : [JpegQuantizer.Table(chroma: false, options.Quality), JpegQuantizer.Table(chroma: true, options.Quality)];
        var planes = new JpegPlanes(rgb, components, halved ? 16 : 8);
        JpegBlockCoder[] coders = Array.ConvertAll(quantizers, _ => new JpegBlockCoder());

        // Blocks are transformed twice, for counting and for writing, so that memory stays at a row of MCUs.
        EncodeBlocks(rgb, planes, components, halved, quantizers, coders);
        var writer = new JpegBitWriter(stream);
        foreach (JpegBlockCoder coder in coders)
            coder.MakeCodes(writer);

        stream.Write([0xFF, 0xD8]);
        WriteSegment(stream, 0xE0, [(byte)'J', (byte)'F', (byte)'I', (byte)'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]);
        WriteProfile(stream, image.Metadata.IccProfile.Span, components);
        WriteTables(stream, rgb, components, halved, quantizers, coders);
        EncodeBlocks(rgb, planes, components, halved, quantizers, coders);
        writer.Complete();
        stream.Write([0xFF, 0xD9]);
    }

    private static void EncodeBlocks(Image image, JpegPlanes planes, int components, bool halved, int[][] quantizers, JpegBlockCoder[] coders)
    {
        int mcu = halved ? 16 : 8;
        int columns = JpegComponent.DivideUp(image.Width, mcu);
        int rows = JpegComponent.DivideUp(image.Height, mcu);
        Span<int> previousDc = stackalloc int[components];
        Span<int> block = stackalloc int[64];
        for (int row = 0; row < rows; row++)
        {
            planes.Read(row);
            for (int column = 0; column < columns; column++)
            {
                for (int c = 0; c < components; c++)
                {
                    int blocks = halved && c == 0 ? 2 : 1;
                    int table = Math.Min(c, 1);
                    (byte[] samples, int stride) = planes.Plane(c);
                    for (int i = 0; i < blocks * blocks; i++)
                    {
                        int x = (column * blocks) + (i % blocks);
                        int y = i / blocks;
                        bool isBeyond = c == 0 && (x * 8 >= image.Width || ((row * blocks) + y) * 8 >= image.Height);
                        if (isBeyond)
                        {
                            // Blocks that only fill up the MCU are never seen: repeating the last level costs the fewest bits.
                            block.Clear();
                            block[0] = previousDc[c];
                        }
                        else
                        {
                            Load(samples.AsSpan((y * 8 * stride) + (x * 8)), stride, block);
                            JpegForwardDct.Transform(block);
                            Quantize(block, quantizers[table]);
                        }

                        coders[table].Code(block, ref previousDc[c]);
                    }
                }
            }
        }
    }

    private static void Load(ReadOnlySpan<byte> samples, int stride, Span<int> block)
    {
        for (int y = 0; y < 8; y++)
        {
            ReadOnlySpan<byte> row = samples.Slice(y * stride, 8);
            for (int x = 0; x < 8; x++)
                block[(8 * y) + x] = row[x] - 128;
        }
    }

    private static void Quantize(Span<int> block, int[] steps)
    {
        for (int i = 0; i < 64; i++)
        {
            // The transform leaves a factor of 8.
            int step = steps[i] << 3;
            int size = (Math.Abs(block[i]) + (step >> 1)) / step;
            block[i] = block[i] < 0 ? -size : size;
        }
    }

    private static void WriteTables(Stream stream, Image image, int components, bool halved, int[][] quantizers, JpegBlockCoder[] coders)
    {
        for (int i = 0; i < quantizers.Length; i++)
        {
            byte[] table = new byte[65];
            table[0] = (byte)i;
            for (int k = 0; k < 64; k++)
                table[k + 1] = (byte)quantizers[i][JpegZigzag.Natural[k]];
            WriteSegment(stream, 0xDB, table);
        }

        byte[] frame = new byte[6 + (3 * components)];
        frame[0] = 8;
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(1), (ushort)image.Height);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(3), (ushort)image.Width);
        frame[5] = (byte)components;
        byte[] scan = new byte[4 + (2 * components)];
        scan[0] = (byte)components;
        for (int c = 0; c < components; c++)
        {
            int table = Math.Min(c, 1);
            ReadOnlySpan<byte> component = [(byte)(c + 1), (byte)(c == 0 && halved ? 0x22 : 0x11), (byte)table];
            component.CopyTo(frame.AsSpan(6 + (3 * c)));
            scan[1 + (2 * c)] = (byte)(c + 1);
            scan[2 + (2 * c)] = (byte)((table << 4) | table);
        }

        // The end of the band: all 64 coefficients in one scan.
        scan[^2] = 63;
        WriteSegment(stream, 0xC0, frame);
        for (int i = 0; i < coders.Length; i++)
        {
            WriteCode(stream, i, coders[i].Dc!);
            WriteCode(stream, 0x10 | i, coders[i].Ac!);
        }

        WriteSegment(stream, 0xDA, scan);
    }

    private static void WriteCode(Stream stream, int id, JpegCode code) => WriteSegment(stream, 0xC4, [(byte)id, .. code.Counts, .. code.Symbols]);

    /// <summary>Writes the colour profile in parts; one of another colour space than the file's would be wrong and is left out.</summary>
    private static void WriteProfile(Stream stream, ReadOnlySpan<byte> profile, int components)
    {
        ReadOnlySpan<byte> space = components == 1 ? "GRAY"u8 : "RGB "u8;
        int parts = JpegComponent.DivideUp(profile.Length, MaxProfilePart);
        if (profile.Length < 128 || parts > 255 || !profile.Slice(16, 4).SequenceEqual(space))
            return;
        for (int i = 0; i < parts; i++)
        {
            ReadOnlySpan<byte> part = profile[(i * MaxProfilePart)..Math.Min((i + 1) * MaxProfilePart, profile.Length)];
            WriteSegment(stream, 0xE2, [.. "ICC_PROFILE\0"u8, (byte)(i + 1), (byte)parts, .. part]);
        }
    }

    private static void WriteSegment(Stream stream, byte marker, ReadOnlySpan<byte> content)
    {
        int length = content.Length + 2;
        stream.Write([0xFF, marker, (byte)(length >> 8), (byte)length]);
        stream.Write(content);
    }

    private static bool IsGray(ReadOnlySpan<byte> rgb)
    {
        for (int i = 0; i + 2 < rgb.Length; i += 3)
        {
            if (rgb[i] != rgb[i + 1] || rgb[i] != rgb[i + 2])
                return false;
        }

        return true;
    }

    private static Image OnWhite(Image image)
    {
        if (!image.HasAlpha)
            return image;
        ReadOnlySpan<byte> source = image.Pixels;
        byte[] rgb = new byte[image.Width * image.Height * 3];
        for (int from = 0, to = 0; to < rgb.Length; from += 4, to += 3)
        {
            int alpha = source[from + 3];
            for (int c = 0; c < 3; c++)
                rgb[to + c] = (byte)(((source[from + c] * alpha) + (255 * (255 - alpha)) + 127) / 255);
        }

        return new Image(image.Width, image.Height, 3, rgb, image.Metadata);
    }
}
