using PaliSharp.Tensors.Cpu.Kernels;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Gradients;

/// <summary>The gradients of attention: a task for each sequence and query head, then the sums over the heads that share a key head.</summary>
internal static unsafe class AttentionGradient<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    /// <inheritdoc cref="GradientKernels.Attention"/>
    public static void Run(
        ThreadTeam team,
        TensorPool pool,
        float* dy,
        float* queries,
        ReadOnlySpan<AttentionSegment> segments,
        in AttentionOptions options,
        float* dq,
        float* dk,
        float* dv)
    {
        // dk and dv of every query head apart: heads that share keys are computed by different threads.
        long keyRows = 0;
        foreach (ref readonly AttentionSegment segment in segments)
            keyRows += segment.KeyCount;
        int width = options.QueryHeads * options.HeadSize;
        using Tensor keyGradients = pool.Rent(new TensorShape(checked((int)keyRows), width));
        using Tensor valueGradients = pool.Rent(new TensorShape(checked((int)keyRows), width));
        AttentionSegment[] list = segments.ToArray();
        var job = new AttentionGradientJob<TSimd, TVector>
        {
            Segments = list,
            Options = options,
            Queries = queries,
            Dy = dy,
            Dq = dq,
            Dk = keyGradients.Pointer,
            Dv = valueGradients.Pointer,
            Pool = pool,
        };
        team.Run(ref job, segments.Length * options.QueryHeads);

        var reduce = new ReduceJob
        {
            Segments = list,
            Options = options,
            HeadKeys = keyGradients.Pointer,
            HeadValues = valueGradients.Pointer,
            Dk = dk,
            Dv = dv,
        };
        team.Run(ref reduce, options.KeyValueHeads);
    }

    private struct ReduceJob : IParallelJob
    {
        public AttentionSegment[] Segments;
        public AttentionOptions Options;
        public float* HeadKeys;
        public float* HeadValues;
        public float* Dk;
        public float* Dv;

        public readonly void Execute(int part)
        {
            int group = Options.QueryHeads / Options.KeyValueHeads;
            long source = (long)part * group * Options.HeadSize;
            for (int i = 0; i < Segments.Length; i++)
            {
                for (int key = 0; key < Segments[i].KeyCount; key++, source += (long)Options.QueryHeads * Options.HeadSize)
                {
                    long target = (((long)Segments[i].KeyStart + key) * Options.KeyValueHeads * Options.HeadSize) + (part * Options.HeadSize);
                    for (int head = 0; head < group; head++)
                    {
                        Add(HeadKeys + source + (head * Options.HeadSize), Dk + target, Options.HeadSize);
                        Add(HeadValues + source + (head * Options.HeadSize), Dv + target, Options.HeadSize);
                    }
                }
            }
        }

        private static void Add(float* source, float* target, int count)
        {
            int i = 0;
            for (; i + TSimd.Count <= count; i += TSimd.Count)
                TSimd.Store(TSimd.Add(TSimd.Load(source + i), TSimd.Load(target + i)), target + i);
            for (; i < count; i++)
                target[i] += source[i];
        }
    }
}
