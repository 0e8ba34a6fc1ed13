using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>Chooses how each sequence of a ragged batch is computed: single queries together, longer runs of queries one sequence at a time.</summary>
internal static unsafe class AttentionKernel<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    private const int DecodeGrain = 64 * 1024; // multiplications worth a part

    /// <summary>Attention as <see cref="TensorBackend.Attention"/> defines it; arguments have been checked.</summary>
    public static void Run(ThreadTeam team, TensorPool pool, float* queries, ReadOnlySpan<AttentionSegment> segments, in AttentionOptions options, float* result)
    {
        int single = 0;
        foreach (ref readonly AttentionSegment segment in segments)
        {
            if (segment.QueryCount == 1)
                single++;
            else if (segment.QueryCount > 1)
                RunBlocks(team, pool, queries, segment, options, result);
        }

        if (single > 0)
            RunSingle(team, pool, queries, segments, single, options, result);
    }

    private static void RunBlocks(ThreadTeam team, TensorPool pool, float* queries, in AttentionSegment segment, in AttentionOptions options, float* result)
    {
        long rowStride = (long)options.KeyValueHeads * options.HeadSize;
        long queryOffset = (long)segment.QueryStart * options.QueryHeads * options.HeadSize;
        var layout = new PackedAttention(segment.KeyCount, options.HeadSize, TSimd.Count);
        using Tensor keys = pool.Rent(new TensorShape(options.KeyValueHeads, layout.PaddedKeys, options.HeadSize));
        using Tensor values = pool.Rent(new TensorShape(options.KeyValueHeads, layout.PaddedKeys, layout.PaddedHead));
        PackedAttention packed = layout with { Keys = keys.Pointer, Values = values.Pointer };
        var pack = new AttentionPackJob
        {
            Keys = segment.Keys.Pointer + (segment.KeyStart * rowStride),
            Values = segment.Values.Pointer + (segment.KeyStart * rowStride),
            RowStride = rowStride,
            Heads = options.KeyValueHeads,
            Packed = packed,
        };
        pack.Parts = Partition.Parts(team, segment.KeyCount * rowStride, Partition.StreamingGrain, (long)options.KeyValueHeads * packed.Panels);
        team.Run(ref pack, pack.Parts);

        var job = new AttentionBlockJob<TSimd, TVector>
        {
            Segment = segment,
            Options = options,
            Packed = packed,
            Queries = queries + queryOffset,
            Result = result + queryOffset,
        };
        int parts = Partition.Parts(team, (long)segment.QueryCount * options.QueryHeads * segment.KeyCount * options.HeadSize, DecodeGrain, job.Units);
        using Tensor scratch = pool.Rent(new TensorShape(parts, job.ScratchLength));
        job.Scratch = scratch.Pointer;
        team.Run(ref job, parts);
    }

    private static void RunSingle(
        ThreadTeam team,
        TensorPool pool,
        float* queries,
        ReadOnlySpan<AttentionSegment> segments,
        int count,
        in AttentionOptions options,
        float* result)
    {
        long rowStride = (long)options.KeyValueHeads * options.HeadSize;
        using Tensor itemMemory = pool.Rent(new TensorShape(count, sizeof(DecodeQuery) / sizeof(float)));
        var job = new AttentionDecodeJob<TSimd, TVector> { Items = (DecodeQuery*)itemMemory.Pointer, Options = options };
        int item = 0;
        long keys = 0;
        foreach (ref readonly AttentionSegment segment in segments)
        {
            if (segment.QueryCount != 1)
                continue;
            (int start, int end) = segment.VisibleKeys(0, options.Window);
            long queryOffset = (long)segment.QueryStart * options.QueryHeads * options.HeadSize;
            long keyOffset = ((long)segment.KeyStart + start) * rowStride;
            job.Items[item++] = new DecodeQuery
            {
                Query = queries + queryOffset,
                Keys = segment.Keys.Pointer + keyOffset,
                Values = segment.Values.Pointer + keyOffset,
                Result = result + queryOffset,
                Count = Math.Max(0, end - start),
            };
            keys += Math.Max(0, end - start);
        }

        // Slices only where the sequences and heads alone would leave threads idle, and only of enough keys to be worth a thread.
        int pairs = checked(count * options.KeyValueHeads);
        int wanted = Partition.Parts(team, keys * options.QueryHeads * options.HeadSize, DecodeGrain);
        job.Slices = Math.Max(1, wanted / pairs);
        using Tensor scratch = pool.Rent(new TensorShape(pairs, job.Slices, job.ScratchLength));
        job.Scratch = scratch.Pointer;
        if (wanted == 1)
        {
            for (int part = 0; part < pairs; part++)
                job.Execute(part);
        }
        else
        {
            team.Run(ref job, pairs * job.Slices);
        }

        for (int pair = 0; pair < pairs; pair++)
            job.Merge(pair / options.KeyValueHeads, pair % options.KeyValueHeads);
    }
}
