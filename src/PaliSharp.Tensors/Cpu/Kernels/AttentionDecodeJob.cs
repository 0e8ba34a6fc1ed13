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
    private const int BlockKeys = 128; // keys and then values of a block stay in the cache while the query heads pass over them

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

    private readonly void MultiplyKeys(float* queries, float* keys, int count, float* logits)
    {
        int row = 0;
        for (; row + 4 <= Group; row += 4)
            FourQueries(queries + ((long)row * Options.HeadSize), keys, count, RowStride, Options.HeadSize, Options.Scale, logits + (row * BlockKeys));
        for (; row < Group; row++)
            OneQuery(queries + ((long)row * Options.HeadSize), keys, count, RowStride, Options.HeadSize, Options.Scale, logits + (row * BlockKeys));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourQueries(float* queries, float* keys, int count, long stride, int headSize, float scale, float* logits)
    {
        float* q1 = queries + headSize;
        float* q2 = q1 + headSize;
        float* q3 = q2 + headSize;
        for (int key = 0; key < count; key++, keys += stride)
        {
            TVector s0 = TSimd.Zero, s1 = TSimd.Zero, s2 = TSimd.Zero, s3 = TSimd.Zero;
            int i = 0;
            for (; i <= headSize - TSimd.Count; i += TSimd.Count)
            {
                TVector k = TSimd.Load(keys + i);
                s0 = TSimd.MultiplyAdd(TSimd.Load(queries + i), k, s0);
                s1 = TSimd.MultiplyAdd(TSimd.Load(q1 + i), k, s1);
                s2 = TSimd.MultiplyAdd(TSimd.Load(q2 + i), k, s2);
                s3 = TSimd.MultiplyAdd(TSimd.Load(q3 + i), k, s3);
            }

            float d0 = TSimd.Sum(s0), d1 = TSimd.Sum(s1), d2 = TSimd.Sum(s2), d3 = TSimd.Sum(s3);
            for (; i < headSize; i++)
            {
                d0 += queries[i] * keys[i];
                d1 += q1[i] * keys[i];
                d2 += q2[i] * keys[i];
                d3 += q3[i] * keys[i];
            }

            logits[key] = d0 * scale;
            logits[BlockKeys + key] = d1 * scale;
            logits[(2 * BlockKeys) + key] = d2 * scale;
            logits[(3 * BlockKeys) + key] = d3 * scale;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneQuery(float* query, float* keys, int count, long stride, int headSize, float scale, float* logits)
    {
        for (int key = 0; key < count; key++, keys += stride)
        {
            TVector s0 = TSimd.Zero, s1 = TSimd.Zero;
            int i = 0;
            for (; i <= headSize - (2 * TSimd.Count); i += 2 * TSimd.Count)
            {
                s0 = TSimd.MultiplyAdd(TSimd.Load(query + i), TSimd.Load(keys + i), s0);
                s1 = TSimd.MultiplyAdd(TSimd.Load(query + i + TSimd.Count), TSimd.Load(keys + i + TSimd.Count), s1);
            }

            float sum = TSimd.Sum(TSimd.Add(s0, s1));
            for (; i < headSize; i++)
                sum += query[i] * keys[i];
            logits[key] = sum * scale;
        }
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

    private readonly void MultiplyValues(float* weights, float* values, int count, float* sums)
    {
        int row = 0;
        for (; row + 4 <= Group; row += 4)
            FourRows(weights + (row * BlockKeys), values, count, RowStride, Options.HeadSize, sums + ((long)row * Options.HeadSize));
        for (; row < Group; row++)
            OneRow(weights + (row * BlockKeys), values, count, RowStride, Options.HeadSize, sums + ((long)row * Options.HeadSize));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourRows(float* weights, float* values, int count, long stride, int headSize, float* sums)
    {
        int i = 0;
        for (; i <= headSize - TSimd.Count; i += TSimd.Count)
        {
            float* column = values + i;
            float* sum = sums + i;
            TVector s0 = TSimd.Load(sum), s1 = TSimd.Load(sum + headSize), s2 = TSimd.Load(sum + (2 * headSize)), s3 = TSimd.Load(sum + (3 * headSize));
            for (int key = 0; key < count; key++, column += stride)
            {
                TVector v = TSimd.Load(column);
                s0 = TSimd.MultiplyAdd(TSimd.Broadcast(weights[key]), v, s0);
                s1 = TSimd.MultiplyAdd(TSimd.Broadcast(weights[BlockKeys + key]), v, s1);
                s2 = TSimd.MultiplyAdd(TSimd.Broadcast(weights[(2 * BlockKeys) + key]), v, s2);
                s3 = TSimd.MultiplyAdd(TSimd.Broadcast(weights[(3 * BlockKeys) + key]), v, s3);
            }

            TSimd.Store(s0, sum);
            TSimd.Store(s1, sum + headSize);
            TSimd.Store(s2, sum + (2 * headSize));
            TSimd.Store(s3, sum + (3 * headSize));
        }

        for (int row = 0; row < 4; row++)
            Rest(weights + (row * BlockKeys), values, count, stride, i, headSize, sums + (row * headSize));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneRow(float* weights, float* values, int count, long stride, int headSize, float* sums)
    {
        int i = 0;
        for (; i <= headSize - (2 * TSimd.Count); i += 2 * TSimd.Count)
        {
            float* column = values + i;
            TVector s0 = TSimd.Load(sums + i), s1 = TSimd.Load(sums + i + TSimd.Count);
            for (int key = 0; key < count; key++, column += stride)
            {
                TVector weight = TSimd.Broadcast(weights[key]);
                s0 = TSimd.MultiplyAdd(weight, TSimd.Load(column), s0);
                s1 = TSimd.MultiplyAdd(weight, TSimd.Load(column + TSimd.Count), s1);
            }

            TSimd.Store(s0, sums + i);
            TSimd.Store(s1, sums + i + TSimd.Count);
        }

        Rest(weights, values, count, stride, i, headSize, sums);
    }

    private static void Rest(float* weights, float* values, int count, long stride, int start, int headSize, float* sums)
    {
        for (int key = 0; key < count; key++, values += stride)
        {
            for (int i = start; i < headSize; i++)
                sums[i] += weights[key] * values[i];
        }
    }
}
