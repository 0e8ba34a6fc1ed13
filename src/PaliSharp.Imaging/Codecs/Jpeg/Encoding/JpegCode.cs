namespace PaliSharp.Imaging.Codecs.Jpeg.Encoding;

/// <summary>A Huffman code made for counted symbols, with the limits of JPEG: at most 16 bits, no code of ones only.</summary>
internal sealed class JpegCode
{
    private const int MaxLength = 16;
    private const int Reserved = 256;

    private readonly ushort[] _codes = new ushort[256];
    private readonly byte[] _lengths = new byte[256];

    private JpegCode(byte[] counts, byte[] symbols)
    {
        Counts = counts;
        Symbols = symbols;
        int code = 0;
        int next = 0;
        for (int length = 1; length <= MaxLength; length++)
        {
            for (int i = 0; i < counts[length - 1]; i++)
            {
                _lengths[symbols[next]] = (byte)length;
                _codes[symbols[next++]] = (ushort)code++;
            }

            code <<= 1;
        }
    }

    /// <summary>The number of codes of each length from 1 to 16.</summary>
    public byte[] Counts { get; }

    /// <summary>The symbols in the order of their codes.</summary>
    public byte[] Symbols { get; }

    /// <summary>The code of a symbol and its length.</summary>
    public (int Code, int Length) this[int symbol] => (_codes[symbol], _lengths[symbol]);

    /// <summary>Makes the best code for the frequencies of symbols.</summary>
    /// <param name="frequencies">How often each of the 256 symbols occurs.</param>
    public static JpegCode Create(ReadOnlySpan<long> frequencies)
    {
        int[] lengthCounts = CountLengths(frequencies, out int[] lengths);
        Limit(lengthCounts);

        // The reserved symbol has the longest code, of ones only: it is left out of the table.
        int longest = Array.FindLastIndex(lengthCounts, count => count > 0);
        lengthCounts[longest]--;

        // Symbols go in the order of their unlimited lengths.
        byte[] symbols = [.. Enumerable.Range(0, 256).Where(s => lengths[s] > 0).OrderBy(s => lengths[s]).Select(s => (byte)s)];
        return new JpegCode([.. lengthCounts.Skip(1).Take(MaxLength).Select(count => (byte)count)], symbols);
    }

    private static int[] CountLengths(ReadOnlySpan<long> frequencies, out int[] lengths)
    {
        long[] left = new long[Reserved + 1];
        frequencies.CopyTo(left);
        left[Reserved] = 1;
        lengths = new int[Reserved + 1];
        int[] next = new int[Reserved + 1];
        next.AsSpan().Fill(-1);
        while (true)
        {
            // The two rarest trees; among equals the one with the larger symbol, so that the reserved one ends up longest.
            int first = Rarest(left, -1);
            int second = Rarest(left, first);
            if (second < 0)
                break;
            left[first] += left[second];
            left[second] = 0;
            int last = first;
            for (lengths[last]++; next[last] >= 0; lengths[last]++)
                last = next[last];
            next[last] = second;
            for (int s = second; s >= 0; s = next[s])
                lengths[s]++;
        }

        int[] counts = new int[Reserved + 2];
        foreach (int length in lengths)
            counts[length]++;
        counts[0] = 0;
        return counts;
    }

    private static int Rarest(long[] frequencies, int except)
    {
        int found = -1;
        for (int i = 0; i < frequencies.Length; i++)
        {
            if (i != except && frequencies[i] > 0 && (found < 0 || frequencies[i] <= frequencies[found]))
                found = i;
        }

        return found;
    }

    /// <summary>Shortens codes beyond 16 bits: two of the longest give way to one a bit shorter, and a shorter code is split for the other.</summary>
    private static void Limit(int[] counts)
    {
        for (int length = counts.Length - 1; length > MaxLength; length--)
        {
            while (counts[length] > 0)
            {
                int shorter = length - 2;
                while (counts[shorter] == 0)
                    shorter--;
                counts[length] -= 2;
                counts[length - 1]++;
                counts[shorter + 1] += 2;
                counts[shorter]--;
            }
        }
    }
}
