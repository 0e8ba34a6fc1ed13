using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>Elementary functions on vectors.</summary>
/// <remarks>
/// All reduce their argument to n·ln 2 + r with |r| ≤ ½·ln 2, ln 2 being split in two so that the reduction is exact enough, and use
/// expm1(r) = r + r²·P(r) with a minimax polynomial of degree 5 (relative error 2e-9). The constant comes first in a maximum or
/// minimum: there x86 returns the second operand if one is NaN, so NaN passes through.
/// </remarks>
internal static unsafe class VectorMath<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    private const float LogTwoE = 1.44269504088896341f;
    private const float LnTwoHigh = 0.693359375f; // 10 significant bits: its product with any n here is exact
    private const float LnTwoLow = -2.12194440e-4f;
    private const float C0 = 0.5f;
    private const float C1 = 0.166666672f;
    private const float C2 = 0.041666463f;
    private const float C3 = 0.00833331048f;
    private const float C4 = 0.00139336858f;
    private const float C5 = 0.000198910304f;

    /// <summary>eˣ within 2 units in the last place, subnormal results included; 0 and ∞ beyond the range of a float.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Exp(TVector x)
    {
        x = TSimd.Min(TSimd.Broadcast(89), TSimd.Max(TSimd.Broadcast(-105), x));
        TVector n = TSimd.Round(TSimd.Multiply(x, TSimd.Broadcast(LogTwoE)));
        TVector value = TSimd.Add(ExpMinusOne(Reduce(x, n)), TSimd.Broadcast(1));

        // 2ⁿ in two factors: n reaches −151 and 128, beyond the exponents of normal numbers; only the second product rounds.
        TVector half = TSimd.Round(TSimd.Multiply(n, TSimd.Broadcast(0.5f)));
        value = TSimd.Multiply(value, TSimd.PowerOfTwo(half));
        return TSimd.Multiply(value, TSimd.PowerOfTwo(TSimd.Subtract(n, half)));
    }

    /// <summary>eˣ for x ≤ 0 as a softmax needs it: below −87 it stays at 1e-38 instead of falling to zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector ExpOfNonPositive(TVector x)
    {
        x = TSimd.Max(TSimd.Broadcast(-87), x);
        TVector n = TSimd.Round(TSimd.Multiply(x, TSimd.Broadcast(LogTwoE)));
        return TSimd.Multiply(TSimd.Add(ExpMinusOne(Reduce(x, n)), TSimd.Broadcast(1)), TSimd.PowerOfTwo(n));
    }

    /// <summary>tanh x with a relative error below 2e-7 everywhere.</summary>
    /// <remarks>
    /// With e = expm1(2x) = 2ⁿ·expm1(r) + (2ⁿ − 1), tanh x = e / (e + 2). Near zero n is 0 and e keeps all its digits.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Tanh(TVector x)
    {
        x = TSimd.Min(TSimd.Broadcast(10), TSimd.Max(TSimd.Broadcast(-10), x)); // ±1 to float32 precision beyond
        x = TSimd.Add(x, x);
        TVector n = TSimd.Round(TSimd.Multiply(x, TSimd.Broadcast(LogTwoE)));
        TVector power = TSimd.PowerOfTwo(n);
        TVector e = TSimd.MultiplyAdd(power, ExpMinusOne(Reduce(x, n)), TSimd.Subtract(power, TSimd.Broadcast(1)));
        return TSimd.Divide(e, TSimd.Add(e, TSimd.Broadcast(2)));
    }

    /// <summary>½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))).</summary>
    /// <remarks>½·(1 + tanh u) is the logistic function of 2u: as x / (1 + e⁻²ᵘ) nothing cancels for negative x.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector GeluTanh(TVector x)
    {
        const float MinusTwoRootTwoOverPi = -1.5957691216057308f;
        TVector cubic = TSimd.MultiplyAdd(TSimd.Multiply(x, x), TSimd.Broadcast(0.044715f * MinusTwoRootTwoOverPi), TSimd.Broadcast(MinusTwoRootTwoOverPi));
        return TSimd.Divide(x, TSimd.Add(TSimd.Broadcast(1), Exp(TSimd.Multiply(x, cubic))));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Reduce(TVector x, TVector n) =>
        TSimd.MultiplyAdd(n, TSimd.Broadcast(-LnTwoLow), TSimd.MultiplyAdd(n, TSimd.Broadcast(-LnTwoHigh), x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector ExpMinusOne(TVector r)
    {
        TVector p = TSimd.Broadcast(C5);
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(C4));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(C3));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(C2));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(C1));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(C0));
        return TSimd.MultiplyAdd(TSimd.Multiply(r, r), p, r);
    }
}
