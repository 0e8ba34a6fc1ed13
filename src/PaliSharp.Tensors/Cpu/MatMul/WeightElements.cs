using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;
using PaliSharp.Tensors.Quantization;

namespace PaliSharp.Tensors.Cpu.MatMul;

/// <summary>How the elements of a weight are read, so that one kernel serves all storage types.</summary>
/// <remarks>A row is given by the address of its elements, which lie <see cref="HeadBytes"/> behind its first byte.</remarks>
internal unsafe interface IWeightElement<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    /// <summary>The distance of two rows in bytes.</summary>
    static abstract nint RowBytes(int inputs);

    /// <summary>The bytes of a row in front of its elements.</summary>
    static abstract nint HeadBytes(int inputs);

    /// <summary>The bytes that so many elements take, rounded down.</summary>
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

    /// <summary>The elements that share a scale, a power of two; 0 if the type has no scales.</summary>
    static abstract int Block { get; }

    /// <summary>As <see cref="LoadPair"/>, without the scale.</summary>
    static abstract void LoadQuantPair(void* row, nint index, out TVector a, out TVector b);

    /// <summary>The scale of an element's block.</summary>
    static abstract float Scale(void* row, nint index);

    /// <summary>Widens one element.</summary>
    static abstract float LoadOne(void* row, nint index);
}

/// <summary>Elements stored as float32.</summary>
internal readonly unsafe struct Float32Element<TSimd, TVector> : IWeightElement<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint RowBytes(int inputs) => ByteCount(inputs);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint HeadBytes(int inputs) => 0;

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

    public static int Block => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadQuantPair(void* row, nint index, out TVector a, out TVector b) => LoadPair(row, index, out a, out b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Scale(void* row, nint index) => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float LoadOne(void* row, nint index) => Unsafe.ReadUnaligned<float>((float*)row + index);
}

/// <summary>Elements stored as bfloat16.</summary>
internal readonly unsafe struct BFloat16Element<TSimd, TVector> : IWeightElement<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint RowBytes(int inputs) => ByteCount(inputs);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint HeadBytes(int inputs) => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint ByteCount(nint elements) => elements * sizeof(ushort);

    public static bool SplitsEvenOdd => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load(void* row, nint index) => TSimd.LoadBFloat16((ushort*)row + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadPair(void* row, nint index, out TVector a, out TVector b) =>
        TSimd.LoadBFloat16Pairs((ushort*)row + index, out a, out b);

    public static int Block => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadQuantPair(void* row, nint index, out TVector a, out TVector b) => LoadPair(row, index, out a, out b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Scale(void* row, nint index) => 1;

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
    public static nint RowBytes(int inputs) => ByteCount(inputs);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint HeadBytes(int inputs) => 0;

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

    public static int Block => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadQuantPair(void* row, nint index, out TVector a, out TVector b) => LoadPair(row, index, out a, out b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Scale(void* row, nint index) => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float LoadOne(void* row, nint index) =>
        (float)BitConverter.UInt16BitsToHalf(Unsafe.ReadUnaligned<ushort>((ushort*)row + index));
}

/// <summary>Elements stored in 8 bits; a block's scale is applied to each vector, which is exact.</summary>
internal readonly unsafe struct Int8Element<TSimd, TVector> : IWeightElement<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static bool SplitsEvenOdd => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint RowBytes(int inputs) => (nint)QuantizedRow.Bytes(WeightType.Int8, inputs);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint HeadBytes(int inputs) => (nint)QuantizedRow.HeadBytes(WeightType.Int8, inputs);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint ByteCount(nint elements) => elements;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load(void* row, nint index) =>
        TSimd.Multiply(TSimd.LoadInt8((sbyte*)row + index), TSimd.Broadcast(QuantizedRow.Scale(row, index >> QuantizedRow.Int8BlockShift)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadPair(void* row, nint index, out TVector a, out TVector b)
    {
        TVector scale = TSimd.Broadcast(QuantizedRow.Scale(row, index >> QuantizedRow.Int8BlockShift));
        a = TSimd.Multiply(TSimd.LoadInt8((sbyte*)row + index), scale);
        b = TSimd.Multiply(TSimd.LoadInt8((sbyte*)row + index + TSimd.Count), scale);
    }

    public static int Block => QuantizedRow.Int8Block;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadQuantPair(void* row, nint index, out TVector a, out TVector b)
    {
        a = TSimd.LoadInt8((sbyte*)row + index);
        b = TSimd.LoadInt8((sbyte*)row + index + TSimd.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Scale(void* row, nint index) => QuantizedRow.Scale(row, index >> QuantizedRow.Int8BlockShift);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float LoadOne(void* row, nint index) => QuantizedRow.Int8At(row, index);
}

/// <summary>Elements stored in 4 bits; a block's scale is applied to each vector, which is exact.</summary>
internal readonly unsafe struct Int4Element<TSimd, TVector> : IWeightElement<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static bool SplitsEvenOdd => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint RowBytes(int inputs) => (nint)QuantizedRow.Bytes(WeightType.Int4, inputs);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint HeadBytes(int inputs) => (nint)QuantizedRow.HeadBytes(WeightType.Int4, inputs);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint ByteCount(nint elements) => elements / 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load(void* row, nint index) =>
        TSimd.Multiply(TSimd.LoadInt4((byte*)row + (index >> 1)), TSimd.Broadcast(QuantizedRow.Scale(row, index >> QuantizedRow.Int4BlockShift)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadPair(void* row, nint index, out TVector a, out TVector b)
    {
        TVector scale = TSimd.Broadcast(QuantizedRow.Scale(row, index >> QuantizedRow.Int4BlockShift));
        TSimd.LoadInt4Pairs((byte*)row + (index >> 1), out TVector even, out TVector odd);
        a = TSimd.Multiply(even, scale);
        b = TSimd.Multiply(odd, scale);
    }

    public static int Block => QuantizedRow.Int4Block;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadQuantPair(void* row, nint index, out TVector a, out TVector b) =>
        TSimd.LoadInt4Pairs((byte*)row + (index >> 1), out a, out b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Scale(void* row, nint index) => QuantizedRow.Scale(row, index >> QuantizedRow.Int4BlockShift);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float LoadOne(void* row, nint index) => QuantizedRow.Int4At(row, index);
}
