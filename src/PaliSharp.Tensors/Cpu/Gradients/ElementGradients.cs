using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Kernels;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Gradients;

/// <summary>The derivative of a function of one element, on vectors. An instance carries the function's parameters.</summary>
internal interface IElementGradient<TVector>
    where TVector : struct
{
    /// <summary>f'(x).</summary>
    TVector Derivative(TVector x);
}

/// <summary>geluTanh'(x) = ½(1 + t) + ½x(1 − t²)·√(2/π)·(1 + 3·0.044715x²), t = tanh(√(2/π)(x + 0.044715x³)).</summary>
internal readonly struct GeluTanhGradient<TSimd, TVector> : IElementGradient<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    private const float Slope = 0.7978845608028654f; // √(2/π)
    private const float Cubic = 0.044715f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Derivative(TVector x)
    {
        Evaluate(x, out _, out TVector derivative);
        return derivative;
    }

    /// <summary>Value and derivative together.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Evaluate(TVector x, out TVector value, out TVector derivative)
    {
        // With s = ½(1 + t), the logistic function of 2u, and 1 − t² = 4s(1 − s), nothing cancels for negative x.
        TVector one = TSimd.Broadcast(1);
        TVector square = TSimd.Multiply(x, x);
        TVector inner = TSimd.MultiplyAdd(square, TSimd.Broadcast(Cubic * Slope), TSimd.Broadcast(Slope));
        TVector e = VectorMath<TSimd, TVector>.Exp(TSimd.Multiply(TSimd.Multiply(TSimd.Broadcast(-2), x), inner));
        TVector denominator = TSimd.Add(one, e);
        TVector s = TSimd.Divide(one, denominator);
        value = TSimd.Multiply(x, s);

        // 1 − s = e / (1 + e) would be ∞/∞ where e overflows; there s is 0 and the product with it vanishes.
        TVector slope = TSimd.MultiplyAdd(square, TSimd.Broadcast(3 * Cubic * Slope), TSimd.Broadcast(Slope));
        TVector bell = TSimd.Multiply(s, TSimd.Subtract(one, s));
        derivative = TSimd.MultiplyAdd(TSimd.Multiply(TSimd.Add(x, x), bell), slope, s);
    }
}

/// <summary>The derivative of cap·tanh(x / cap): 1 − tanh²(x / cap).</summary>
/// <param name="cap">Positive.</param>
internal readonly struct SoftCapGradient<TSimd, TVector>(float cap) : IElementGradient<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    private readonly float _inverse = 1 / cap;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Derivative(TVector x)
    {
        TVector t = VectorMath<TSimd, TVector>.Tanh(TSimd.Multiply(x, TSimd.Broadcast(_inverse)));
        return TSimd.Subtract(TSimd.Broadcast(1), TSimd.Multiply(t, t));
    }
}

/// <summary>dx = or += dy·f'(x) for a range of elements.</summary>
internal unsafe struct ElementGradientJob<TSimd, TVector, TGradient> : IParallelJob
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TGradient : struct, IElementGradient<TVector>
{
    public TGradient Function;
    public float* Dy;
    public float* X;
    public float* Dx;
    public long Count;
    public bool Accumulate;
    public int Parts;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Execute(int part)
    {
        TGradient function = Function;
        (long start, long end) = Partition.Range(part, Parts, Count, 16);
        long i = start;
        for (; i + TSimd.Count <= end; i += TSimd.Count)
        {
            TVector value = TSimd.Multiply(TSimd.Load(Dy + i), function.Derivative(TSimd.Load(X + i)));
            TSimd.Store(Accumulate ? TSimd.Add(TSimd.Load(Dx + i), value) : value, Dx + i);
        }

        int rest = (int)(end - i);
        if (rest == 0)
            return;
        TVector last = TSimd.Multiply(Partial<TSimd, TVector>.Load(Dy + i, rest), function.Derivative(Partial<TSimd, TVector>.Load(X + i, rest)));
        if (Accumulate)
            last = TSimd.Add(Partial<TSimd, TVector>.Load(Dx + i, rest), last);
        Partial<TSimd, TVector>.Store(last, Dx + i, rest);
    }
}

/// <summary>dgate = dy·up·geluTanh'(gate), dup = dy·geluTanh(gate) for a range of elements.</summary>
internal unsafe struct GatedGeluGradientJob<TSimd, TVector> : IParallelJob
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public float* Dy;
    public float* Gate;
    public float* Up;
    public float* Dgate;
    public float* Dup;
    public long Count;
    public int Parts;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Execute(int part)
    {
        (long start, long end) = Partition.Range(part, Parts, Count, 16);
        long i = start;
        for (; i + TSimd.Count <= end; i += TSimd.Count)
        {
            Compute(TSimd.Load(Dy + i), TSimd.Load(Gate + i), TSimd.Load(Up + i), out TVector dgate, out TVector dup);
            TSimd.Store(dgate, Dgate + i);
            TSimd.Store(dup, Dup + i);
        }

        int rest = (int)(end - i);
        if (rest == 0)
            return;
        Compute(
            Partial<TSimd, TVector>.Load(Dy + i, rest),
            Partial<TSimd, TVector>.Load(Gate + i, rest),
            Partial<TSimd, TVector>.Load(Up + i, rest),
            out TVector lastGate,
            out TVector lastUp);
        Partial<TSimd, TVector>.Store(lastGate, Dgate + i, rest);
        Partial<TSimd, TVector>.Store(lastUp, Dup + i, rest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Compute(TVector dy, TVector gate, TVector up, out TVector dgate, out TVector dup)
    {
        GeluTanhGradient<TSimd, TVector>.Evaluate(gate, out TVector value, out TVector derivative);
        dup = TSimd.Multiply(dy, value);
        dgate = TSimd.Multiply(TSimd.Multiply(dy, up), derivative);
    }
}
