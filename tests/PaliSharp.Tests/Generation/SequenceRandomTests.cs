using PaliSharp.Generation;
using Xunit;

namespace PaliSharp.Tests.Generation;

public class SequenceRandomTests
{
    [Fact]
    public void The_numbers_are_those_of_xoshiro256_starstar()
    {
        var random = new SequenceRandom(1, 2, 3, 4);
        ulong[] expected =
        [
            11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600, 16172922978634559625, 8476171486693032832,
            10595114339597558777, 2904607092377533576,
        ];
        Assert.Equal(expected, expected.Select(_ => random.NextUInt64()));
    }

    [Fact]
    public void The_seed_is_spread_by_splitmix64()
    {
        ulong state = 1234567;
        ulong[] expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821];
        Assert.Equal(expected, expected.Select(_ => SequenceRandom.SplitMix64(ref state)));
        var seeded = new SequenceRandom(1234567);
        var filled = new SequenceRandom(expected[0], expected[1], expected[2], expected[3]);
        Assert.Equal(filled.NextUInt64(), seeded.NextUInt64());
    }

    [Fact]
    public void Numbers_are_uniform_from_0_to_below_1()
    {
        var random = new SequenceRandom(3);
        var buckets = new int[20];
        for (int i = 0; i < 100_000; i++)
        {
            double value = random.NextDouble();
            Assert.InRange(value, 0, 1 - double.Epsilon);
            buckets[(int)(value * 20)]++;
        }

        Assert.InRange(buckets.Sum(count => Math.Pow(count - 5000, 2) / 5000), 2, 45);
    }

    [Fact]
    public void Streams_of_one_seed_differ()
    {
        ulong[] first = [.. Enumerable.Range(0, 1000).Select(stream => new SequenceRandom(5, (ulong)stream).NextUInt64())];
        Assert.Equal(first.Length, first.Distinct().Count());
        Assert.NotEqual(new SequenceRandom(0, 1).NextUInt64(), new SequenceRandom(1, 0).NextUInt64());
    }
}
