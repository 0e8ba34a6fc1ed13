using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>geluTanh(gate)·up.</summary>
internal readonly struct GatedGeluTanhOperator<TSimd, TVector> : IBinaryOperator<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Invoke(TVector a, TVector b) => TSimd.Multiply(VectorMath<TSimd, TVector>.GeluTanh(a), b);
}
