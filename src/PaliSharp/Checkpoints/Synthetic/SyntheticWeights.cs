using System.Buffers;
using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Checkpoints.Synthetic;

/// <summary>All weights of a model by <see cref="SyntheticLaw"/>, in memory.</summary>
internal static class SyntheticWeights
{
    private const int PieceLength = 1 << 20;

    /// <summary>Computes the weights, rounded to bfloat16: matrices stored so, what kernels read as float32 widened.</summary>
    /// <param name="config">The geometry.</param>
    /// <param name="cancellationToken">Stops between pieces.</param>
    /// <exception cref="ResourceLimitException">The machine has not enough memory.</exception>
    public static WeightSet Create(PaliGemmaConfig config, CancellationToken cancellationToken = default)
    {
        (string Name, TensorShape Shape)[] tensors = [.. ModelTensors.Of(config)];
        long needed = tensors.Sum(tensor => tensor.Shape.Count * Weight.ElementSize(TypeOf(tensor.Name, tensor.Shape)));
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (needed > available)
        {
            throw new ResourceLimitException(
                $"The weights take {needed >> 20} MiB and this process may use {available >> 20} MiB. Choose a smaller size, or write a checkpoint to disk.");
        }

        return new WeightSet([.. tensors.Select(tensor => Create(tensor.Name, tensor.Shape, cancellationToken))]);
    }

    private static WeightType TypeOf(string name, TensorShape shape) =>
        ModelTensors.IsWidened(name, shape) ? WeightType.Float32 : WeightType.BFloat16;

    private static unsafe Weight Create(string name, TensorShape shape, CancellationToken cancellationToken)
    {
        WeightType type = TypeOf(name, shape);
        var memory = new NativeBuffer(shape.Count * Weight.ElementSize(type));
        int pieces = checked((int)((shape.Count + PieceLength - 1) / PieceLength));
        Parallel.For(0, pieces, new ParallelOptions { CancellationToken = cancellationToken }, piece =>
        {
            long start = (long)piece * PieceLength;
            int count = (int)Math.Min(PieceLength, shape.Count - start);
            float[] values = ArrayPool<float>.Shared.Rent(count);
            SyntheticLaw.Fill(name, shape, start, values.AsSpan(0, count));
            if (type == WeightType.Float32)
                RoundToBFloat16(values.AsSpan(0, count), new Span<uint>((uint*)memory.Pointer + start, count));
            else
                ToBFloat16(values.AsSpan(0, count), new Span<ushort>((ushort*)memory.Pointer + start, count));
            ArrayPool<float>.Shared.Return(values);
        });
        return new Weight(name, type, shape, memory.Pointer, memory);
    }

    // Vectors are rounded too: then the model is the one that a bfloat16 checkpoint of the same size gives.
    private static void RoundToBFloat16(ReadOnlySpan<float> values, Span<uint> destination)
    {
        for (int i = 0; i < values.Length; i++)
            destination[i] = (uint)ToBFloat16(values[i]) << 16;
    }

    private static void ToBFloat16(ReadOnlySpan<float> values, Span<ushort> destination)
    {
        for (int i = 0; i < values.Length; i++)
            destination[i] = ToBFloat16(values[i]);
    }

    private static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFFu + ((bits >> 16) & 1)) >> 16); // to nearest, ties to even
    }
}
