namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>A prefix code of lossless WebP.</summary>
internal sealed class LosslessHuffmanTable
{
    private const int LongestLookup = 8;
    private const int LongestCode = 15;

    // (Length + 1) × 4096 + symbol, by the next bits; 0 where the code is longer.
    private readonly ushort[] _lookup;
    private readonly uint _mask;
    private readonly ushort[] _sorted;
    private readonly ushort[] _counts;

    private LosslessHuffmanTable(ushort[] lookup, ushort[] sorted, ushort[] counts)
    {
        _lookup = lookup;
        _mask = (uint)lookup.Length - 1;
        _sorted = sorted;
        _counts = counts;
    }

    /// <summary>About how many bytes the table occupies.</summary>
    public int Bytes => 160 + (2 * (_lookup.Length + _sorted.Length + _counts.Length));

    /// <summary>A code of one symbol, which takes no bits.</summary>
    public static LosslessHuffmanTable Single(int symbol) => new([(ushort)((1 << 12) | symbol)], [], []);

    /// <summary>Builds the canonical code.</summary>
    /// <param name="lengths">The bits of each symbol's code, 0 to 15.</param>
    /// <exception cref="ImageFormatException">The lengths are no complete code.</exception>
    public static LosslessHuffmanTable Create(ReadOnlySpan<byte> lengths)
    {
        ushort[] counts = new ushort[LongestCode + 1];
        foreach (byte length in lengths)
            counts[length]++;
        int used = lengths.Length - counts[0];
        counts[0] = 0;
        if (used == 1)
            return Single(lengths.IndexOfAnyExcept((byte)0));
        int space = 0;
        int longest = 0;
        Span<int> starts = stackalloc int[LongestCode + 2];
        starts.Clear();
        for (int length = 1; length <= LongestCode; length++)
        {
            space += counts[length] << (LongestCode - length);
            starts[length + 1] = starts[length] + counts[length];
            longest = counts[length] > 0 ? length : longest;
        }

        if (space != 1 << LongestCode)
            throw new ImageFormatException("A prefix code of the WebP file is incomplete or has too many codes: the file is damaged.");
        ushort[] sorted = new ushort[used];
        for (int symbol = 0; symbol < lengths.Length; symbol++)
        {
            if (lengths[symbol] != 0)
                sorted[starts[lengths[symbol]]++] = (ushort)symbol;
        }

        int bits = Math.Min(longest, LongestLookup);
        ushort[] lookup = new ushort[1 << bits];
        FillLookup(lookup, bits, sorted, counts);
        return new LosslessHuffmanTable(lookup, sorted, counts);
    }

    /// <summary>The entry for the next bits.</summary>
    public int Lookup(uint bits) => _lookup[bits & _mask];

    /// <summary>Decodes a code that is longer than the look-up.</summary>
    public int DecodeLong(uint bits, out int length)
    {
        int code = 0;
        int first = 0;
        int index = 0;
        for (length = 1; length <= LongestCode; length++, bits >>= 1)
        {
            code |= (int)(bits & 1);
            int count = _counts[length];
            if (code - first < count)
                return _sorted[index + code - first];
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }

        // Complete codes always match.
        throw new ImageFormatException("The WebP file holds an invalid code: it is damaged.");
    }

    private static void FillLookup(ushort[] lookup, int bits, ushort[] sorted, ushort[] counts)
    {
        int code = 0;
        int index = 0;
        for (int length = 1; length <= bits; length++)
        {
            for (int i = 0; i < counts[length]; i++, code++, index++)
            {
                // Codes arrive with their first bit lowest.
                int reversed = 0;
                for (int bit = 0; bit < length; bit++)
                    reversed |= ((code >> bit) & 1) << (length - 1 - bit);
                for (int at = reversed; at < lookup.Length; at += 1 << length)
                    lookup[at] = (ushort)(((length + 1) << 12) | sorted[index]);
            }

            code <<= 1;
        }
    }
}
