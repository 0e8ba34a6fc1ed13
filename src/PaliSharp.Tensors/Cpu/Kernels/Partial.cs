using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>Reads and writes fewer elements than a vector has, touching no memory beyond them.</summary>
internal static unsafe class Partial<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    /// <summary>Reads <paramref name="count"/> floats; the other lanes are zero.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static TVector Load(float* source, int count)
    {
        float* lanes = stackalloc float[TSimd.Count];
        TSimd.Store(TSimd.Zero, lanes);
        for (int i = 0; i < count; i++)
            lanes[i] = source[i];
        return TSimd.Load(lanes);
    }

    /// <summary>Writes the first <paramref name="count"/> lanes.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Store(TVector value, float* destination, int count)
    {
        float* lanes = stackalloc float[TSimd.Count];
        TSimd.Store(value, lanes);
        for (int i = 0; i < count; i++)
            destination[i] = lanes[i];
    }
}
