using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.MatMul;

/// <summary>
/// Products of a few rows, as in decoding. They cost what reading the weight costs, so every weight row is read once, where it lies,
/// as dot products with all rows of x. What it takes to read at the speed of memory:
/// - Each part of the job is a run of adjacent weight rows of up to <see cref="LargestPart"/> bytes, read as four streams (two for more
///   than two rows of x): its quarters (halves), each from first to last. A group of weight rows, one of each stream, shares the loads of x
///   and gives independent sums. Reading four ADJACENT rows side by side instead would make the hardware's prefetcher start anew
///   at the end of each row.
/// - Lines are asked for about <see cref="BytesAhead"/> ahead, into the second-level cache: asking for them in the first-level cache
///   is slower than not asking, as its few slots for misses fill up. The hardware asks by itself, but stops at the end of each page.
/// - The inner dimension is cut into segments that bound the chains of rounding errors to <see cref="LongestChain"/> additions and hold
///   <see cref="CachedFloats"/> of x (20 KiB). For one or two rows of x, segments of a weight row follow one another: that reads the
///   weight in order, while x, if it is longer than the first-level cache, comes from the second. More rows of x are too much
///   for that: <see cref="BlockRows"/> rows of each stream pass over one segment before the next.
/// - bfloat16 is widened pairwise into even and odd elements, for which x is put into the same order beforehand.
/// </summary>
internal static unsafe class FewRows<TSimd, TVector, TElement>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TElement : struct, IWeightElement<TSimd, TVector>
{
    /// <summary>The most rows for which this beats packing panels.</summary>
    /// <remarks>Eight rows need sixteen sums in registers.</remarks>
    public static int Limit => TSimd.Registers >= 32 ? 8 : 4;

    private const int BytesAhead = 4096;
    private const int CachedFloats = 5120;
    private const int LongestChain = 128;
    private const int BlockRows = 16;
    private const int MaximumSums = 16;
    private const long SmallestPart = 64 << 10; // bytes: some microseconds, well above the cost of handing out a part
    private const long LargestPart = 1 << 20;
    private const int PartsPerThread = 6;

    /// <summary>Computes products of up to <see cref="Limit"/> rows of the same x.</summary>
    public static void Multiply(ThreadTeam team, TensorPool pool, ReadOnlySpan<ProductOperands> products)
    {
        ref readonly ProductOperands first = ref products[0];
        if (!TElement.SplitsEvenOdd)
        {
            Multiply(team, products, first.X);
            return;
        }

        using Tensor ordered = pool.Rent(new TensorShape(first.Rows, first.Inputs));
        for (int row = 0; row < first.Rows; row++)
            SplitEvenOdd(first.X + ((nint)row * first.Inputs), first.Inputs, ordered.Pointer + ((nint)row * first.Inputs));
        Multiply(team, products, ordered.Pointer);
    }

    private static void Multiply(ThreadTeam team, ReadOnlySpan<ProductOperands> products, float* x)
    {
        long outputs = 0;
        foreach (ref readonly ProductOperands product in products)
            outputs += product.Outputs;
        var jobs = default(JoinedJobs<Job>);
        foreach (ref readonly ProductOperands product in products)
        {
            Job job = Divide(product, x, outputs, team.Size);
            jobs.Add(job, job.Parts);
        }

        team.Run(ref jobs, jobs.Parts);
    }

    private static Job Divide(in ProductOperands operands, float* x, long allOutputs, int threads)
    {
        long rowBytes = TElement.ByteCount(operands.Inputs);
        long partBytes = Math.Clamp(rowBytes * allOutputs / ((long)PartsPerThread * threads), SmallestPart, LargestPart);
        int outputsPerPart = (int)Math.Clamp(partBytes / rowBytes, 1, operands.Outputs);
        int streams = operands.Rows <= 2 ? 4 : 2;

        // Segments are whole numbers of steps of the kernels and about equally long.
        int step = 2 * TSimd.Count;
        int sumsPerStep = operands.Rows == 1 ? 1 : 2; // the kernels of several rows add both vectors of a step to one sum
        int longest = Math.Min(CachedFloats / operands.Rows, LongestChain / sumsPerStep * step);
        int segments = ((operands.Inputs - 1) / longest) + 1;
        int segment = ((((operands.Inputs - 1) / segments) / step) + 1) * step;
        outputsPerPart = (outputsPerPart + streams - 1) / streams * streams;
        return new Job { Operands = operands, X = x, OutputsPerPart = outputsPerPart, Streams = streams, Segment = segment };
    }

    /// <summary>Puts x, as far as it makes whole pairs of vectors, into the order of even and odd elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SplitEvenOdd(float* x, nint count, float* ordered)
    {
        for (nint i = 0; i + (2 * TSimd.Count) <= count; i += 2 * TSimd.Count)
        {
            for (nint lane = 0; lane < TSimd.Count; lane++)
            {
                ordered[i + lane] = x[i + (2 * lane)];
                ordered[i + TSimd.Count + lane] = x[i + (2 * lane) + 1];
            }
        }
    }

