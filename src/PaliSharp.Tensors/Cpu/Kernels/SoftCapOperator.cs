using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>cap·tanh(x / cap).</summary>
/// <param name="cap">Positive.</param>
internal readonly struct SoftCapOperator<TSimd, TVector>(float cap) : IUnaryOperator<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    private readonly TVector _cap = TSimd.Broadcast(cap);
    private readonly TVector _reciprocal = TSimd.Broadcast(1 / cap);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Invoke(TVector x) => TSimd.Multiply(_cap, VectorMath<TSimd, TVector>.Tanh(TSimd.Multiply(x, _reciprocal)));
}
