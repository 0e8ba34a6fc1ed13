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

    /// <summary>The logits of four queries, two keys at a time: six reads for eight products. An odd last key is taken twice.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourQueries(float* queries, float* keys, int count, long stride, int headSize, float scale, float* logits)
    {
        float* q1 = queries + headSize;
        float* q2 = q1 + headSize;
        float* q3 = q2 + headSize;
        for (int key = 0; key < count; key += 2)
        {
            int other = Math.Min(key + 1, count - 1);
            float* k0 = keys + (key * stride);
            float* k1 = keys + (other * stride);
            TVector s00 = TSimd.Zero, s10 = TSimd.Zero, s20 = TSimd.Zero, s30 = TSimd.Zero;
            TVector s01 = TSimd.Zero, s11 = TSimd.Zero, s21 = TSimd.Zero, s31 = TSimd.Zero;
            int i = 0;
            for (; i <= headSize - TSimd.Count; i += TSimd.Count)
            {
                TVector a = TSimd.Load(k0 + i);
                TVector b = TSimd.Load(k1 + i);
                TVector query = TSimd.Load(queries + i);
                s00 = TSimd.MultiplyAdd(query, a, s00);
                s01 = TSimd.MultiplyAdd(query, b, s01);
                query = TSimd.Load(q1 + i);
                s10 = TSimd.MultiplyAdd(query, a, s10);
                s11 = TSimd.MultiplyAdd(query, b, s11);
                query = TSimd.Load(q2 + i);
                s20 = TSimd.MultiplyAdd(query, a, s20);
                s21 = TSimd.MultiplyAdd(query, b, s21);
                query = TSimd.Load(q3 + i);
                s30 = TSimd.MultiplyAdd(query, a, s30);
                s31 = TSimd.MultiplyAdd(query, b, s31);
            }

            logits[key] = (TSimd.Sum(s00) + Rest(queries, k0, i, headSize)) * scale;
            logits[other] = (TSimd.Sum(s01) + Rest(queries, k1, i, headSize)) * scale;
            logits[BlockKeys + key] = (TSimd.Sum(s10) + Rest(q1, k0, i, headSize)) * scale;
            logits[BlockKeys + other] = (TSimd.Sum(s11) + Rest(q1, k1, i, headSize)) * scale;
            logits[(2 * BlockKeys) + key] = (TSimd.Sum(s20) + Rest(q2, k0, i, headSize)) * scale;
            logits[(2 * BlockKeys) + other] = (TSimd.Sum(s21) + Rest(q2, k1, i, headSize)) * scale;
            logits[(3 * BlockKeys) + key] = (TSimd.Sum(s30) + Rest(q3, k0, i, headSize)) * scale;
            logits[(3 * BlockKeys) + other] = (TSimd.Sum(s31) + Rest(q3, k1, i, headSize)) * scale;
        }
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

            logits[key] = (TSimd.Sum(TSimd.Add(s0, s1)) + Rest(query, keys, i, headSize)) * scale;
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
        for (; i <= headSize - (2 * TSimd.Count); i += 2 * TSimd.Count)
        {
            float* column = values + i;
            float* sum0 = sums + i;
            float* sum1 = sum0 + headSize;
            float* sum2 = sum1 + headSize;
            float* sum3 = sum2 + headSize;
            TVector s00 = TSimd.Load(sum0), s10 = TSimd.Load(sum1), s20 = TSimd.Load(sum2), s30 = TSimd.Load(sum3);
            TVector s01 = TSimd.Load(sum0 + TSimd.Count), s11 = TSimd.Load(sum1 + TSimd.Count);
            TVector s21 = TSimd.Load(sum2 + TSimd.Count), s31 = TSimd.Load(sum3 + TSimd.Count);
            for (int key = 0; key < count; key++, column += stride)
            {
                TVector a = TSimd.Load(column);
                TVector b = TSimd.Load(column + TSimd.Count);
                TVector weight = TSimd.Broadcast(weights[key]);
                s00 = TSimd.MultiplyAdd(weight, a, s00);
                s01 = TSimd.MultiplyAdd(weight, b, s01);
                weight = TSimd.Broadcast(weights[BlockKeys + key]);
                s10 = TSimd.MultiplyAdd(weight, a, s10);
                s11 = TSimd.MultiplyAdd(weight, b, s11);
                weight = TSimd.Broadcast(weights[(2 * BlockKeys) + key]);
                s20 = TSimd.MultiplyAdd(weight, a, s20);
                s21 = TSimd.MultiplyAdd(weight, b, s21);
                weight = TSimd.Broadcast(weights[(3 * BlockKeys) + key]);
                s30 = TSimd.MultiplyAdd(weight, a, s30);
                s31 = TSimd.MultiplyAdd(weight, b, s31);
            }

            TSimd.Store(s00, sum0);
            TSimd.Store(s01, sum0 + TSimd.Count);
            TSimd.Store(s10, sum1);
            TSimd.Store(s11, sum1 + TSimd.Count);
            TSimd.Store(s20, sum2);
            TSimd.Store(s21, sum2 + TSimd.Count);
            TSimd.Store(s30, sum3);
            TSimd.Store(s31, sum3 + TSimd.Count);
        }

        for (int row = 0; row < 4; row++)
            AddRest(weights + (row * BlockKeys), values, count, stride, i, headSize, sums + (row * headSize));
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

        AddRest(weights, values, count, stride, i, headSize, sums);
    }

    private static void AddRest(float* weights, float* values, int count, long stride, int start, int headSize, float* sums)
    {
        for (int key = 0; key < count; key++, values += stride)
        {
            for (int i = start; i < headSize; i++)
                sums[i] += weights[key] * values[i];
        }
    }
}
