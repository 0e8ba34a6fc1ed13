using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.MatMul;

/// <summary>How the elements of a weight are read, so that one kernel serves all storage types.</summary>
internal unsafe interface IWeightElement<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    /// <summary>The bytes that so many elements take.</summary>
    static abstract nint ByteCount(nint elements);

    /// <summary>Widens a vector of elements, from <paramref name="index"/> on, which is a multiple of the vector's length.</summary>
    static abstract TVector Load(void* row, nint index);

    /// <summary>
    /// True if <see cref="LoadPair"/> gives the elements of even index and those of odd index, false if it gives the first and the last.
    /// </summary>
    static abstract bool SplitsEvenOdd { get; }

    /// <summary>
    /// Widens two vectors of elements in the order that is cheapest, from <paramref name="index"/> on, which is a multiple of their length.
    /// </summary>
    static abstract void LoadPair(void* row, nint index, out TVector a, out TVector b);

    /// <summary>Widens one element.</summary>
    static abstract float LoadOne(void* row, nint index);
}

/// <summary>Elements stored as float32.</summary>
internal readonly unsafe struct Float32Element<TSimd, TVector> : IWeightElement<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint ByteCount(nint elements) => elements * sizeof(float);

    public static bool SplitsEvenOdd => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load(void* row, nint index) => TSimd.Load((float*)row + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadPair(void* row, nint index, out TVector a, out TVector b)
    {
        a = Load(row, index);
        b = Load(row, index + TSimd.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float LoadOne(void* row, nint index) => Unsafe.ReadUnaligned<float>((float*)row + index);
}

/// <summary>Elements stored as bfloat16.</summary>
internal readonly unsafe struct BFloat16Element<TSimd, TVector> : IWeightElement<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint ByteCount(nint elements) => elements * sizeof(ushort);

    public static bool SplitsEvenOdd => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load(void* row, nint index) => TSimd.LoadBFloat16((ushort*)row + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadPair(void* row, nint index, out TVector a, out TVector b) =>
        TSimd.LoadBFloat16Pairs((ushort*)row + index, out a, out b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float LoadOne(void* row, nint index) =>
        BitConverter.UInt32BitsToSingle((uint)Unsafe.ReadUnaligned<ushort>((ushort*)row + index) << 16);
}

/// <summary>Elements stored as float16.</summary>
internal readonly unsafe struct Float16Element<TSimd, TVector> : IWeightElement<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint ByteCount(nint elements) => elements * sizeof(ushort);

    public static bool SplitsEvenOdd => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load(void* row, nint index) => TSimd.LoadFloat16((ushort*)row + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadPair(void* row, nint index, out TVector a, out TVector b)
    {
        a = Load(row, index);
        b = Load(row, index + TSimd.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float LoadOne(void* row, nint index) =>
        (float)BitConverter.UInt16BitsToHalf(Unsafe.ReadUnaligned<ushort>((ushort*)row + index));
}
