namespace PaliSharp.Imaging.Codecs.Tiff;

/// <summary>The LZW of TIFF: codes of 9 to 12 bits, most significant bit first, growing one code early.</summary>
internal static class TiffLzw
{
    private const int Clear = 256;
    private const int End = 257;
    private const int TableSize = 4096;

    /// <summary>Decodes until the output is full.</summary>
    /// <exception cref="ImageFormatException">A code is invalid, or the data ends early.</exception>
    public static void Decode(ReadOnlySpan<byte> data, Span<byte> output)
    {
        Span<ushort> prefix = stackalloc ushort[TableSize];
        Span<byte> suffix = stackalloc byte[TableSize];
        Span<byte> first = stackalloc byte[TableSize];
        Span<ushort> lengths = stackalloc ushort[TableSize];
        for (int i = 0; i < 256; i++)
            (suffix[i], first[i], lengths[i]) = ((byte)i, (byte)i, 1);
        int next = 258;
        int codeSize = 9;
        int last = -1;
        uint bits = 0;
        int count = 0;
        int at = 0;
        int written = 0;
        while (written < output.Length)
        {
            while (count < codeSize)
            {
                if (at >= data.Length)
                    throw Damaged("ends early");
                bits = (bits << 8) | data[at++];
                count += 8;
            }

            int code = (int)(bits >> (count - codeSize)) & ((1 << codeSize) - 1);
            count -= codeSize;
            if (code == Clear)
            {
                next = 258;
                codeSize = 9;
                last = -1;
                continue;
            }

            if (code == End)
                throw Damaged("ends early");
            if (code > next || (last < 0 && code > 255) || (code == next && next >= TableSize))
                throw Damaged($"holds the code {code} where at most {next} is valid");
            if (last >= 0 && next < TableSize)
            {
                prefix[next] = (ushort)last;
                suffix[next] = first[code == next ? last : code];
                first[next] = first[last];
                lengths[next] = (ushort)(lengths[last] + 1);
                next++;
            }

            if (next >= (1 << codeSize) - 1 && codeSize < 12)
                codeSize++;
            int end = written + lengths[code];
            for (int c = code, to = end - 1; to >= written; to--, c = prefix[c])
            {
                if (to < output.Length)
                    output[to] = suffix[c];
            }

            written = end;
            last = code;
        }
    }

    private static ImageFormatException Damaged(string what) =>
        new($"The LZW data of the TIFF file {what}: the file is truncated or damaged.");
}
