using System.Numerics;
using System.Runtime.CompilerServices;

namespace PaliSharp.Tensors.Cpu.Simd;

/// <summary><see cref="Vector{T}"/>: whatever the runtime can do anywhere, scalar loops where nothing is accelerated.</summary>
internal readonly unsafe struct PortableSimd : ISimd<Vector<float>>
{
    public static int Count => Vector<float>.Count;

    public static int Registers => 16;

    public static bool IsSupported => true;

    public static Vector<float> Zero => Vector<float>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Broadcast(float value) => new(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Load(float* source) => Unsafe.ReadUnaligned<Vector<float>>(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> LoadBFloat16(ushort* source)
    {
        uint* words = stackalloc uint[Vector<float>.Count];
        for (int i = 0; i < Vector<float>.Count; i++)
            words[i] = (uint)source[i] << 16;
        return Unsafe.ReadUnaligned<Vector<float>>(words);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadBFloat16Pairs(ushort* source, out Vector<float> even, out Vector<float> odd)
    {
        Vector<uint> pairs = Unsafe.ReadUnaligned<Vector<uint>>(source);
        var (lower, upper) = (Vector.AsVectorSingle(Vector.ShiftLeft(pairs, 16)), Vector.AsVectorSingle(pairs & new Vector<uint>(0xFFFF0000u)));
        (even, odd) = BitConverter.IsLittleEndian ? (lower, upper) : (upper, lower);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> LoadFloat16(ushort* source)
    {
        float* values = stackalloc float[Vector<float>.Count];
        for (int i = 0; i < Vector<float>.Count; i++)
            values[i] = (float)BitConverter.UInt16BitsToHalf(source[i]);
        return Unsafe.ReadUnaligned<Vector<float>>(values);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector<float> value, float* destination) => Unsafe.WriteUnaligned(destination, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(void* address)
    {
        // .NET offers no prefetch here; the processor follows the streams by itself.
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Add(Vector<float> a, Vector<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Subtract(Vector<float> a, Vector<float> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Multiply(Vector<float> a, Vector<float> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Divide(Vector<float> a, Vector<float> b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Max(Vector<float> a, Vector<float> b) => Vector.Max(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Min(Vector<float> a, Vector<float> b) => Vector.Min(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> MultiplyAdd(Vector<float> a, Vector<float> b, Vector<float> c) => (a * b) + c; // a software FMA is far slower

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Round(Vector<float> value) => Vector.Round(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> PowerOfTwo(Vector<float> exponent) =>
        Vector.AsVectorSingle(Vector.ShiftLeft(Vector.ConvertToInt32(exponent) + new Vector<int>(127), 23));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector<float> value) => Vector.Sum(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Maximum(Vector<float> value)
    {
        float maximum = value[0];
        for (int i = 1; i < Vector<float>.Count; i++)
            maximum = Math.Max(maximum, value[i]);
        return maximum;
    }
}
