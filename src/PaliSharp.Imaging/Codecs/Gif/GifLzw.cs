namespace PaliSharp.Imaging.Codecs.Gif;

/// <summary>The LZW of GIF: codes of growing length, least significant bit first.</summary>
internal static class GifLzw
{
    /// <summary>More pixels than one byte of data can give.</summary>
    public const int LargestExpansion = 4096;

    private const int TableSize = 4096;
    private const int LongestCode = 12;

    /// <summary>Decodes until the output is full. Data behind that is ignored.</summary>
    /// <exception cref="ImageFormatException">A code is invalid, or the data ends early.</exception>
    public static void Decode(ReadOnlySpan<byte> data, int minimumCodeSize, Span<byte> output)
    {
        if (minimumCodeSize is < 1 or > 11)
        {
            throw new ImageFormatException(
                $"The LZW data of the GIF file starts with codes of {minimumCodeSize} bits; 2 to 8 are usual, 1 to 11 possible.");
        }

        int clear = 1 << minimumCodeSize;
        int next = clear + 2;
        int codeSize = minimumCodeSize + 1;
        int last = -1;

        // Each entry is its prefix and one index; the length lets the string be written backwards into its place.
        Span<ushort> prefix = stackalloc ushort[TableSize];
        Span<byte> suffix = stackalloc byte[TableSize];
        Span<byte> first = stackalloc byte[TableSize];
        Span<ushort> lengths = stackalloc ushort[TableSize];
        for (int i = 0; i < clear; i++)
            (suffix[i], first[i], lengths[i]) = ((byte)i, (byte)i, 1);
        uint bits = 0;
        int count = 0;
        int at = 0;
        int written = 0;
        while (written < output.Length)
        {
            while (count < codeSize)
            {
                if (at >= data.Length)
                    throw Short(written, output.Length);
                bits |= (uint)data[at++] << count;
                count += 8;
            }

            int code = (int)(bits & ((1u << codeSize) - 1));
            bits >>= codeSize;
            count -= codeSize;
            if (code == clear)
            {
                next = clear + 2;
                codeSize = minimumCodeSize + 1;
                last = -1;
                continue;
            }

            if (code == clear + 1)
                throw Short(written, output.Length);
            if (code > next || (last < 0 && code >= clear) || (code == next && next >= TableSize))
            {
                throw new ImageFormatException(
                    $"The LZW data of the GIF file holds the code {code} where at most {next} is valid: it is damaged.");
            }

            if (last >= 0 && next < TableSize)
            {
                prefix[next] = (ushort)last;
                suffix[next] = first[code == next ? last : code];
                first[next] = first[last];
                lengths[next] = (ushort)(lengths[last] + 1);
                next++;
                if (next == 1 << codeSize && codeSize < LongestCode)
                    codeSize++;
            }

            int length = lengths[code];
            int end = written + length;
            for (int c = code, to = end - 1; to >= written; to--, c = prefix[c])
            {
                if (to < output.Length)
                    output[to] = suffix[c];
            }

            written = end;
            last = code;
        }
    }

    private static ImageFormatException Short(int written, int needed) =>
        new($"The LZW data of the GIF file ends after {written} of {needed} pixels: it is truncated or damaged.");
}
