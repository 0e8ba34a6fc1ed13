using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.MatMul;

/// <summary>
/// Products of a few rows, as in decoding. They cost what reading the weight costs, so every weight row is read once, where it lies,
/// as dot products with all rows of x:
/// - Each part of the job is a run of adjacent weight rows of about <see cref="PartBytes"/>: large enough for the hardware to stream,
///   small enough for threads of unequal speed to end together.
/// - Within a part, <see cref="Group"/> weight rows are read side by side: their sums are independent chains, and x is read once for all.
/// - The inner dimension is cut into blocks of <see cref="BlockVectors"/> vectors. A block of the group (16 KiB of bfloat16 at most)
///   stays in the L1 cache while the rows of x pass over it, four at a time, so that more rows do not read memory again.
/// - Each block's sums start at zero and are then added to totals: a chain of rounding errors is never longer than a block,
///   whatever the inner length.
/// </summary>
internal static unsafe class FewRows<TSimd, TVector, TElement>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TElement : struct, IWeightElement<TSimd, TVector>
{
    /// <summary>The most rows for which this beats packing panels.</summary>
    public const int Limit = 12;

    private const int Group = DotKernels<TSimd, TVector, TElement>.Group;
    private const int BlockVectors = 64;
    private const long PartBytes = 128 << 10;

    /// <summary>Computes the product of up to <see cref="Limit"/> rows.</summary>
    public static void Multiply(ThreadTeam team, in ProductOperands operands)
    {
        long rowBytes = (long)operands.Inputs * TElement.Size;
        long groups = ((long)operands.Outputs + Group - 1) / Group;
        long groupsPerPart = Math.Clamp(PartBytes / Math.Max(rowBytes * Group, 1), 1, groups);
        var job = new Job { Operands = operands, OutputsPerPart = (int)Math.Min(groupsPerPart * Group, int.MaxValue) };
        team.Run(ref job, (int)((groups + groupsPerPart - 1) / groupsPerPart));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyRun(in ProductOperands operands, int start, int end)
    {
        float* totals = stackalloc float[Limit * Group * TSimd.Count];
        int output = start;
        for (; output + Group <= end; output += Group)
            MultiplyGroup(operands, output, Group, totals);
        if (output < end)
            MultiplyGroup(operands, output, end - output, totals);
    }

    /// <summary>The dot products of all rows of x with up to <see cref="Group"/> rows of the weight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyGroup(in ProductOperands operands, int output, int outputs, float* totals)
    {
        int rows = operands.Rows;
        nint inputs = operands.Inputs;
        nint rowBytes = inputs * TElement.Size;
        byte* weight = (byte*)operands.Weight + (output * rowBytes);
        nint whole = inputs - (inputs % TSimd.Count);

        // Missing rows of the last group alias its first: read again, never used.
        byte* w0 = weight;
        byte* w1 = outputs > 1 ? w0 + rowBytes : w0;
        byte* w2 = outputs > 2 ? w1 + rowBytes : w0;
        byte* w3 = outputs > 3 ? w2 + rowBytes : w0;

        for (int i = 0; i < rows * Group; i++)
            TSimd.Store(TSimd.Zero, totals + (i * TSimd.Count));
        for (nint k = 0; k < whole; k += BlockVectors * TSimd.Count)
        {
            nint end = Math.Min(whole, k + (BlockVectors * TSimd.Count));
            float* x = operands.X;
            float* sums = totals;
            int row = 0;
            for (; row + 4 <= rows; row += 4, x += 4 * inputs, sums += 4 * Group * TSimd.Count)
            {
                DotKernels<TSimd, TVector, TElement>.FourRows(x, inputs, w0, w1, k, end, sums);
                DotKernels<TSimd, TVector, TElement>.FourRows(x, inputs, w2, w3, k, end, sums + (2 * TSimd.Count));
            }

            for (; row + 2 <= rows; row += 2, x += 2 * inputs, sums += 2 * Group * TSimd.Count)
                DotKernels<TSimd, TVector, TElement>.TwoRows(x, x + inputs, w0, w1, w2, w3, k, end, sums);
            if (row < rows)
                DotKernels<TSimd, TVector, TElement>.OneRow(x, w0, w1, w2, w3, k, end, sums);
        }

        for (int row = 0; row < rows; row++)
        {
            float* x = operands.X + (row * inputs);
            float* y = operands.Y + ((nint)row * operands.Outputs) + output;
            for (int i = 0; i < outputs; i++)
            {
                float sum = TSimd.Sum(TSimd.Load(totals + (((row * Group) + i) * TSimd.Count)));
                byte* w = weight + (i * rowBytes);
                for (nint k = whole; k < inputs; k++)
                    sum += x[k] * TElement.LoadOne(w, k);
                y[i] = operands.Bias == null ? sum : sum + operands.Bias[output + i];
            }
        }
    }

    private struct Job : IParallelJob
    {
        public ProductOperands Operands;
        public int OutputsPerPart;

        public readonly void Execute(int part)
        {
            int start = part * OutputsPerPart;
            MultiplyRun(Operands, start, Operands.Outputs - start <= OutputsPerPart ? Operands.Outputs : start + OutputsPerPart);
        }
    }
}