    private struct Job : IParallelJob
    {
        public ProductOperands Operands;
        public float* X;
        public int OutputsPerPart;
        public int Streams;
        public int Segment;

        public readonly int Parts => ((Operands.Outputs - 1) / OutputsPerPart) + 1;

        public readonly void Execute(int part)
        {
            int output = part * OutputsPerPart;
            int outputs = Math.Min(OutputsPerPart, Operands.Outputs - output);
            int run = outputs / Streams;
            float* totals = stackalloc float[BlockRows * MaximumSums * TSimd.Count];
            int block = ReadsInOrder ? 1 : BlockRows;
            for (int i = 0; i < run; i += block)
                MultiplyBlock(output + i, Math.Min(block, run - i), run, Streams, totals);
            for (int i = run * Streams; i < outputs; i++)
                MultiplyBlock(output + i, 1, 0, 1, totals);
        }

        /// <summary>The dot products of all rows of x with adjacent weight rows of each stream.</summary>
        /// <param name="output">The first weight row of the first stream.</param>
        /// <param name="count">The weight rows of each stream.</param>
        /// <param name="distance">The distance of two streams in weight rows.</param>
        /// <param name="kept">How many streams' results are kept: 1 when a row left over is read as all streams.</param>
        /// <param name="totals">Scratch.</param>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void MultiplyBlock(int output, int count, int distance, int kept, float* totals)
        {
            nint inputs = Operands.Inputs;
            nint whole = inputs - (inputs % (2 * TSimd.Count));
            nint rowBytes = TElement.ByteCount(Operands.Inputs);
            byte* weight = (byte*)Operands.Weight + (output * rowBytes);
            int sums = PaddedRows * Streams * TSimd.Count;
            for (nint start = 0; start < whole; start += Segment)
            {
                nint end = Math.Min(whole, start + Segment);
                nint ahead = ReadsInOrder ? BytesAhead : ((BytesAhead / TElement.ByteCount(end - start)) + 1) * rowBytes;
                for (int i = 0; i < count; i++)
                    MultiplyGroup(weight + (i * rowBytes), distance * rowBytes, start, end, ahead, totals + (i * sums));
            }

            for (int i = 0; i < count; i++)
            {
                for (int stream = 0; stream < kept; stream++)
                    Finish(output + i + (stream * distance), whole, totals + (i * sums) + (stream * TSimd.Count));
            }
        }

        /// <summary>Adds one segment of the products with one weight row of each stream.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void MultiplyGroup(byte* w0, nint distance, nint start, nint end, nint ahead, float* totals)
        {
            byte* w1 = w0 + distance;
            byte* w2 = w1 + distance;
            byte* w3 = w2 + distance;

            // A missing row of x is the last one again: its sums cost little beside reading the weight, and are not used.
            if (Operands.Rows == 1)
                DotKernels<TSimd, TVector, TElement>.OneRow(X, w0, w1, w2, w3, start, end, ahead, totals);
            else if (Operands.Rows == 2)
                DotKernels<TSimd, TVector, TElement>.TwoRows(X, Row(1), w0, w1, w2, w3, start, end, ahead, totals);
            else if (Operands.Rows <= 4)
                DotKernels<TSimd, TVector, TElement>.FourRows(X, Row(1), Row(2), Row(3), w0, w1, start, end, ahead, totals);
            else
                DotKernels<TSimd, TVector, TElement>.EightRows(
                    X, Row(1), Row(2), Row(3), Row(4), Row(5), Row(6), Row(7), w0, w1, start, end, ahead, totals);
        }

        /// <summary>Adds the lanes, the elements that make no whole step, and the bias, for all rows of x.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void Finish(int output, nint whole, float* totals)
        {
            nint inputs = Operands.Inputs;
            byte* weight = (byte*)Operands.Weight + (output * TElement.ByteCount(Operands.Inputs));
            for (int row = 0; row < Operands.Rows; row++)
            {
                float* x = Operands.X + (row * inputs);
                float sum = whole == 0 ? 0 : TSimd.Sum(TSimd.Load(totals + (row * Streams * TSimd.Count)));
                for (nint k = whole; k < inputs; k++)
                    sum += x[k] * TElement.LoadOne(weight, k);
                Operands.Y[((nint)row * Operands.YStride) + output] = Operands.Bias == null ? sum : sum + Operands.Bias[output];
            }
        }

        private readonly bool ReadsInOrder => Operands.Rows <= 2;

        private readonly int PaddedRows => Operands.Rows switch
        {
            <= 2 => Operands.Rows,
            <= 4 => 4,
            _ => 8,
        };

        private readonly float* Row(int index) => X + ((nint)Math.Min(index, Operands.Rows - 1) * Operands.Inputs);
    }
}
