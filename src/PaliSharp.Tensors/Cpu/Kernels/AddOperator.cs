using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>a + scale·b.</summary>
/// <param name="scale">The factor of b.</param>
internal readonly struct AddOperator<TSimd, TVector>(float scale) : IBinaryOperator<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    private readonly TVector _scale = TSimd.Broadcast(scale);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Invoke(TVector a, TVector b) => TSimd.MultiplyAdd(_scale, b, a);
}
