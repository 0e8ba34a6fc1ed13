using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>Reads elements of one storage type as float32.</summary>
internal unsafe interface IWidening<TVector>
    where TVector : struct
{
    /// <summary>Reads a vector that starts at an element.</summary>
    static abstract TVector Load(void* data, long index);

    /// <summary>Reads one element.</summary>
    static abstract float Read(void* data, long index);
}

/// <summary>Reads float32.</summary>
internal readonly unsafe struct Float32Source<TSimd, TVector> : IWidening<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load(void* data, long index) => TSimd.Load((float*)data + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Read(void* data, long index) => ((float*)data)[index];
}

/// <summary>Reads bfloat16.</summary>
internal readonly unsafe struct BFloat16Source<TSimd, TVector> : IWidening<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load(void* data, long index) => TSimd.LoadBFloat16((ushort*)data + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Read(void* data, long index) => BitConverter.UInt32BitsToSingle((uint)((ushort*)data)[index] << 16);
}

/// <summary>Reads float16.</summary>
internal readonly unsafe struct Float16Source<TSimd, TVector> : IWidening<TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load(void* data, long index) => TSimd.LoadFloat16((ushort*)data + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Read(void* data, long index) => (float)((Half*)data)[index];
}
