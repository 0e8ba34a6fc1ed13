using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>The predictions of lossless WebP. A run of pixels of the same mode is done at once.</summary>
internal static class LosslessPredictors
{
    /// <summary>Opaque black, the prediction where there are no neighbours.</summary>
    public const uint Opaque = 0xFF000000;

    /// <summary>Adds to each pixel the one to the left; to the first one the given.</summary>
    public static void AddLeft(uint left, Span<uint> pixels)
    {
        foreach (ref uint pixel in pixels)
        {
            left = LosslessTransform.Add(pixel, left);
            pixel = left;
        }
    }

    /// <summary>Adds the prediction to a run of pixels.</summary>
    /// <param name="mode">The mode.</param>
    /// <param name="picture">The whole picture.</param>
    /// <param name="at">The first pixel of the run; not the first of its row, nor in the first row.</param>
    /// <param name="count">The pixels of the run.</param>
    /// <param name="width">The columns of the picture. Beyond the last column the row above goes on with the first pixel of this row.</param>
    public static void Add(int mode, Span<uint> picture, int at, int count, int width)
    {
        Span<uint> run = picture.Slice(at, count);
        ReadOnlySpan<uint> top = picture.Slice(at - width, count);
        ReadOnlySpan<uint> topLeft = picture.Slice(at - width - 1, count);
        ReadOnlySpan<uint> topRight = picture.Slice(at - width + 1, count);
        uint left = picture[at - 1];
        switch (mode)
        {
            case 1:
                AddLeft(left, run);
                break;
            case 2:
                AddRow(run, top);
                break;
            case 3:
                AddRow(run, topRight);
                break;
            case 4:
                AddRow(run, topLeft);
                break;
            case 8:
                AddAverage(run, topLeft, top);
                break;
            case 9:
                AddAverage(run, top, topRight);
                break;
            case 5 or 6 or 7 or 10:
                AddAverageOfLeft(mode, left, run, top, topLeft, topRight);
                break;
            case 11:
                AddSelected(left, run, top, topLeft);
                break;
            case 12:
                AddGradient(left, run, top, topLeft);
                break;
            case 13:
                AddHalfGradient(left, run, top, topLeft);
                break;
            default:
                foreach (ref uint pixel in run)
                    pixel = LosslessTransform.Add(pixel, Opaque);
                break;
        }
    }

    private static uint Average(uint a, uint b) => (((a ^ b) & 0xFEFEFEFE) >> 1) + (a & b);

    private static void AddRow(Span<uint> run, ReadOnlySpan<uint> above)
    {
        // A run is shorter than a row, so what is read has been finished, also beyond the end of the row above.
        int i = 0;
        for (; i <= run.Length - Vector<uint>.Count; i += Vector<uint>.Count)
        {
            Vector<byte> sum = Vector.AsVectorByte(new Vector<uint>(run[i..])) + Vector.AsVectorByte(new Vector<uint>(above[i..]));
            Vector.AsVectorUInt32(sum).CopyTo(run[i..]);
        }

        for (; i < run.Length; i++)
            run[i] = LosslessTransform.Add(run[i], above[i]);
    }

    private static void AddAverage(Span<uint> run, ReadOnlySpan<uint> a, ReadOnlySpan<uint> b)
    {
        int i = 0;
        var mask = new Vector<uint>(0xFEFEFEFE);
        for (; i <= run.Length - Vector<uint>.Count; i += Vector<uint>.Count)
        {
            var first = new Vector<uint>(a[i..]);
            var second = new Vector<uint>(b[i..]);
            Vector<uint> average = (((first ^ second) & mask) >> 1) + (first & second);
            Vector<byte> sum = Vector.AsVectorByte(new Vector<uint>(run[i..])) + Vector.AsVectorByte(average);
            Vector.AsVectorUInt32(sum).CopyTo(run[i..]);
        }

        for (; i < run.Length; i++)
            run[i] = LosslessTransform.Add(run[i], Average(a[i], b[i]));
    }

    private static void AddAverageOfLeft(int mode, uint left, Span<uint> run, ReadOnlySpan<uint> top, ReadOnlySpan<uint> topLeft, ReadOnlySpan<uint> topRight)
    {
        for (int i = 0; i < run.Length; i++)
        {
            uint prediction = mode switch
            {
                5 => Average(Average(left, topRight[i]), top[i]),
                6 => Average(left, topLeft[i]),
                7 => Average(left, top[i]),
                _ => Average(Average(left, topLeft[i]), Average(top[i], topRight[i])),
            };
            left = LosslessTransform.Add(run[i], prediction);
            run[i] = left;
        }
    }

    private static void AddSelected(uint left, Span<uint> run, ReadOnlySpan<uint> top, ReadOnlySpan<uint> topLeft)
    {
        for (int i = 0; i < run.Length; i++)
        {
            int toLeft = Distance(top[i], topLeft[i]);
            int toTop = Distance(left, topLeft[i]);
            left = LosslessTransform.Add(run[i], toLeft < toTop ? left : top[i]);
            run[i] = left;
        }
    }

    /// <summary>The sum of the differences of the four bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Distance(uint a, uint b)
    {
        if (Sse2.IsSupported)
            return Sse2.SumAbsoluteDifferences(Vector128.CreateScalar(a).AsByte(), Vector128.CreateScalar(b).AsByte()).AsInt32().ToScalar();
        int sum = 0;
        for (int shift = 0; shift < 32; shift += 8)
            sum += Math.Abs((int)((a >> shift) & 255) - (int)((b >> shift) & 255));
        return sum;
    }

    private static void AddGradient(uint left, Span<uint> run, ReadOnlySpan<uint> top, ReadOnlySpan<uint> topLeft)
    {
        Vector128<short> wideLeft = Widen(left);
        for (int i = 0; i < run.Length; i++)
        {
            uint prediction = Narrow(wideLeft + (Widen(top[i]) - Widen(topLeft[i])));
            uint pixel = LosslessTransform.Add(run[i], prediction);
            run[i] = pixel;
            wideLeft = Widen(pixel);
        }
    }

    private static void AddHalfGradient(uint left, Span<uint> run, ReadOnlySpan<uint> top, ReadOnlySpan<uint> topLeft)
    {
        for (int i = 0; i < run.Length; i++)
        {
            // Half of the difference, rounded towards zero.
            Vector128<short> average = Widen(Average(left, top[i]));
            Vector128<short> difference = average - Widen(topLeft[i]);
            Vector128<short> half = (difference + (difference >>> 15)) >> 1;
            left = LosslessTransform.Add(run[i], Narrow(average + half));
            run[i] = left;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Widen(uint pixel) => Vector128.WidenLower(Vector128.CreateScalar(pixel).AsByte()).AsInt16();

    /// <summary>The four bytes of clamped values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Narrow(Vector128<short> values)
    {
        if (Sse2.IsSupported)
            return Sse2.PackUnsignedSaturate(values, values).AsUInt32().ToScalar();
        Vector128<short> clamped = Vector128.Min(Vector128.Max(values, Vector128<short>.Zero), Vector128.Create((short)255));
        return Vector128.Narrow(clamped.AsUInt16(), clamped.AsUInt16()).AsUInt32().ToScalar();
    }
}
