using PaliSharp.Tensors;

namespace PaliSharp.Checkpoints;

/// <summary>Copies of weights in float32.</summary>
internal static unsafe class Widening
{
    /// <summary>The weight itself if it is stored as float32, else a widened copy: for vectors and tables, which are small.</summary>
    /// <param name="weight">The weight.</param>
    public static Weight ToFloat32(Weight weight) => weight.Type == WeightType.Float32 ? weight : CopyAsFloat32(weight, weight.Name);

    /// <summary>A copy in memory of its own, in float32.</summary>
    /// <param name="weight">The weight.</param>
    /// <param name="name">The copy's name.</param>
    public static Weight CopyAsFloat32(Weight weight, string name)
    {
        const int Chunk = 1 << 24;
        long count = weight.Shape.Count;
        var memory = new NativeBuffer(count * sizeof(float));
        for (long start = 0; start < count; start += Chunk)
        {
            int length = (int)Math.Min(Chunk, count - start);
            weight.CopyTo(start, length, new Span<float>((float*)memory.Pointer + start, length));
        }

        GC.KeepAlive(weight);
        return new Weight(name, WeightType.Float32, weight.Shape, memory.Pointer, memory);
    }

    /// <summary>A copy in memory of its own, in the same type.</summary>
    /// <param name="weight">The weight.</param>
    /// <param name="name">The copy's name.</param>
    public static Weight Copy(Weight weight, string name)
    {
        var memory = new NativeBuffer(weight.ByteLength);
        Buffer.MemoryCopy(weight.Data, memory.Pointer, weight.ByteLength, weight.ByteLength);
        GC.KeepAlive(weight);
        return new Weight(name, weight.Type, weight.Shape, memory.Pointer, memory);
    }
}
