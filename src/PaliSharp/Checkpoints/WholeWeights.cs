using PaliSharp.Tensors;

namespace PaliSharp.Checkpoints;

/// <summary>Copies and comparisons of whole weights.</summary>
internal static unsafe class WholeWeights
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

    /// <summary>A copy in memory of its own, rounded to a type.</summary>
    /// <param name="weight">The weight.</param>
    /// <param name="type"><see cref="WeightType.Float32"/> or <see cref="WeightType.BFloat16"/>.</param>
    public static Weight CopyAs(Weight weight, WeightType type)
    {
        if (type == WeightType.Float32)
            return CopyAsFloat32(weight, weight.Name);
        const int Chunk = 1 << 20;
        long count = weight.Shape.Count;
        var memory = new NativeBuffer(Weight.SizeOf(WeightType.BFloat16, weight.Shape));
        float[] values = new float[Math.Min(Chunk, count)];
        for (long start = 0; start < count; start += Chunk)
        {
            Span<float> run = values.AsSpan(0, (int)Math.Min(Chunk, count - start));
            weight.CopyTo(start, run.Length, run);
            ushort* words = (ushort*)memory.Pointer + start;
            for (int i = 0; i < run.Length; i++)
                words[i] = LowRankMath.RoundToBFloat16(run[i]);
        }

        return new Weight(weight.Name, WeightType.BFloat16, weight.Shape, memory.Pointer, memory);
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

    /// <summary>Whether two weights have the same type, shape and bytes.</summary>
    /// <param name="a">The one.</param>
    /// <param name="b">The other.</param>
    public static bool SameContent(Weight a, Weight b)
    {
        if (a.Type != b.Type || a.Shape != b.Shape)
            return false;
        const int Chunk = 1 << 24;
        bool same = true;
        for (long offset = 0; same && offset < a.ByteLength; offset += Chunk)
        {
            int count = (int)Math.Min(Chunk, a.ByteLength - offset);
            same = new ReadOnlySpan<byte>((byte*)a.Data + offset, count).SequenceEqual(new ReadOnlySpan<byte>((byte*)b.Data + offset, count));
        }

        GC.KeepAlive(a);
        GC.KeepAlive(b);
        return same;
    }
}
