using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Kernels;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.MatMul;

/// <summary>Products with weights, one dot product for each output.</summary>
internal static unsafe class MatrixProduct<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    /// <summary>y[rows, outputs] = x[rows, inputs] · weight[outputs, inputs]ᵀ + bias[outputs], if there is one.</summary>
    public static void Multiply(ThreadTeam team, TensorPool pool, float* x, int rows, Weight weight, float* bias, float* y)
    {
        switch (weight.Type)
        {
            case WeightType.Float32:
                Run<Float32Source<TSimd, TVector>>(team, x, rows, weight, bias, y);
                break;
            case WeightType.BFloat16:
                Run<BFloat16Source<TSimd, TVector>>(team, x, rows, weight, bias, y);
                break;
            default:
                Run<Float16Source<TSimd, TVector>>(team, x, rows, weight, bias, y);
                break;
        }
    }

    private static void Run<TSource>(ThreadTeam team, float* x, int rows, Weight weight, float* bias, float* y)
        where TSource : struct, IWidening<TVector>
    {
        var job = new Job<TSource>
        {
            X = x,
            Rows = rows,
            Weight = weight.Data,
            Outputs = weight.Shape[0],
            Inputs = weight.Shape[1],
            Bias = bias,
            Y = y,
        };
        job.Parts = Partition.Parts(team, (long)job.Outputs * job.Inputs * rows, Partition.StreamingGrain, job.Outputs);
        team.Run(ref job, job.Parts);
    }

    private struct Job<TSource> : IParallelJob
        where TSource : struct, IWidening<TVector>
    {
        public float* X;
        public int Rows;
        public void* Weight;
        public int Outputs;
        public int Inputs;
        public float* Bias;
        public float* Y;
        public int Parts;

        public readonly void Execute(int part)
        {
            (long start, long end) = Partition.Range(part, Parts, Outputs, 16);
            for (long output = start; output < end; output++)
            {
                for (long row = 0; row < Rows; row++)
                {
                    float sum = Dot(X + (row * Inputs), Weight, output * Inputs, Inputs);
                    Y[(row * Outputs) + output] = Bias == null ? sum : sum + Bias[output];
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static float Dot(float* x, void* weight, long offset, int count)
        {
            TVector s0 = TSimd.Zero, s1 = TSimd.Zero, s2 = TSimd.Zero, s3 = TSimd.Zero;
            int i = 0;
            for (; i <= count - (4 * TSimd.Count); i += 4 * TSimd.Count)
            {
                s0 = TSimd.MultiplyAdd(TSimd.Load(x + i), TSource.Load(weight, offset + i), s0);
                s1 = TSimd.MultiplyAdd(TSimd.Load(x + i + TSimd.Count), TSource.Load(weight, offset + i + TSimd.Count), s1);
                s2 = TSimd.MultiplyAdd(TSimd.Load(x + i + (2 * TSimd.Count)), TSource.Load(weight, offset + i + (2 * TSimd.Count)), s2);
                s3 = TSimd.MultiplyAdd(TSimd.Load(x + i + (3 * TSimd.Count)), TSource.Load(weight, offset + i + (3 * TSimd.Count)), s3);
            }

            float sum = TSimd.Sum(TSimd.Add(TSimd.Add(s0, s1), TSimd.Add(s2, s3)));
            for (; i < count; i++)
                sum += x[i] * TSource.Read(weight, offset + i);
            return sum;
        }
    }
}
