namespace PaliSharp.Tensors.Cpu.MatMul.Integer;

/// <summary>
/// The vector operations of products with quantised weights, once for each kind of byte product. A vector holds one 32-bit lane for each of
/// <see cref="Count"/> outputs: four neighbouring weight bytes, or a sum. All sums are exact, so every path gives the same bits.
/// </summary>
/// <typeparam name="TInteger">The path's vector of 32-bit lanes.</typeparam>
/// <typeparam name="TReal">The path's vector of as many float32 lanes.</typeparam>
internal unsafe interface IIntegerSimd<TInteger, TReal>
    where TInteger : struct
    where TReal : struct
{
    /// <summary>The number of lanes; divides <see cref="Quantization.QuantizedLayout.GroupOutputs"/>.</summary>
    static abstract int Count { get; }

    /// <summary>The number of vector registers, which sizes register tiles.</summary>
    static abstract int Registers { get; }

    /// <summary>True if the processor has the path.</summary>
    static abstract bool IsSupported { get; }

    /// <summary>
    /// True if <see cref="Dot"/> wants signed weights: 8-bit ones are then flipped as they are loaded, and sums have no offset to begin with.
    /// </summary>
    static abstract bool SignedWeights { get; }

    /// <summary>A constant that <see cref="Dot"/> may need; held by the caller so that it stays in a register.</summary>
    static abstract TInteger Ones { get; }

    static abstract TInteger Broadcast(int value);

    /// <summary>Reads four bytes for each lane.</summary>
    static abstract TInteger Load(byte* source);

    static abstract void Store(TInteger value, byte* destination);

    static abstract TInteger Xor(TInteger a, TInteger b);

    /// <summary>Gives every lane the same four activations.</summary>
    static abstract TInteger BroadcastQuad(sbyte* source);

    /// <summary>
    /// sum + Σ weight·activation over the four bytes of each lane. The sum of each of the two neighbouring pairs of products must lie within 16 bits.
    /// </summary>
    static abstract TInteger Dot(TInteger sum, TInteger weights, TInteger activations, TInteger ones);

    /// <summary>The lower halves of all bytes.</summary>
    static abstract TInteger LowerHalves(TInteger value);

    /// <summary>The upper halves of all bytes.</summary>
    static abstract TInteger UpperHalves(TInteger value);

    /// <summary>
    /// As <see cref="Dot"/>, but into sums of a form of their own, which <see cref="AddPartial"/> makes into lanes: cheaper where several follow
    /// one another. At most eight, with weights of at most 15.
    /// </summary>
    static abstract TInteger DotPartial(TInteger partial, TInteger weights, TInteger activations, TInteger ones);

    /// <summary>sum + the sums of <see cref="DotPartial"/>.</summary>
    static abstract TInteger AddPartial(TInteger sum, TInteger partial, TInteger ones);

    static abstract TReal ToReal(TInteger value);

    static abstract TReal BroadcastReal(float value);

    /// <summary>Reads <see cref="Count"/> bfloat16.</summary>
    static abstract TReal LoadScales(ushort* source);

    static abstract TReal LoadReal(float* source);

    static abstract void StoreReal(TReal value, float* destination);

    static abstract TReal Add(TReal a, TReal b);

    static abstract TReal Multiply(TReal a, TReal b);

    /// <summary>Asks for the cache line of an address. Any address is allowed.</summary>
    static abstract void Prefetch(void* address);
}
