using System.Numerics;

namespace PaliSharp.Imaging.Codecs.Jpeg.Encoding;

/// <summary>Turns quantised blocks into symbols; counts them first, and writes them when the codes are known.</summary>
internal sealed class JpegBlockCoder
{
    private readonly long[] _dcFrequencies = new long[256];
    private readonly long[] _acFrequencies = new long[256];
    private JpegBitWriter? _writer;

    /// <summary>The code of the DC symbols; known after <see cref="MakeCodes"/>.</summary>
    public JpegCode? Dc { get; private set; }

    /// <summary>The code of the AC symbols; known after <see cref="MakeCodes"/>.</summary>
    public JpegCode? Ac { get; private set; }

    /// <summary>Makes the codes from what was counted. From now on blocks are written.</summary>
    public void MakeCodes(JpegBitWriter writer)
    {
        Dc = JpegCode.Create(_dcFrequencies);
        Ac = JpegCode.Create(_acFrequencies);
        _writer = writer;
    }

    /// <summary>Counts or writes a block.</summary>
    /// <param name="block">64 quantised coefficients in natural order.</param>
    /// <param name="previousDc">The first coefficient of the component's block before; becomes that of this block.</param>
    public void Code(ReadOnlySpan<int> block, ref int previousDc)
    {
        int difference = block[0] - previousDc;
        previousDc = block[0];
        Emit(Dc, _dcFrequencies, 0, difference);
        ReadOnlySpan<byte> order = JpegZigzag.Natural;
        int zeros = 0;
        for (int i = 1; i < 64; i++)
        {
            int value = block[order[i]];
            if (value == 0)
            {
                zeros++;
                continue;
            }

            for (; zeros > 15; zeros -= 16)
                Emit(Ac, _acFrequencies, 0xF0, 0);
            Emit(Ac, _acFrequencies, zeros << 4, value);
            zeros = 0;
        }

        if (zeros > 0)
            Emit(Ac, _acFrequencies, 0, 0);
    }

    /// <summary>A symbol of run and size, then the value's bits: itself, or its complement when negative.</summary>
    private void Emit(JpegCode? code, long[] frequencies, int run, int value)
    {
        int size = 32 - BitOperations.LeadingZeroCount((uint)Math.Abs(value));
        if (_writer is null || code is null)
        {
            frequencies[run | size]++;
            return;
        }

        (int bits, int length) = code[run | size];
        _writer.Write(bits, length);
        _writer.Write((value < 0 ? value - 1 : value) & ((1 << size) - 1), size);
    }
}
