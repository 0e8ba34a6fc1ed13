using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace PaliSharp.Tensors.Cpu.MatMul.Integer;

/// <summary>Byte products of Arm's dot product extension: <c>sdot</c>, which multiplies signed bytes.</summary>
internal readonly unsafe struct ArmDpInteger : IIntegerSimd<Vector128<int>, Vector128<float>>
{
    public static int Count => Vector128<int>.Count;

    public static int Registers => 32;

    public static bool IsSupported => Dp.IsSupported;

    public static bool SignedWeights => true;

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
    public static Vector128<int> Dot(Vector128<int> sum, Vector128<int> weights, Vector128<int> activations, Vector128<int> ones) =>
        Dp.DotProduct(sum, weights.AsSByte(), activations.AsSByte());

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
        // The processor finds two linear streams by itself, and .NET offers no such instruction here.
    }
}
