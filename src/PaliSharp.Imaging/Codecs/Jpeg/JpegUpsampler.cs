using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PaliSharp.Imaging.Codecs.Jpeg;

/// <summary>
/// Brings the samples of one component to full resolution. Factors of two are interpolated with weights 3:1 ("fancy upsampling"),
/// others repeated, exactly as libjpeg-turbo does.
/// </summary>
internal sealed class JpegUpsampler
{
    private const int Padding = 32;

    private readonly JpegSamples _samples;
    private readonly JpegComponent _component;
    private readonly bool _interpolateX;
    private readonly bool _interpolateY;
    private readonly byte[] _output;
    private readonly ushort[] _sums;

    public JpegUpsampler(JpegSamples samples, JpegFrame frame)
    {
        _samples = samples;
        _component = samples.Component;
        (int x, int y) = (_component.ExpandX, _component.ExpandY);
        if (x == 0 || y == 0)
        {
            throw new ImageFormatException(
                $"The sampling factors of the JPEG file ({_component.H}x{_component.V}) do not divide the largest ones, which is not supported.");
        }

        // The reference repeats when blocks are scaled to single samples.
        bool isFancy = frame.BlockSide > 1;
        _interpolateX = isFancy && x == 2 && y <= 2 && _component.Width > 2;
        _interpolateY = isFancy && y == 2 && (x == 1 || _interpolateX);
        _output = x == 1 && !_interpolateY ? [] : new byte[Math.Max(frame.OutputWidth, _component.Width * x) + (2 * Padding)];
        _sums = _interpolateX ? new ushort[_component.Width + (2 * Padding)] : [];
    }

    /// <summary>The samples of one row of the picture; at least as many as it has columns.</summary>
    public ReadOnlySpan<byte> Row(int y)
    {
        int row = y / _component.ExpandY;
        ReadOnlySpan<byte> near = _samples.Row(row);
        bool lower = y % _component.ExpandY != 0;
        ReadOnlySpan<byte> far = _interpolateY ? _samples.Row(lower ? row + 1 : row - 1) : near;
        if (_interpolateX)
        {
            if (_interpolateY)
                ExpandColumns(near, far, biasEven: 8, biasOdd: 7, shift: 4);
            else
                ExpandColumns(near, [], biasEven: 1, biasOdd: 2, shift: 2);
            return _output;
        }

        if (_interpolateY)
        {
            BlendRows(near, far, lower ? 2 : 1);
            return _output;
        }

        if (_component.ExpandX == 1)
            return near;
        Repeat(near);
        return _output;
    }

    private void Repeat(ReadOnlySpan<byte> row)
    {
        int factor = _component.ExpandX;
        for (int x = 0, to = 0; x < _component.Width; x++)
        {
            for (int i = 0; i < factor; i++)
                _output[to++] = row[x];
        }
    }

    private void BlendRows(ReadOnlySpan<byte> near, ReadOnlySpan<byte> far, int bias)
    {
        Span<byte> output = _output;
        for (int x = 0; x < _component.Width; x++)
            output[x] = (byte)(((near[x] * 3) + far[x] + bias) >> 2);
    }

    private void ExpandColumns(ReadOnlySpan<byte> near, ReadOnlySpan<byte> far, int biasEven, int biasOdd, int shift)
    {
        // Sums over the rows, with the outermost repeated so that the edges need no rule of their own.
        int width = _component.Width;
        Span<ushort> sums = _sums.AsSpan(Padding - 1, width + 2);
        Span<ushort> inner = sums[1..];
        SumRows(near[..width], far, inner);
        sums[0] = sums[1];
        sums[width + 1] = sums[width];

        ReadOnlySpan<ushort> left = sums[..width];
        ReadOnlySpan<ushort> centre = sums.Slice(1, width);
        ReadOnlySpan<ushort> right = sums.Slice(2, width);
        Span<ushort> pairs = MemoryMarshal.Cast<byte, ushort>(_output.AsSpan())[..width];
        int x = 0;
        for (; x <= width - Vector256<ushort>.Count; x += Vector256<ushort>.Count)
        {
            Vector256<ushort> triple = Vector256.Create(centre.Slice(x, 16)) * 3;
            Vector256<ushort> even = (triple + Vector256.Create(left.Slice(x, 16)) + Vector256.Create((ushort)biasEven)) >> shift;
            Vector256<ushort> odd = (triple + Vector256.Create(right.Slice(x, 16)) + Vector256.Create((ushort)biasOdd)) >> shift;
            if (BitConverter.IsLittleEndian)
                (even | (odd << 8)).CopyTo(pairs[x..]);
            else
                (odd | (even << 8)).CopyTo(pairs[x..]);
        }

        for (; x < width; x++)
        {
            int triple = centre[x] * 3;
            _output[2 * x] = (byte)((triple + left[x] + biasEven) >> shift);
            _output[(2 * x) + 1] = (byte)((triple + right[x] + biasOdd) >> shift);
        }
    }

    private static void SumRows(ReadOnlySpan<byte> near, ReadOnlySpan<byte> far, Span<ushort> sums)
    {
        int x = 0;
        if (far.IsEmpty)
        {
            for (; x <= near.Length - 16; x += 16)
            {
                (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(Vector128.Create(near.Slice(x, 16)));
                low.CopyTo(sums[x..]);
                high.CopyTo(sums[(x + 8)..]);
            }

            for (; x < near.Length; x++)
                sums[x] = near[x];
            return;
        }

        for (; x <= near.Length - 16; x += 16)
        {
            (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(Vector128.Create(near.Slice(x, 16)));
            (Vector128<ushort> farLow, Vector128<ushort> farHigh) = Vector128.Widen(Vector128.Create(far.Slice(x, 16)));
            ((low * 3) + farLow).CopyTo(sums[x..]);
            ((high * 3) + farHigh).CopyTo(sums[(x + 8)..]);
        }

        for (; x < near.Length; x++)
            sums[x] = (ushort)((near[x] * 3) + far[x]);
    }
}
