using PaliSharp.Tensors.Cpu.Kernels;
using PaliSharp.Tensors.Cpu.MatMul.Integer;
using PaliSharp.Tensors.Cpu.Simd;
using PaliSharp.Tensors.Quantization;

namespace PaliSharp.Tensors.Cpu.MatMul;

/// <summary>
/// The product with chosen rows of a weight. Blocks of the choice that are adjacent rows of the weight are read where they lie; others
/// are first copied together, as stored, into memory that stays in a cache.
/// </summary>
internal static unsafe class RowSelection<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    private const int LargestBlock = 4 << 20; // bytes of weights

    /// <summary>y[row, i] = x[row] · weight[outputs[i]].</summary>
    /// <param name="team">The threads that share the work.</param>
    /// <param name="pool">Lends the scratch memory.</param>
    /// <param name="x">Activations, <c>[rows, inputs]</c>.</param>
    /// <param name="rows">The number of rows, at least 0.</param>
    /// <param name="weight">The matrix, <c>[rows of the weight, inputs]</c>.</param>
    /// <param name="outputs">Rows of the weight.</param>
    /// <param name="y">Receives <c>[rows, outputs]</c>; overlaps nothing else.</param>
    public static void Multiply(ThreadTeam team, TensorPool pool, float* x, int rows, Weight weight, ReadOnlySpan<int> outputs, float* y)
    {
        if (rows == 0)
            return;
        if (QuantizedLayout.IsQuantized(weight.Type))
        {
            IntegerPaths<TSimd, TVector>.MultiplyRows(team, pool, x, rows, weight, outputs, y);
            return;
        }

        int inputs = weight.Shape.Columns;
        nint rowBytes = (nint)Weight.SizeOf(weight.Type, new TensorShape(1, inputs));
        int block = (int)Math.Clamp(LargestBlock / Math.Max(rowBytes, 1), 1, Math.Max(outputs.Length, 1));
        Tensor? copies = null;
        try
        {
            for (int start = 0; start < outputs.Length;)
            {
                int run = RunLength(outputs[start..]);
                void* source = (byte*)weight.Data + (outputs[start] * rowBytes);
                int count = run;
                if (run < block && run < outputs.Length - start)
                {
                    count = Math.Min(block, outputs.Length - start);
                    copies ??= pool.Rent(new TensorShape(block, (int)((rowBytes + sizeof(float) - 1) / sizeof(float))));
                    source = copies.Pointer;
                    Gather(team, weight, rowBytes, outputs.Slice(start, count), source);
                }

                var operands = new ProductOperands(x, rows, source, count, inputs, bias: null, y + start, outputs.Length);
                MatrixProduct<TSimd, TVector>.Multiply(team, pool, weight.Type, new ReadOnlySpan<ProductOperands>(in operands));
                start += count;
            }
        }
        finally
        {
            GC.KeepAlive(weight);
            copies?.Dispose();
        }
    }

    private static int RunLength(ReadOnlySpan<int> outputs)
    {
        int count = 1;
        while (count < outputs.Length && outputs[count] == outputs[0] + count)
            count++;
        return count;
    }

    private static void Gather(ThreadTeam team, Weight weight, nint rowBytes, ReadOnlySpan<int> outputs, void* destination)
    {
        fixed (int* indices = outputs)
        {
            var job = new GatherJob
            {
                Indices = indices,
                Count = outputs.Length,
                Source = (byte*)weight.Data,
                Destination = (byte*)destination,
                RowBytes = rowBytes,
                Parts = Partition.Parts(team, outputs.Length * rowBytes / sizeof(float), Partition.StreamingGrain, outputs.Length),
            };
            team.Run(ref job, job.Parts);
        }
    }

    private struct GatherJob : IParallelJob
    {
        public int* Indices;
        public int Count;
        public byte* Source;
        public byte* Destination;
        public nint RowBytes;
        public int Parts;

        public readonly void Execute(int part)
        {
            (long start, long end) = Partition.Range(part, Parts, Count);
            for (long i = start; i < end; i++)
                Buffer.MemoryCopy(Source + (Indices[i] * RowBytes), Destination + (i * RowBytes), RowBytes, RowBytes);
        }
    }
}
