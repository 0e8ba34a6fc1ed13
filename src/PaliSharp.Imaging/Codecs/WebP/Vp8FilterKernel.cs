using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>The samples across an edge at sixteen positions: four before it (P0 nearest) and four behind (Q0 nearest).</summary>
internal struct Vp8EdgeSamples
{
    public Vector128<byte> P3;
    public Vector128<byte> P2;
    public Vector128<byte> P1;
    public Vector128<byte> P0;
    public Vector128<byte> Q0;
    public Vector128<byte> Q1;
    public Vector128<byte> Q2;
    public Vector128<byte> Q3;
}

/// <summary>The arithmetic of the loop filter for sixteen positions along an edge.</summary>
internal readonly struct Vp8FilterKernel(Vp8FilterStrength strength, bool simple)
{
    private const int OuterBonus = 4;

    private readonly Vector128<byte> _innerLimit = Vector128.Create((byte)strength.InnerLimit);
    private readonly Vector128<byte> _highVariance = Vector128.Create((byte)strength.HighVariance);

    /// <summary>Filters the samples in place.</summary>
    /// <param name="s">The samples.</param>
    /// <param name="outer">Whether the edge lies between macroblocks.</param>
    /// <returns>Whether any may have changed.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Apply(ref Vp8EdgeSamples s, bool outer)
    {
        // At most 2 · 63 + 63 + 4. Twice the step over the edge saturates above any limit.
        Vector128<byte> limit = Vector128.Create((byte)(strength.Limit + (outer ? OuterBonus : 0)));
        Vector128<byte> step = Difference(s.P0, s.Q0);
        Vector128<byte> around = (Difference(s.P1, s.Q1).AsUInt16() >> 1).AsByte() & Vector128.Create((byte)0x7F);
        Vector128<byte> mask = Vector128.LessThanOrEqual(Vector128.AddSaturate(Vector128.AddSaturate(step, step), around), limit);
        if (simple)
        {
            if (mask == Vector128<byte>.Zero)
                return false;
            FilterTwo(ref s, mask.AsSByte(), Vector128<sbyte>.AllBitsSet);
            return true;
        }

        Vector128<byte> nearP = Difference(s.P1, s.P0);
        Vector128<byte> nearQ = Difference(s.Q1, s.Q0);
        Vector128<byte> near = Vector128.Max(nearP, nearQ);
        Vector128<byte> steepest = Vector128.Max(
            Vector128.Max(near, Vector128.Max(Difference(s.P3, s.P2), Difference(s.P2, s.P1))),
            Vector128.Max(Difference(s.Q3, s.Q2), Difference(s.Q2, s.Q1)));
        mask &= Vector128.LessThanOrEqual(steepest, _innerLimit);
        if (mask == Vector128<byte>.Zero)
            return false;
        Vector128<byte> calm = Vector128.LessThanOrEqual(near, _highVariance);
        if (outer)
            FilterOuter(ref s, mask.AsSByte(), calm.AsSByte());
        else
            FilterInner(ref s, mask.AsSByte(), calm.AsSByte());
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Difference(Vector128<byte> a, Vector128<byte> b) => Vector128.Max(a, b) - Vector128.Min(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<sbyte> Signed(Vector128<byte> samples) => (samples ^ Vector128.Create((byte)0x80)).AsSByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Unsigned(Vector128<sbyte> samples) => samples.AsByte() ^ Vector128.Create((byte)0x80);

    /// <summary>The step over the edge: three times q0 − p0, plus p1 − q1 where the second mask says so; clamped.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<sbyte> Step(ref Vp8EdgeSamples s, Vector128<sbyte> mask, Vector128<sbyte> withOuter)
    {
        Vector128<sbyte> difference = Vector128.SubtractSaturate(Signed(s.Q0), Signed(s.P0));
        Vector128<sbyte> sum = Vector128.SubtractSaturate(Signed(s.P1), Signed(s.Q1)) & withOuter;
        sum = Vector128.AddSaturate(Vector128.AddSaturate(Vector128.AddSaturate(sum, difference), difference), difference);
        return sum & mask;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FilterTwo(ref Vp8EdgeSamples s, Vector128<sbyte> mask, Vector128<sbyte> withOuter)
    {
        Vector128<sbyte> step = Step(ref s, mask, withOuter);
        s.P0 = Unsigned(Vector128.AddSaturate(Signed(s.P0), Vector128.AddSaturate(step, Vector128.Create((sbyte)3)) >> 3));
        s.Q0 = Unsigned(Vector128.SubtractSaturate(Signed(s.Q0), Vector128.AddSaturate(step, Vector128.Create((sbyte)4)) >> 3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FilterInner(ref Vp8EdgeSamples s, Vector128<sbyte> mask, Vector128<sbyte> calm)
    {
        Vector128<sbyte> step = Step(ref s, mask, ~calm);
        Vector128<sbyte> towardsQ = Vector128.AddSaturate(step, Vector128.Create((sbyte)4)) >> 3;
        Vector128<sbyte> towardsP = Vector128.AddSaturate(step, Vector128.Create((sbyte)3)) >> 3;
        s.P0 = Unsigned(Vector128.AddSaturate(Signed(s.P0), towardsP));
        s.Q0 = Unsigned(Vector128.SubtractSaturate(Signed(s.Q0), towardsQ));
        Vector128<sbyte> half = ((towardsQ + Vector128<sbyte>.One) >> 1) & calm & mask;
        s.P1 = Unsigned(Vector128.AddSaturate(Signed(s.P1), half));
        s.Q1 = Unsigned(Vector128.SubtractSaturate(Signed(s.Q1), half));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FilterOuter(ref Vp8EdgeSamples s, Vector128<sbyte> mask, Vector128<sbyte> calm)
    {
        Vector128<sbyte> step = Step(ref s, mask, Vector128<sbyte>.AllBitsSet);
        Vector128<sbyte> steep = step & ~calm;
        Vector128<sbyte> p0 = Vector128.AddSaturate(Signed(s.P0), Vector128.AddSaturate(steep, Vector128.Create((sbyte)3)) >> 3);
        Vector128<sbyte> q0 = Vector128.SubtractSaturate(Signed(s.Q0), Vector128.AddSaturate(steep, Vector128.Create((sbyte)4)) >> 3);
        (Vector128<short> low, Vector128<short> high) = Vector128.Widen(step & calm);
        Vector128<sbyte> far = Share(low, high, 9);
        Vector128<sbyte> middle = Share(low, high, 18);
        Vector128<sbyte> nearest = Share(low, high, 27);
        s.P0 = Unsigned(Vector128.AddSaturate(p0, nearest));
        s.Q0 = Unsigned(Vector128.SubtractSaturate(q0, nearest));
        s.P1 = Unsigned(Vector128.AddSaturate(Signed(s.P1), middle));
        s.Q1 = Unsigned(Vector128.SubtractSaturate(Signed(s.Q1), middle));
        s.P2 = Unsigned(Vector128.AddSaturate(Signed(s.P2), far));
        s.Q2 = Unsigned(Vector128.SubtractSaturate(Signed(s.Q2), far));
    }

    /// <summary>So many 128ths of the step, rounded. They fit in a byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<sbyte> Share(Vector128<short> low, Vector128<short> high, short factor)
    {
        Vector128<short> weight = Vector128.Create(factor);
        Vector128<short> half = Vector128.Create((short)63);
        return Vector128.Narrow(((low * weight) + half) >> 7, ((high * weight) + half) >> 7);
    }
}
