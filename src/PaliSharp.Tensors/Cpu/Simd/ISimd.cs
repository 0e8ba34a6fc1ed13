namespace PaliSharp.Tensors.Cpu.Simd;

/// <summary>
/// The vector operations kernels are written in, once for all instruction paths: a kernel is generic over the path and its vector,
/// and the JIT compiles it anew, fully inlined, for each.
/// </summary>
/// <typeparam name="TVector">The path's vector of float32 lanes.</typeparam>
internal unsafe interface ISimd<TVector>
    where TVector : struct
{
    /// <summary>The number of lanes.</summary>
    static abstract int Count { get; }

    /// <summary>The number of vector registers, which sizes register tiles.</summary>
    static abstract int Registers { get; }

    /// <summary>True if the processor has the path.</summary>
    static abstract bool IsSupported { get; }

    static abstract TVector Zero { get; }

    static abstract TVector Broadcast(float value);

    /// <summary>Reads <see cref="Count"/> floats, of any alignment.</summary>
    static abstract TVector Load(float* source);

    /// <summary>Reads <see cref="Count"/> bfloat16 and widens them.</summary>
    static abstract TVector LoadBFloat16(ushort* source);

    /// <summary>
    /// Reads 2 · <see cref="Count"/> bfloat16 and widens those of even index and those of odd index, which takes fewer instructions
    /// than widening them in order.
    /// </summary>
    static abstract void LoadBFloat16Pairs(ushort* source, out TVector even, out TVector odd);

    /// <summary>Reads <see cref="Count"/> float16 and widens them exactly, subnormals, infinities and NaN included.</summary>
    static abstract TVector LoadFloat16(ushort* source);

    static abstract void Store(TVector value, float* destination);

    /// <summary>Asks for the cache line of an address to be brought into the second-level cache. Any address is allowed; does nothing where the path cannot.</summary>
    static abstract void Prefetch(void* address);

    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector Subtract(TVector a, TVector b);

    static abstract TVector Multiply(TVector a, TVector b);

    static abstract TVector Divide(TVector a, TVector b);

    static abstract TVector Max(TVector a, TVector b);

    static abstract TVector Min(TVector a, TVector b);

    /// <summary>a·b + c, fused where the path can.</summary>
    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector c);

    /// <summary>The nearest integer, ties to even.</summary>
    static abstract TVector Round(TVector value);

    /// <summary>2ⁿ for integral n from −126 to 127, by writing the exponent.</summary>
    static abstract TVector PowerOfTwo(TVector exponent);

    /// <summary>The sum of all lanes.</summary>
    static abstract float Sum(TVector value);

    /// <summary>The largest lane.</summary>
    static abstract float Maximum(TVector value);
}
