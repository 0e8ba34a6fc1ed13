using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.MatMul;

/// <summary>
/// Products of a few rows, as in decoding. They cost what reading the weight costs, so every weight row is read once, where it lies,
/// as dot products with all rows of x:
/// - Each part of the job is a run of adjacent weight rows of up to <see cref="LargestPart"/> bytes, read as four streams (two for more than
///   two rows of x): its quarters (halves), each from first to last. A group of weight rows, one of each stream, shares the loads of x
///   and gives independent sums. Reading four ADJACENT rows side by side instead would make the hardware's prefetcher start anew
///   at the end of each row, which halves the speed, and prefetching every line by software is no faster.
/// - What the hardware does not do is to translate addresses ahead: the kernels touch each page two pages before it is wanted.
/// - bfloat16 is widened pairwise into even and odd elements, for which x is put into the same order beforehand.
/// - The kernels restart their sums for each block of the inner dimension, so that a chain of rounding errors stays short.
/// </summary>
internal static unsafe class FewRows<TSimd, TVector, TElement>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TElement : struct, IWeightElement<TSimd, TVector>
{
    /// <summary>The most rows for which this beats packing panels.</summary>
    /// <remarks>Eight rows need sixteen sums in registers.</remarks>
    public static int Limit => TSimd.Registers >= 32 ? 8 : 4;

    private const long SmallestPart = 64 << 10; // bytes: some microseconds, well above the cost of handing out a part
    private const long LargestPart = 1 << 20;
    private const int PartsPerThread = 6;

    /// <summary>Computes the product of up to <see cref="Limit"/> rows.</summary>
    public static void Multiply(ThreadTeam team, TensorPool pool, in ProductOperands operands)
    {
        if (!TElement.SplitsEvenOdd)
        {
            Multiply(team, operands, operands.X);
            return;
        }

        using Tensor ordered = pool.Rent(new TensorShape(operands.Rows, operands.Inputs));
        for (int row = 0; row < operands.Rows; row++)
            SplitEvenOdd(operands.X + ((nint)row * operands.Inputs), operands.Inputs, ordered.Pointer + ((nint)row * operands.Inputs));
        Multiply(team, operands, ordered.Pointer);
    }

    private static void Multiply(ThreadTeam team, in ProductOperands operands, float* x)
    {
        long rowBytes = (long)operands.Inputs * TElement.Size;
        long partBytes = Math.Clamp(rowBytes * operands.Outputs / ((long)PartsPerThread * team.Size), SmallestPart, LargestPart);
        int outputsPerPart = (int)Math.Clamp(partBytes / rowBytes, 1, operands.Outputs);
        int streams = operands.Rows <= 2 ? 4 : 2;
        outputsPerPart = (outputsPerPart + streams - 1) / streams * streams;
        var job = new Job { Operands = operands, X = x, OutputsPerPart = outputsPerPart, Streams = streams };
        team.Run(ref job, ((operands.Outputs - 1) / outputsPerPart) + 1);
    }

    /// <summary>Puts the elements that make whole pairs of vectors into the order of <see cref="IWeightElement{TSimd,TVector}.LoadPair"/>.</summary>
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
        private const int MaximumSums = 16;

        public ProductOperands Operands;
        public float* X;
        public int OutputsPerPart;
        public int Streams;

        public readonly void Execute(int part)
        {
            int output = part * OutputsPerPart;
            int outputs = Math.Min(OutputsPerPart, Operands.Outputs - output);
            int run = outputs / Streams;
            float* totals = stackalloc float[MaximumSums * TSimd.Count];
            for (int i = 0; i < run; i++)
                MultiplyGroup(output + i, run, Streams, totals);
            for (int i = run * Streams; i < outputs; i++)
                MultiplyGroup(output + i, 0, 1, totals);
        }

        /// <summary>The dot products of all rows of x with one weight row of each stream, of which the first few are kept.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void MultiplyGroup(int output, int distance, int kept, float* totals)
        {
            nint inputs = Operands.Inputs;
            nint whole = inputs - (inputs % (2 * TSimd.Count));
            nint rowBytes = inputs * TElement.Size;
            byte* w0 = (byte*)Operands.Weight + (output * rowBytes);
            byte* w1 = w0 + (distance * rowBytes);
            byte* w2 = w1 + (distance * rowBytes);
            byte* w3 = w2 + (distance * rowBytes);

            // A missing row is the last one again: its sums cost nothing beside reading the weight, and are not used.
            if (Operands.Rows == 1)
                DotKernels<TSimd, TVector, TElement>.OneRow(X, w0, w1, w2, w3, whole, totals);
            else if (Operands.Rows == 2)
                DotKernels<TSimd, TVector, TElement>.TwoRows(X, Row(1), w0, w1, w2, w3, whole, totals);
            else if (Operands.Rows <= 4)
                DotKernels<TSimd, TVector, TElement>.FourRows(X, Row(1), Row(2), Row(3), w0, w1, whole, totals);
            else
                DotKernels<TSimd, TVector, TElement>.EightRows(X, Row(1), Row(2), Row(3), Row(4), Row(5), Row(6), Row(7), w0, w1, whole, totals);

            for (int row = 0; row < Operands.Rows; row++, totals += Streams * TSimd.Count)
            {
                float* x = Operands.X + (row * inputs);
                float* y = Operands.Y + ((nint)row * Operands.Outputs);
                for (int i = 0; i < kept; i++)
                {
                    int column = output + (i * distance);
                    byte* w = w0 + (i * distance * rowBytes);
                    float sum = TSimd.Sum(TSimd.Load(totals + (i * TSimd.Count)));
                    for (nint k = whole; k < inputs; k++)
                        sum += x[k] * TElement.LoadOne(w, k);
                    y[column] = Operands.Bias == null ? sum : sum + Operands.Bias[column];
                }
            }
        }

        private readonly float* Row(int index) => X + ((nint)Math.Min(index, Operands.Rows - 1) * Operands.Inputs);
    }
}
