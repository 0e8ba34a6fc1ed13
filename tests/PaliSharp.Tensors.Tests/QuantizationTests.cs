using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Tensors.Quantization;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tensors.Tests;

public sealed class QuantizationTests
{
    private static readonly WeightType[] Types = [WeightType.Int8, WeightType.Int4];

    public static TheoryData<WeightType> AllTypes() => [.. Types];

    /// <summary>The layout is written to files: it may not change unnoticed.</summary>
    [Fact]
    public void A_group_of_8_bits_has_these_bytes()
    {
        // Row 1 of two: one block of 128, and a short one whose largest element gives the scale 2.
        float[] values = new float[130];
        (values[0], values[1], values[2], values[127]) = (127, -127, 0.5f, -3.4f);
        (values[128], values[129]) = (-254, 3);
        byte[] group = new byte[QuantizedLayout.GroupBytes(WeightType.Int8, 130)];
        Quantizer.QuantizeGroup(WeightType.Int8, [.. new float[130], .. values], 130, group);
        Assert.Equal(64 + (33 * 64), group.Length);
        Assert.Equal([0x80, 0x3F], group[2..4]); // bfloat16 1, the second of 16 scales of the first block
        Assert.Equal([0x00, 0x40], group[34..36]); // bfloat16 2
        Assert.Equal([255, 1, 128, 128], group[(64 + 4)..(64 + 8)]);
        Assert.Equal(125, group[64 + (31 * 64) + 4 + 3]);
        Assert.Equal([1, 130, 128, 128], group[(64 + (32 * 64) + 4)..(64 + (32 * 64) + 8)]); // 1.5 rounds to even

    }

    [Fact]
    public void A_group_of_4_bits_has_these_bytes()
    {
        // Every value is a multiple of the scale, which therefore is found exactly.
        float[] values = new float[65];
        for (int i = 0; i < 64; i++)
            values[i] = ((i % 16) - 8) * 0.25f;
        values[64] = -8;
        byte[] group = new byte[QuantizedLayout.GroupBytes(WeightType.Int4, 65)];
        Quantizer.QuantizeGroup(WeightType.Int4, values, 65, group);
        Assert.Equal(64 + (9 * 64), group.Length);
        Assert.Equal([0x80, 0x3E], group[..2]); // 0.25 for the first block
        for (int i = 0; i < 64; i++)
        {
            int pair = group[64 + (i / 8 * 64) + (i % 4)];
            Assert.Equal(i % 16, i % 8 < 4 ? pair & 15 : pair >> 4);
        }

        Assert.Equal(0x88, group[64 + 4]); // a row that does not exist
        Assert.Equal(values, Dequantize(WeightType.Int4, group, values.Length));
    }

