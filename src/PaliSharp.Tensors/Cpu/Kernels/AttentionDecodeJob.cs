using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>The single query of a sequence and the run of keys it sees.</summary>
internal unsafe struct DecodeQuery
{
    /// <summary>[queryHeads·headSize].</summary>
    public float* Query;

    /// <summary>The first visible key, all heads.</summary>
    public float* Keys;

    /// <summary>The first visible value, all heads.</summary>
    public float* Values;

    /// <summary>[queryHeads·headSize].</summary>
    public float* Result;

    /// <summary>The number of visible keys.</summary>
    public int Count;
}

/// <summary>
/// Attention of one query for each of several sequences: bound by reading keys and values, each of which is read once for all query heads
/// that share it. A part is one key head of one sequence, or a slice of its keys where there are fewer of those than threads.
/// </summary>
internal unsafe struct AttentionDecodeJob<TSimd, TVector> : IParallelJob
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    private const int BlockKeys = 128; // keys of which the logits are known before their values are weighed
    private const int Together = 4;
    private const int KeysAhead = 8;

    public DecodeQuery* Items;
    public AttentionOptions Options;
    public int Slices;
    public float* Scratch;

    private readonly int Group => Options.QueryHeads / Options.KeyValueHeads;

    private readonly long RowStride => (long)Options.KeyValueHeads * Options.HeadSize;

    /// <summary>The floats of scratch memory that each part needs: weighted sums, maxima and totals, which <see cref="Merge"/> reads, and logits.</summary>
    public readonly int ScratchLength => checked(Group * (Options.HeadSize + 2 + BlockKeys));

    public readonly void Execute(int part)
    {
        (int item, int head, int slice) = Split(part);
        ref DecodeQuery query = ref Items[item];
        (long start, long end) = Partition.Range(slice, Slices, query.Count);
        float* sums = Scratch + ((long)part * ScratchLength);
        float* maxima = sums + (Group * Options.HeadSize);
        float* totals = maxima + Group;
        float* logits = totals + Group;
        new Span<float>(sums, Group * Options.HeadSize).Clear();
        new Span<float>(maxima, Group).Fill(float.NegativeInfinity);
        new Span<float>(totals, Group).Clear();
        float* queries = query.Query + ((long)head * Group * Options.HeadSize);
        for (long position = start; position < end; position += BlockKeys)
        {
            int count = (int)Math.Min(BlockKeys, end - position);
            long offset = (position * RowStride) + ((long)head * Options.HeadSize);
            MultiplyKeys(queries, query.Keys + offset, count, logits);
            for (int row = 0; row < Group; row++)
                Weigh(logits + (row * BlockKeys), count, sums + ((long)row * Options.HeadSize), ref maxima[row], ref totals[row]);
            MultiplyValues(logits, query.Values + offset, count, sums);
        }
    }

    /// <summary>Puts the slices of one key head of one sequence together and writes the result.</summary>
    /// <param name="item">The sequence.</param>
    /// <param name="head">The key head.</param>
    public readonly void Merge(int item, int head)
    {
        int headSize = Options.HeadSize;
        float* parts = Scratch + (((long)item * Options.KeyValueHeads) + head) * Slices * ScratchLength;
        for (int row = 0; row < Group; row++)
        {
            float maximum = float.NegativeInfinity;
            for (int slice = 0; slice < Slices; slice++)
                maximum = Math.Max(maximum, Maxima(parts, slice)[row]);
            float* result = Items[item].Result + (((long)head * Group) + row) * headSize;
            var values = new Span<float>(result, headSize);
            values.Clear();
            float total = 0;
            for (int slice = 0; slice < Slices; slice++)
            {
                float sliceTotal = Maxima(parts, slice)[Group + row];
                if (sliceTotal == 0)
                    continue;
                float factor = MathF.Exp(Maxima(parts, slice)[row] - maximum);
                float* sums = parts + ((long)slice * ScratchLength) + ((long)row * headSize);
                for (int i = 0; i < headSize; i++)
                    result[i] += sums[i] * factor;
                total += sliceTotal * factor;
            }

            if (total == 0)
                continue; // no visible key: zeros
            for (int i = 0; i < headSize; i++)
                result[i] /= total;
        }
    }

    private readonly (int Item, int Head, int Slice) Split(int part)
    {
        (int pair, int slice) = Math.DivRem(part, Slices);
        (int item, int head) = Math.DivRem(pair, Options.KeyValueHeads);
        return (item, head, slice);
    }

    private readonly float* Maxima(float* parts, int slice) => parts + ((long)slice * ScratchLength) + ((long)Group * Options.HeadSize);

    /// <summary>The logits of all query heads of the group, four keys at a time: those are read from memory once and stay in the first-level cache.</summary>
    private readonly void MultiplyKeys(float* queries, float* keys, int count, float* logits)
    {
        for (int key = 0; key < count; key += Together)
        {
            for (int row = 0; row < Group; row++)
            {
                FourKeys(
                    queries + ((long)row * Options.HeadSize),
                    keys + (key * RowStride),
                    Math.Min(Together, count - key),
                    RowStride,
                    row == 0 ? KeysAhead * RowStride : 0,
                    Options.HeadSize,
                    Options.Scale,
                    logits + (row * BlockKeys) + key);
            }
        }
    }

    /// <summary>The logits of one query and up to four keys; missing ones are the last one again. Rows lie far apart, so the coming ones are asked for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourKeys(float* query, float* keys, int count, long stride, long ahead, int headSize, float scale, float* logits)
    {
        float* k0 = keys;
        float* k1 = keys + (Math.Min(1, count - 1) * stride);
        float* k2 = keys + (Math.Min(2, count - 1) * stride);
        float* k3 = keys + (Math.Min(3, count - 1) * stride);
        TVector s0 = TSimd.Zero, s1 = TSimd.Zero, s2 = TSimd.Zero, s3 = TSimd.Zero;
        int i = 0;
        for (; i <= headSize - TSimd.Count; i += TSimd.Count)
        {
            TSimd.Prefetch(k0 + ahead + i);
            TSimd.Prefetch(k1 + ahead + i);
            TSimd.Prefetch(k2 + ahead + i);
            TSimd.Prefetch(k3 + ahead + i);
            TVector part = TSimd.Load(query + i);
            s0 = TSimd.MultiplyAdd(part, TSimd.Load(k0 + i), s0);
            s1 = TSimd.MultiplyAdd(part, TSimd.Load(k1 + i), s1);
            s2 = TSimd.MultiplyAdd(part, TSimd.Load(k2 + i), s2);
            s3 = TSimd.MultiplyAdd(part, TSimd.Load(k3 + i), s3);
        }

        logits[0] = (TSimd.Sum(s0) + Rest(query, k0, i, headSize)) * scale;
        if (count > 1)
            logits[1] = (TSimd.Sum(s1) + Rest(query, k1, i, headSize)) * scale;
        if (count > 2)
            logits[2] = (TSimd.Sum(s2) + Rest(query, k2, i, headSize)) * scale;
        if (count > 3)
            logits[3] = (TSimd.Sum(s3) + Rest(query, k3, i, headSize)) * scale;
    }

    /// <summary>The products of the elements from <paramref name="start"/> on, which fill no vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Rest(float* query, float* key, int start, int headSize)
    {
        float sum = 0;
        for (int i = start; i < headSize; i++)
            sum += query[i] * key[i];
        return sum;
    }

    private readonly void Weigh(float* logits, int count, float* sums, ref float maximum, ref float total)
    {
        int width = PackedAttention.RoundUp(count, TSimd.Count); // divides the block, so that this stays inside the row
        float factor = OnlineSoftmax<TSimd, TVector>.Update(logits, 0, count, width, Options.SoftCap, ref maximum, ref total);
        if (factor == 1)
            return;
        for (int i = 0; i < Options.HeadSize; i++)
            sums[i] *= factor;
    }

    /// <summary>Adds the weighted values to the sums of all query heads of the group, four values at a time, as in <see cref="MultiplyKeys"/>.</summary>
    private readonly void MultiplyValues(float* weights, float* values, int count, float* sums)
    {
        for (int key = 0; key < count; key += Together)
        {
            for (int row = 0; row < Group; row++)
            {
                FourValues(
                    weights + (row * BlockKeys) + key,
                    values + (key * RowStride),
                    Math.Min(Together, count - key),
                    RowStride,
                    row == 0 ? KeysAhead * RowStride : 0,
                    Options.HeadSize,
                    sums + ((long)row * Options.HeadSize));
            }
        }
    }

    /// <summary>Adds up to four weighted values; missing ones are the last one again with weight zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourValues(float* weights, float* values, int count, long stride, long ahead, int headSize, float* sums)
    {
        float* v0 = values;
        float* v1 = values + (Math.Min(1, count - 1) * stride);
        float* v2 = values + (Math.Min(2, count - 1) * stride);
        float* v3 = values + (Math.Min(3, count - 1) * stride);
        float w0 = weights[0], w1 = count > 1 ? weights[1] : 0, w2 = count > 2 ? weights[2] : 0, w3 = count > 3 ? weights[3] : 0;
        TVector a = TSimd.Broadcast(w0), b = TSimd.Broadcast(w1), c = TSimd.Broadcast(w2), d = TSimd.Broadcast(w3);
        int i = 0;
        for (; i <= headSize - TSimd.Count; i += TSimd.Count)
        {
            TSimd.Prefetch(v0 + ahead + i);
            TSimd.Prefetch(v1 + ahead + i);
            TSimd.Prefetch(v2 + ahead + i);
            TSimd.Prefetch(v3 + ahead + i);
            TVector sum = TSimd.MultiplyAdd(a, TSimd.Load(v0 + i), TSimd.Load(sums + i));
            sum = TSimd.MultiplyAdd(b, TSimd.Load(v1 + i), sum);
            sum = TSimd.MultiplyAdd(c, TSimd.Load(v2 + i), sum);
            TSimd.Store(TSimd.MultiplyAdd(d, TSimd.Load(v3 + i), sum), sums + i);
        }

        for (; i < headSize; i++)
            sums[i] += (w0 * v0[i]) + (w1 * v1[i]) + (w2 * v2[i]) + (w3 * v3[i]);
    }
}
