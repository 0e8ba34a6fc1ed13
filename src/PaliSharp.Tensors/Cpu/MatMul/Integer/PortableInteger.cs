using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PaliSharp.Tensors.Cpu.MatMul.Integer;

/// <summary>
/// Byte products in 128-bit vectors of operations that every processor has in some form, or the runtime emulates: bytes are widened to 16 bits.
/// </summary>
internal readonly unsafe struct PortableInteger : IIntegerSimd<Vector128<int>, Vector128<float>>
{
    public static int Count => Vector128<int>.Count;

    public static int Registers => 16;

    public static bool IsSupported => true;

    public static bool SignedWeights => false;

    public static Vector128<int> Ones => Vector128<int>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Broadcast(int value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Load(byte* source) => Vector128.Load((int*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<int> value, byte* destination) => value.Store((int*)destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Xor(Vector128<int> a, Vector128<int> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> BroadcastQuad(sbyte* source) => Vector128.Create(Unsafe.ReadUnaligned<int>(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Dot(Vector128<int> sum, Vector128<int> weights, Vector128<int> activations, Vector128<int> ones)
    {
        // Products of a byte and a signed byte fit into 16 bits, and so do, by contract, sums of two. Neighbours are then the halves of 32-bit lanes.
        Vector128<short> lower = Vector128.WidenLower(weights.AsByte()).AsInt16() * Vector128.WidenLower(activations.AsSByte());
        Vector128<short> upper = Vector128.WidenUpper(weights.AsByte()).AsInt16() * Vector128.WidenUpper(activations.AsSByte());
        Vector128<int> lowerPairs = PairSums(lower), upperPairs = PairSums(upper);
        return sum + Even(lowerPairs, upperPairs) + Odd(lowerPairs, upperPairs);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> LowerHalves(Vector128<int> value) => value & Vector128.Create(0x0F0F0F0F);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> UpperHalves(Vector128<int> value) => Vector128.ShiftRightLogical(value.AsByte(), 4).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> DotPartial(Vector128<int> partial, Vector128<int> weights, Vector128<int> activations, Vector128<int> ones) =>
        Dot(partial, weights, activations, ones);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> AddPartial(Vector128<int> sum, Vector128<int> partial, Vector128<int> ones) => sum + partial;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> ToReal(Vector128<int> value) => Vector128.ConvertToSingle(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> BroadcastReal(float value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadScales(ushort* source) =>
        Vector128.ShiftLeft(Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(source)).AsUInt16()), 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadReal(float* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreReal(Vector128<float> value, float* destination) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Add(Vector128<float> a, Vector128<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Multiply(Vector128<float> a, Vector128<float> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(void* address)
    {
        // There is no such instruction everywhere.
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> PairSums(Vector128<short> value) =>
        Vector128.ShiftRightArithmetic(value.AsInt32(), 16) + Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(value.AsInt32(), 16), 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Even(Vector128<int> a, Vector128<int> b) => Vector128.Create(
        Vector128.Shuffle(a, Vector128.Create(0, 2, 0, 0)).GetLower(), Vector128.Shuffle(b, Vector128.Create(0, 2, 0, 0)).GetLower());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Odd(Vector128<int> a, Vector128<int> b) => Vector128.Create(
        Vector128.Shuffle(a, Vector128.Create(1, 3, 0, 0)).GetLower(), Vector128.Shuffle(b, Vector128.Create(1, 3, 0, 0)).GetLower());
}