    [Theory]
    [MemberData(nameof(AllTypes))]
    public void Elements_stay_within_half_a_step(WeightType type)
    {
        Gen<float[]> rows =
            from length in Gen.Choose(1, 300)
            from seed in Gen.Choose(0, 10_000)
            from magnitude in Gen.Elements(1e-30f, 0.02f, 1f, 3e4f)
            select TestNumbers.Normal(length, seed, magnitude);
        Property property = Prop.ForAll(rows.ToArbitrary(), values =>
        {
            byte[] row = Quantize(type, values);
            float[] widened = Dequantize(type, row, values.Length);
            int block = QuantizedLayout.Block(type);
            for (int start = 0; start < values.Length; start += block)
            {
                ReadOnlySpan<float> run = values.AsSpan(start, Math.Min(block, values.Length - start));
                double largest = 0;
                double squares = 0;
                for (int i = 0; i < run.Length; i++)
                {
                    double difference = Math.Abs((double)run[i] - widened[start + i]);
                    largest = Math.Max(largest, Math.Abs(run[i]));
                    squares += difference * difference;
                    if (type == WeightType.Int8 && difference > LargestOf(run) / 127 * 1.01 / 2)
                        return false;
                }

                // The search may leave no more than the choice that reaches every element: half a step each.
                double step = largest / (type == WeightType.Int8 ? 127 : 7);
                if (squares > run.Length * step * step / 4 * 1.1)
                    return false;
            }

            return true;
        });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(100).WithReplay(3, 5), property);
    }

    [Fact]
    public void The_search_for_4_bits_beats_the_plain_scale()
    {
        float[] values = TestNumbers.Normal(64 * 200, 5, 1);
        float[] widened = Dequantize(WeightType.Int4, Quantize(WeightType.Int4, values), values.Length);
        double found = 0;
        double plain = 0;
        for (int start = 0; start < values.Length; start += 64)
        {
            float largest = values.AsSpan(start, 64).ToArray().MaxBy(Math.Abs);
            float scale = largest / -8;
            for (int i = start; i < start + 64; i++)
            {
                found += Math.Pow(values[i] - widened[i], 2);
                plain += Math.Pow(values[i] - (Math.Clamp(MathF.Round(values[i] / scale), -8, 7) * scale), 2);
            }
        }

        Assert.InRange(found, 0, 0.95 * plain);
    }

    [Theory]
    [MemberData(nameof(AllTypes))]
    public void Any_run_of_elements_can_be_read(WeightType type)
    {
        var shape = new TensorShape(5, 99);
        Weight weight = TestWeights.Normal(type, shape, 3);
        float[] all = new float[shape.Count];
        weight.CopyTo(all);
        foreach ((int start, int count) in (ReadOnlySpan<(int, int)>)[(0, 1), (98, 2), (33, 300), (494, 1), (495, 0)])
        {
            float[] run = new float[count];
            weight.CopyTo(start, count, run);
            Assert.Equal(all[start..(start + count)], run);
        }

        Assert.Equal(QuantizedLayout.GroupBytes(type, 99), weight.ByteLength);
    }

    [Theory]
    [MemberData(nameof(AllTypes))]
    public void Zeros_and_extremes_are_kept(WeightType type)
    {
        Assert.All(Dequantize(type, Quantize(type, new float[70]), 70), value => Assert.Equal(0, value));
        foreach (float magnitude in (float[])[float.MaxValue / 2, 1e-38f, float.Epsilon])
        {
            float[] widened = Dequantize(type, Quantize(type, [magnitude, -magnitude / 2]), 2);
            Assert.True(float.IsFinite(widened[0]) && float.IsFinite(widened[1]));
            Assert.InRange(widened[0], 0, magnitude * 1.1f);
        }
    }

    [Theory]
    [MemberData(nameof(AllTypes))]
    public void What_cannot_be_quantised_is_refused(WeightType type)
    {
        foreach (float value in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
        {
            Weight weight = Weight.FromValues("bad", new TensorShape(2, 3), [1, 2, 3, 4, value, 6]);
            Assert.Contains("'bad'", Assert.Throws<ArgumentException>(() => Quantizer.Quantize(weight, type)).Message, StringComparison.Ordinal);
        }

        Weight vector = Weight.FromValues("vector", new TensorShape(3), [1, 2, 3]);
        Assert.Throws<ArgumentException>(() => Quantizer.Quantize(vector, type));
        Weight matrix = TestWeights.Normal(type, new TensorShape(4, 6), 1);
        Assert.Throws<ArgumentException>(() => matrix.Reshape(new TensorShape(6, 4)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Weight.ElementSize(type));
        Assert.Throws<ArgumentOutOfRangeException>(() => Quantizer.Quantize(matrix, WeightType.BFloat16));
    }

    private static float LargestOf(ReadOnlySpan<float> values)
    {
        float largest = 0;
        foreach (float value in values)
            largest = Math.Max(largest, Math.Abs(value));
        return largest;
    }

    private static byte[] Quantize(WeightType type, float[] values)
    {
        byte[] row = new byte[QuantizedLayout.GroupBytes(type, values.Length)];
        Quantizer.QuantizeGroup(type, values, values.Length, row);
        return row;
    }

    private static unsafe float[] Dequantize(WeightType type, byte[] row, int count)
    {
        float[] values = new float[count];
        fixed (byte* start = row)
            new Weight("row", type, new TensorShape(1, count), start, null).CopyTo(values);
        return values;
    }
}
