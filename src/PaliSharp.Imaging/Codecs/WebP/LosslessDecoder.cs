namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>Decodes the lossless bitstream of WebP (VP8L), which also codes the alpha of lossy pictures.</summary>
internal ref struct LosslessDecoder
{
    private const int DistanceCodes = 40;
    private const int LongestCacheBits = 11;

    // Genuine files need a few megabytes for their codes; the pixels need the rest of the working memory.
    private const int ShareOfTables = 4;

    private readonly ImageDecoderOptions _options;
    private LosslessBitReader _reader;
    private long _tableBytes;
    private long _pixelBytes;

    private LosslessDecoder(ReadOnlySpan<byte> data, ImageDecoderOptions options)
    {
        _reader = new LosslessBitReader(data);
        _options = options;
    }

    private static ReadOnlySpan<byte> CodeLengthOrder => [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    /// <summary>The number of blocks that cover so many pixels.</summary>
    public static int Subsampled(int size, int bits) => (size + (1 << bits) - 1) >> bits;

    /// <summary>Reads the header: signature, size, whether alpha is used.</summary>
    /// <exception cref="ImageFormatException">The header is damaged.</exception>
    public static (int Width, int Height, bool HasAlpha) ReadHeader(ReadOnlySpan<byte> data)
    {
        if (data.Length < 5 || data[0] != 0x2F || data[4] >> 5 != 0)
            throw new ImageFormatException("The lossless data of the WebP file has no valid header: it is damaged or truncated.");
        uint bits = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(data[1..]);
        return ((int)(bits & 0x3FFF) + 1, (int)((bits >> 14) & 0x3FFF) + 1, ((bits >> 28) & 1) != 0);
    }

    /// <summary>Decodes a picture.</summary>
    /// <param name="data">The bitstream behind its header.</param>
    /// <param name="width">The number of columns.</param>
    /// <param name="height">The number of rows.</param>
    /// <param name="options">Limits.</param>
    /// <returns>The pixels, each alpha, red, green, blue from the highest byte to the lowest.</returns>
    /// <exception cref="ImageFormatException">The data is damaged or truncated.</exception>
    /// <exception cref="ResourceLimitException">The pixels or the codes need too much memory.</exception>
    public static uint[] Decode(ReadOnlySpan<byte> data, int width, int height, ImageDecoderOptions options)
    {
        var decoder = new LosslessDecoder(data, options);
        var transforms = new List<LosslessTransform>();
        int codedWidth = width;
        while (decoder._reader.TakeFlag())
            transforms.Add(decoder.ReadTransform(transforms, ref codedWidth, height));
        uint[] pixels = decoder.ReadPicture(codedWidth, height, isMain: true);
        for (int i = transforms.Count - 1; i >= 0; i--)
            pixels = transforms[i].Invert(pixels, height);
        return pixels;
    }

    /// <summary>The error for damaged data.</summary>
    internal static ImageFormatException Damaged(string what) =>
        new($"The lossless data of the WebP file {what}: it is damaged or truncated.");

    private LosslessTransform ReadTransform(List<LosslessTransform> earlier, ref int width, int height)
    {
        var kind = (LosslessTransformKind)_reader.Take(2);
        if (earlier.Exists(t => t.Kind == kind))
            throw Damaged($"has the transform {kind} twice");
        int fullWidth = width;
        switch (kind)
        {
            case LosslessTransformKind.SubtractGreen:
                return new LosslessTransform(kind, 0, fullWidth, []);
            case LosslessTransformKind.ColorIndexing:
                int colors = (int)_reader.Take(8) + 1;
                int packing = colors <= 2 ? 3 : colors <= 4 ? 2 : colors <= 16 ? 1 : 0;
                uint[] palette = ReadPicture(colors, 1, isMain: false);
                for (int i = 1; i < palette.Length; i++)
                    palette[i] = LosslessTransform.Add(palette[i], palette[i - 1]);
                width = Subsampled(width, packing);
                if (packing > 0)
                    Reserve(fullWidth, height);
                return new LosslessTransform(kind, packing, fullWidth, palette);
            default:
                int bits = (int)_reader.Take(3) + 2;
                return new LosslessTransform(kind, bits, fullWidth, ReadPicture(Subsampled(fullWidth, bits), Subsampled(height, bits), isMain: false));
        }
    }

    private uint[] ReadPicture(int width, int height, bool isMain)
    {
        int cacheBits = _reader.TakeFlag() ? (int)_reader.Take(4) : 0;
        if (cacheBits > LongestCacheBits)
            throw Damaged($"has a colour cache of {cacheBits} bits");
        uint[] groups = [];
        int groupBits = 0;
        int groupCount = 1;
        if (isMain && _reader.TakeFlag())
        {
            groupBits = (int)_reader.Take(3) + 2;
            groups = ReadPicture(Subsampled(width, groupBits), Subsampled(height, groupBits), isMain: false);
            for (int i = 0; i < groups.Length; i++)
            {
                groups[i] = (groups[i] >> 8) & 0xFFFF;
                groupCount = Math.Max(groupCount, (int)groups[i] + 1);
            }
        }

        int cacheSize = cacheBits == 0 ? 0 : 1 << cacheBits;
        var codes = new LosslessCodes[groupCount];
        for (int i = 0; i < groupCount; i++)
        {
            codes[i] = new LosslessCodes(
                ReadCode(256 + LosslessPixels.LengthCodes + cacheSize), ReadCode(256), ReadCode(256), ReadCode(256), ReadCode(DistanceCodes));
        }

        Reserve(width, height);
        uint[] pixels = GC.AllocateUninitializedArray<uint>(width * height);
        new LosslessPixels(width, codes, groups, groupBits, cacheBits).Read(ref _reader, pixels);
        return pixels;
    }

    /// <summary>Counts the memory of pixels before they are allocated.</summary>
    /// <exception cref="ResourceLimitException">It is too much.</exception>
    private void Reserve(int width, int height)
    {
        _pixelBytes += (long)width * height * sizeof(uint);
        ImageLimits.CheckWorkingMemory("WebP", _pixelBytes, _options);
    }

    private LosslessHuffmanTable ReadCode(int symbols)
    {
        LosslessHuffmanTable table = _reader.TakeFlag() ? ReadSimpleCode(symbols) : LosslessHuffmanTable.Create(ReadLengths(symbols));
        if (_reader.IsExhausted)
            throw Damaged("ends inside its codes");
        _tableBytes += table.Bytes;
        if (_tableBytes > _options.MaxWorkingBytes / ShareOfTables)
        {
            throw new ResourceLimitException(
                $"The prefix codes of the WebP file need more than {_options.MaxWorkingBytes / ShareOfTables} bytes. Raise ImageDecoderOptions.MaxWorkingBytes if the file is trusted.");
        }

        return table;
    }

    private LosslessHuffmanTable ReadSimpleCode(int symbols)
    {
        bool two = _reader.TakeFlag();
        int first = (int)_reader.Take(_reader.TakeFlag() ? 8 : 1);
        int second = two ? (int)_reader.Take(8) : first;
        if (first >= symbols || second >= symbols)
            throw Damaged("names a symbol beyond its alphabet");
        if (first == second)
            return LosslessHuffmanTable.Single(first);
        byte[] lengths = new byte[symbols];
        (lengths[first], lengths[second]) = (1, 1);
        return LosslessHuffmanTable.Create(lengths);
    }

    private byte[] ReadLengths(int symbols)
    {
        byte[] lengthsOfLengths = new byte[CodeLengthOrder.Length];
        int count = (int)_reader.Take(4) + 4;
        for (int i = 0; i < count; i++)
            lengthsOfLengths[CodeLengthOrder[i]] = (byte)_reader.Take(3);
        LosslessHuffmanTable table = LosslessHuffmanTable.Create(lengthsOfLengths);
        int tokens = _reader.TakeFlag() ? 2 + (int)_reader.Take(2 + (2 * (int)_reader.Take(3))) : symbols;
        if (tokens > symbols)
            throw Damaged("has more code lengths than symbols");
        byte[] lengths = new byte[symbols];
        byte previous = 8;
        for (int at = 0; at < symbols && tokens > 0; tokens--)
        {
            int token = _reader.Decode(table);
            if (token < 16)
            {
                lengths[at++] = (byte)token;
                previous = token != 0 ? (byte)token : previous;
                continue;
            }

            (int extra, int offset) = token switch { 16 => (2, 3), 17 => (3, 3), _ => (7, 11) };
            int repeat = offset + (int)_reader.Take(extra);
            if (repeat > symbols - at)
                throw Damaged("has more code lengths than symbols");
            lengths.AsSpan(at, repeat).Fill(token == 16 ? previous : (byte)0);
            at += repeat;
        }

        return lengths;
    }
}
