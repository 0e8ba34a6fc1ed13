using System.Runtime.CompilerServices;

namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>A prefix code of lossless WebP: a look-up by the next eight bits, with a second one for longer codes.</summary>
internal sealed class LosslessHuffmanTable
{
    private const int RootBits = 8;
    private const int LongestCode = 15;

    // Symbol × 65536 + bits of the code. For longer codes a link: place of the second look-up × 65536 + its bits × 256 + 255.
    private readonly uint[] _entries;
    private readonly uint _mask;

    private LosslessHuffmanTable(uint[] entries, int rootBits)
    {
        _entries = entries;
        _mask = (1u << rootBits) - 1;
    }

    /// <summary>About how many bytes the table occupies.</summary>
    public int Bytes => 64 + (4 * _entries.Length);

    /// <summary>Whether there is only one symbol, so that no bits are read.</summary>
    public bool IsSingle => _mask == 0;

    /// <summary>A code of one symbol, which takes no bits.</summary>
    public static LosslessHuffmanTable Single(int symbol) => new([(uint)symbol << 16], 0);

    /// <summary>Builds the canonical code.</summary>
    /// <param name="lengths">The bits of each symbol's code, 0 to 15.</param>
    /// <exception cref="ImageFormatException">The lengths are no complete code.</exception>
    public static LosslessHuffmanTable Create(ReadOnlySpan<byte> lengths)
    {
        Span<int> counts = stackalloc int[LongestCode + 1];
        counts.Clear();
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

        int rootBits = Math.Min(longest, RootBits);
        return new LosslessHuffmanTable(MakeEntries(sorted, counts, rootBits), rootBits);
    }

    /// <summary>The symbol that the next bits stand for, times 65536, plus the number of its bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Find(uint bits)
    {
        uint[] entries = _entries;
        uint entry = entries[bits & _mask];
        if ((entry & 255) == 255)
            entry = entries[(entry >> 16) + ((bits >> RootBits) & ((1u << (int)((entry >> 8) & 255)) - 1))];
        return entry;
    }

    private static uint[] MakeEntries(ReadOnlySpan<ushort> sorted, ReadOnlySpan<int> counts, int rootBits)
    {
        uint[] entries = new uint[SizeOfEntries(counts, rootBits)];
        int code = 0;
        int index = 0;
        int second = 1 << rootBits;
        int root = -1;
        int secondBits = 0;
        for (int length = 1; length <= LongestCode; length++)
        {
            for (int left = counts[length]; left > 0; left--, code++, index++)
            {
                uint entry = ((uint)sorted[index] << 16) | (uint)length;
                int reversed = Reverse(code, length);
                if (length <= rootBits)
                {
                    for (int at = reversed; at < 1 << rootBits; at += 1 << length)
                        entries[at] = entry;
                    continue;
                }

                if ((reversed & ((1 << rootBits) - 1)) != root)
                {
                    // The codes of one root are neighbours: a new root starts the next second look-up.
                    second += root < 0 ? 0 : 1 << secondBits;
                    root = reversed & ((1 << rootBits) - 1);
                    secondBits = SecondBits(counts, length, left, rootBits);
                    entries[root] = ((uint)second << 16) | ((uint)secondBits << 8) | 255;
                }

                for (int at = reversed >> rootBits; at < 1 << secondBits; at += 1 << (length - rootBits))
                    entries[second + at] = entry;
            }

            code <<= 1;
        }

        return entries;
    }

    private static int SizeOfEntries(ReadOnlySpan<int> counts, int rootBits)
    {
        // Walks over the codes as MakeEntries does. Second look-ups are aligned, so their first code ends in zeros.
        int size = 1 << rootBits;
        int code = 0;
        int root = -1;
        for (int length = 1; length <= LongestCode; length++)
        {
            for (int left = counts[length]; left > 0; left--, code++)
            {
                if (length > rootBits && code >> (length - rootBits) != root)
                {
                    root = code >> (length - rootBits);
                    size += 1 << SecondBits(counts, length, left, rootBits);
                }
            }

            code <<= 1;
        }

        return size;
    }

    /// <summary>The bits of the second look-up that starts with a code of this length, of which so many are left.</summary>
    private static int SecondBits(ReadOnlySpan<int> counts, int length, int left, int rootBits)
    {
        int open = 1 << (length - rootBits);
        while (length < LongestCode)
        {
            open -= left;
            if (open <= 0)
                break;
            length++;
            open <<= 1;
            left = counts[length];
        }

        return length - rootBits;
    }

    /// <summary>Codes arrive with their first bit lowest.</summary>
    private static int Reverse(int code, int length)
    {
        int reversed = 0;
        for (int bit = 0; bit < length; bit++)
            reversed |= ((code >> bit) & 1) << (length - 1 - bit);
        return reversed;
    }
}
