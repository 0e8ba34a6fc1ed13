using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>a·b.</summary>
internal readonly struct MultiplyOperator<TSimd, TVector> : IBinaryOperator<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Invoke(TVector a, TVector b) => TSimd.Multiply(a, b);
}
