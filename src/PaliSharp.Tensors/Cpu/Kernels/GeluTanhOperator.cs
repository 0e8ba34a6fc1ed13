using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>The tanh form of GELU.</summary>
internal readonly struct GeluTanhOperator<TSimd, TVector> : IUnaryOperator<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Invoke(TVector x) => VectorMath<TSimd, TVector>.GeluTanh(x);
}
