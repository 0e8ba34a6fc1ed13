namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>Decodes the lossless bitstream of WebP (VP8L), which also codes the alpha of lossy pictures.</summary>
internal ref struct LosslessDecoder
{
    private const int LengthCodes = 24;
    private const int DistanceCodes = 40;
    private const int MappedDistances = 120;
    private const int LongestCacheBits = 11;

    private readonly ImageDecoderOptions _options;
    private LosslessBitReader _reader;
    private long _tableBytes;

    private LosslessDecoder(ReadOnlySpan<byte> data, ImageDecoderOptions options)
    {
        _reader = new LosslessBitReader(data);
        _options = options;
    }

    /// <summary>The first distance codes name neighbours: rows up × 16 + 8 − columns to the right.</summary>
    private static ReadOnlySpan<byte> Neighbours =>
    [
        0x18, 0x07, 0x17, 0x19, 0x28, 0x06, 0x27, 0x29, 0x16, 0x1A, 0x26, 0x2A, 0x38, 0x05, 0x37,
        0x39, 0x15, 0x1B, 0x36, 0x3A, 0x25, 0x2B, 0x48, 0x04, 0x47, 0x49, 0x14, 0x1C, 0x35, 0x3B,
        0x46, 0x4A, 0x24, 0x2C, 0x58, 0x45, 0x4B, 0x34, 0x3C, 0x03, 0x57, 0x59, 0x13, 0x1D, 0x56,
        0x5A, 0x23, 0x2D, 0x44, 0x4C, 0x55, 0x5B, 0x33, 0x3D, 0x68, 0x02, 0x67, 0x69, 0x12, 0x1E,
        0x66, 0x6A, 0x22, 0x2E, 0x54, 0x5C, 0x43, 0x4D, 0x65, 0x6B, 0x32, 0x3E, 0x78, 0x01, 0x77,
        0x79, 0x53, 0x5D, 0x11, 0x1F, 0x64, 0x6C, 0x42, 0x4E, 0x76, 0x7A, 0x21, 0x2F, 0x75, 0x7B,
        0x31, 0x3F, 0x63, 0x6D, 0x52, 0x5E, 0x00, 0x74, 0x7C, 0x41, 0x4F, 0x10, 0x20, 0x62, 0x6E,
        0x30, 0x73, 0x7D, 0x51, 0x5F, 0x40, 0x72, 0x7E, 0x61, 0x6F, 0x50, 0x71, 0x7F, 0x60, 0x70,
    ];

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
    /// <exception cref="ResourceLimitException">The codes need too much memory.</exception>
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

    private static ImageFormatException Damaged(string what) =>
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
        var codes = new LosslessHuffmanTable[groupCount][];
        for (int i = 0; i < groupCount; i++)
            codes[i] = [ReadCode(256 + LengthCodes + cacheSize), ReadCode(256), ReadCode(256), ReadCode(256), ReadCode(DistanceCodes)];
        uint[] pixels = new uint[width * height];
        ReadPixels(pixels, width, codes, groups, groupBits, cacheBits);
        return pixels;
    }

    private void ReadPixels(uint[] pixels, int width, LosslessHuffmanTable[][] codes, uint[] groups, int groupBits, int cacheBits)
    {
        uint[] cache = cacheBits == 0 ? [] : new uint[1 << cacheBits];
        int groupsInRow = Subsampled(width, groupBits);
        int at = 0;
        int x = 0;
        int y = 0;
        while (at < pixels.Length)
        {
            LosslessHuffmanTable[] code = groups.Length == 0 ? codes[0] : codes[groups[((y >> groupBits) * groupsInRow) + (x >> groupBits)]];
            int symbol = _reader.Decode(code[0]);
            int length = 1;
            if (symbol < 256)
            {
                uint red = (uint)_reader.Decode(code[1]);
                uint blue = (uint)_reader.Decode(code[2]);
                uint alpha = (uint)_reader.Decode(code[3]);
                pixels[at] = (alpha << 24) | (red << 16) | ((uint)symbol << 8) | blue;
            }
            else if (symbol < 256 + LengthCodes)
            {
                length = TakePrefixed(symbol - 256);
                int distance = Distance(TakePrefixed(_reader.Decode(code[4])), width);
                if (distance > at || length > pixels.Length - at)
                    throw Damaged("copies pixels from outside of the picture");
                for (int i = at; i < at + length; i++)
                    pixels[i] = pixels[i - distance];
            }
            else
            {
                pixels[at] = cache[symbol - 256 - LengthCodes];
            }

            if (_reader.IsExhausted)
                throw Damaged("ends early");
            if (cacheBits > 0)
            {
                foreach (uint pixel in pixels.AsSpan(at, length))
                    cache[(pixel * 0x1E35A7BD) >> (32 - cacheBits)] = pixel;
            }

            at += length;
            x += length;
            if (x >= width)
            {
                y += x / width;
                x %= width;
            }
        }
    }

    private int TakePrefixed(int symbol)
    {
        if (symbol < 4)
            return symbol + 1;
        int extra = (symbol - 2) >> 1;
        return ((2 + (symbol & 1)) << extra) + (int)_reader.Take(extra) + 1;
    }

    private static int Distance(int code, int width)
    {
        if (code > MappedDistances)
            return code - MappedDistances;
        int neighbour = Neighbours[code - 1];
        return Math.Max(((neighbour >> 4) * width) + 8 - (neighbour & 15), 1);
    }

    private LosslessHuffmanTable ReadCode(int symbols)
    {
        LosslessHuffmanTable table = _reader.TakeFlag() ? ReadSimpleCode(symbols) : LosslessHuffmanTable.Create(ReadLengths(symbols));
        if (_reader.IsExhausted)
            throw Damaged("ends inside its codes");
        _tableBytes += table.Bytes;
        if (_tableBytes > _options.MaxWorkingBytes)
        {
            throw new ResourceLimitException(
                $"The prefix codes of the WebP file need more than {_options.MaxWorkingBytes} bytes. Raise ImageDecoderOptions.MaxWorkingBytes if the file is trusted.");
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
