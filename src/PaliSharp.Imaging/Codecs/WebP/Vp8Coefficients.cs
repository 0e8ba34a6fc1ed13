using System.Runtime.CompilerServices;

namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>What a block of coefficients holds.</summary>
internal enum Vp8BlockKind : byte
{
    Empty,
    DcOnly,
    Full,
}

/// <summary>Reads the coefficients of macroblocks and keeps which neighbours had some.</summary>
internal sealed class Vp8Coefficients(byte[] probabilities, int columns)
{
    private const int OfContext = 11;
    private const int OfBand = 3 * OfContext;
    private const int OfType = 8 * OfBand;

    // For each column 4 luma, 2 + 2 chroma flags and that of the second-order block; the same once for the left.
    private readonly byte[] _above = new byte[columns * 9];
    private readonly byte[] _left = new byte[9];
    private readonly byte[] _probabilities = probabilities;

    private static ReadOnlySpan<byte> Bands => [0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7];

    private static ReadOnlySpan<byte> Zigzag => [0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15];

    // The probabilities of the extra bits of large values, ended by 0.
    private static ReadOnlySpan<byte> LargeBits =>
    [
        173, 148, 140, 0,
        176, 155, 140, 135, 0,
        180, 157, 141, 134, 130, 0,
        254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129, 0,
    ];

    private static ReadOnlySpan<byte> LargeStarts => [0, 4, 9, 15];

    /// <summary>Starts a row.</summary>
    public void StartRow() => _left.AsSpan().Clear();

    /// <summary>Notes a macroblock without coefficients.</summary>
    public void Skip(int column, bool inBlocks)
    {
        // Macroblocks predicted in blocks have no second-order block and leave its flag.
        int count = inBlocks ? 8 : 9;
        _above.AsSpan(column * 9, count).Clear();
        _left.AsSpan(0, count).Clear();
    }

    /// <summary>Reads a macroblock.</summary>
    /// <param name="reader">The partition.</param>
    /// <param name="column">The column of the macroblock.</param>
    /// <param name="inBlocks">Whether it is predicted in blocks of 4×4.</param>
    /// <param name="q">The quantiser.</param>
    /// <param name="output">Receives 24 blocks (16 luma, 4 + 4 chroma) of 16 coefficients.</param>
    /// <param name="kinds">Receives what each block holds.</param>
    /// <returns>Whether there are any coefficients.</returns>
    public bool Read(ref Vp8BoolReader reader, int column, bool inBlocks, in Vp8Quantizer q, Span<short> output, Span<Vp8BlockKind> kinds)
    {
        output.Clear();
        var window = new Vp8BoolWindow(ref reader);
        Span<byte> above = _above.AsSpan(column * 9, 9);
        Span<byte> left = _left;
        bool any = false;
        int first = 0;
        int type = 3;
        if (!inBlocks)
        {
            Span<short> second = stackalloc short[16];
            second.Clear();
            int count = ReadBlock(ref window, 1, above[8] + left[8], q.SecondDc, q.SecondAc, 0, second);
            above[8] = left[8] = (byte)(count > 0 ? 1 : 0);
            Vp8Transforms.InverseHadamard(second, output);
            first = 1;
            type = 0;
        }

        for (int block = 0; block < 24; block++)
        {
            // Positions of the flags: luma 0 to 3, chroma 4, 5 and 6, 7.
            bool luma = block < 16;
            int x = luma ? block & 3 : 4 + ((block - 16) >> 2 << 1) + (block & 1);
            int y = luma ? block >> 2 : 4 + ((block - 16) >> 2 << 1) + ((block >> 1) & 1);
            Span<short> target = output.Slice(block * 16, 16);
            int context = above[x] + left[y];
            int count = luma
                ? ReadBlock(ref window, type, context, q.LumaDc, q.LumaAc, first, target)
                : ReadBlock(ref window, 2, context, q.ChromaDc, q.ChromaAc, 0, target);
            above[x] = left[y] = (byte)(count > (luma ? first : 0) ? 1 : 0);

            // Of blocks with a first coefficient from the second-order block, the count does not tell about that one.
            Vp8BlockKind kind = count > 1 ? Vp8BlockKind.Full : target[0] != 0 ? Vp8BlockKind.DcOnly : Vp8BlockKind.Empty;
            kinds[block] = kind;
            any |= kind != Vp8BlockKind.Empty;
        }

        window.Close(ref reader);
        return any;
    }

    /// <summary>Reads a block.</summary>
    /// <returns>The place behind the last coefficient; the first place when there is none.</returns>
    private int ReadBlock(ref Vp8BoolWindow state, int type, int context, int dc, int ac, int first, scoped Span<short> output)
    {
        Vp8BoolWindow window = state;
        int n = ReadBlock(ref window, _probabilities.AsSpan(type * OfType, OfType), context, dc, ac, first, output);
        state = window;
        return n;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ReadBlock(ref Vp8BoolWindow window, scoped ReadOnlySpan<byte> ofType, int context, int dc, int ac, int first, scoped Span<short> output)
    {
        int n = first;
        scoped ReadOnlySpan<byte> p = ofType.Slice((Bands[n] * OfBand) + (context * OfContext), OfContext);
        int step = n > 0 ? ac : dc;
        while (n < 16)
        {
            if (!window.Take(p[0]))
                return n;
            while (!window.Take(p[1]))
            {
                if (++n == 16)
                    return 16;
                step = ac;
                p = ofType.Slice(Bands[n] * OfBand, OfContext);
            }

            int value = 1;
            int next = 1;
            if (window.Take(p[2]))
            {
                value = ReadLarge(ref window, p);
                next = 2;
            }

            output[Zigzag[n]] = (short)(window.TakeSign(value) * step);
            step = ac;
            if (++n < 16)
                p = ofType.Slice((Bands[n] * OfBand) + (next * OfContext), OfContext);
        }

        return 16;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ReadLarge(ref Vp8BoolWindow window, scoped ReadOnlySpan<byte> p)
    {
        if (!window.Take(p[3]))
            return !window.Take(p[4]) ? 2 : 3 + (window.Take(p[5]) ? 1 : 0);
        if (!window.Take(p[6]))
        {
            if (!window.Take(p[7]))
                return 5 + (window.Take(159) ? 1 : 0);
            int high = window.Take(165) ? 2 : 0;
            return 7 + high + (window.Take(145) ? 1 : 0);
        }

        int upper = window.Take(p[8]) ? 1 : 0;
        int category = (2 * upper) + (window.Take(p[9 + upper]) ? 1 : 0);
        int value = 0;
        for (int i = LargeStarts[category]; LargeBits[i] != 0; i++)
            value = (2 * value) + (window.Take(LargeBits[i]) ? 1 : 0);
        return value + 3 + (8 << category);
    }
}
