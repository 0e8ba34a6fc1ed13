using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tests.Models;

/// <summary>What must not change the result: a cache, company in the batch, the number of threads, the instructions used.</summary>
public sealed class ConsistencyTests
{
    private const double Tolerance = 5e-5;

    private static readonly string Nano = Path.Combine(GoldenData.RepositoryRoot, "models", "nano");
    private static readonly int[] Prompt = [2, 563, 400, 350, 108];
    private static readonly int[] Suffix = [640, 700, 900, 1000, 334, 327, 561, 700];

    public static TheoryData<int, InstructionPath> Machines()
    {
        var data = new TheoryData<int, InstructionPath>();
        foreach (InstructionPath path in new[] { InstructionPath.Auto, InstructionPath.Avx2, InstructionPath.Portable })
        {
            if (path == InstructionPath.Avx2 && !System.Runtime.Intrinsics.X86.Avx2.IsSupported)
                continue;
            foreach (int threads in new[] { 1, 2, 3, 5 })
                data.Add(threads, path);
        }

        return data;
    }

    [Fact]
    public void DecodingWithACacheEqualsComputingEverythingAtOnce()
    {
        using var model = new ModelUnderTest(Nano);
        using Tensor images = Encode(model, pictures: 1);
        float[] whole = model.Logits([Whole(model, images, 0)]);

        using KvCache cache = Cache(model);
        float[] prefill = model.Logits([new SequenceInput(Prompt, PrefixLength(model), model.Images(images, 0, 1), cache)]);
        var steps = new List<float>(prefill);
        foreach (int id in Suffix)
            steps.AddRange(model.Logits([new SequenceInput(new[] { id }, cache.PrefixLength, default, cache)]));

        AssertRows(model, [.. steps], whole);
        Assert.Equal(whole.Length / model.Vocabulary, cache.Length);
    }

    [Fact]
    public void AddingSeveralTokensToTheCacheAtOnceEqualsOneByOne()
    {
        using var model = new ModelUnderTest(Nano);
        using Tensor images = Encode(model, pictures: 1);
        float[] whole = model.Logits([Whole(model, images, 0)]);
        using KvCache cache = Cache(model);
        _ = model.Logits([new SequenceInput(Prompt, PrefixLength(model), model.Images(images, 0, 1), cache)]);
        float[] rest = model.Logits([new SequenceInput(Suffix, cache.PrefixLength, default, cache)]);
        AssertRows(model, rest, whole.AsSpan(^rest.Length..));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void ASequenceIsComputedAsIfItWereAlone(int threads)
    {
        using var model = new ModelUnderTest(Nano, cpu: new CpuOptions { Threads = threads });
        using Tensor images = Encode(model, pictures: 3);
        SequenceInput[] batch =
        [
            Whole(model, images, 0),
            new SequenceInput(new[] { 2, 350 }, 2),
            new SequenceInput(Prompt, (2 * model.Config.ImageTokens) + Prompt.Length, model.Images(images, 1, 2)),
            new SequenceInput(new[] { 2 }, PrefixLength: 0),
        ];
        float[] together = model.Logits(batch);
        int row = 0;
        foreach (SequenceInput sequence in batch)
        {
            float[] alone = model.Logits([sequence]);
            AssertRows(model, together.AsSpan(row * model.Vocabulary, alone.Length), alone);
            row += sequence.Rows;
        }
    }

    /// <summary>A small model's pass is shared out by pictures; layer by layer it gives what it gives at once.</summary>
    [Theory]
    [InlineData(1, 5)]
    [InlineData(3, 5)]
    [InlineData(3, 2)]
    public void PicturesAreEncodedAlikeInShares(int threads, int pictures)
    {
        using var model = new ModelUnderTest(Nano, cpu: new CpuOptions { Threads = threads });
        int count = model.Model.EncoderShares(pictures);
        Assert.Equal(Math.Min(threads, pictures), count);
        int size = model.Config.Vision.ImageSize;
        var random = new Random(3);
        using Tensor all = model.Backend.Rent(new TensorShape(pictures, 3, size, size));
        foreach (ref float value in all.Span)
            value = (random.NextSingle() * 2) - 1;
        int values = 3 * size * size;
        var shares = new Tensor[count];
        for (int i = 0; i < count; i++)
        {
            (int from, int to) = (pictures * i / count, pictures * (i + 1) / count);
            shares[i] = model.Backend.Rent(new TensorShape(to - from, 3, size, size));
            all.Span[(from * values)..(to * values)].CopyTo(shares[i].Span);
        }

        using EncoderPass pass = model.Model.BeginEncoding(shares);
        foreach (Tensor share in shares)
            share.Dispose();
        while (!pass.IsComplete)
            pass.Step();
        using Tensor rows = pass.Finish();
        using Tensor expected = model.Model.EncodeImages(all);
        Assert.Equal(expected.Shape, rows.Shape);
        Assert.InRange(Checkpoints.Values.RelativeDistance(expected.Span.ToArray(), rows.Span.ToArray()), 0, 5e-5);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void DecodingTogetherEqualsDecodingAlone(int threads)
    {
        using var model = new ModelUnderTest(Nano, cpu: new CpuOptions { Threads = threads });
        using Tensor images = Encode(model, pictures: 2);
        KvCache[] caches = [Cache(model), Cache(model), Cache(model)];
        int[][] prompts = [Prompt, [2, 350, 108], [2, 334, 327, 561, 108]];
        for (int i = 0; i < caches.Length; i++)
            _ = model.Logits([new SequenceInput(prompts[i], PrefixLength: i == 2 ? 0 : 64 + prompts[i].Length, i == 2 ? default : model.Images(images, i, 1), caches[i])]);
        foreach (int id in Suffix)
        {
            int[] lengths = [.. caches.Select(cache => cache.Length)];
            var alone = new List<float>();
            foreach (KvCache cache in caches)
            {
                alone.AddRange(model.Logits([new SequenceInput(new[] { id }, cache.PrefixLength, default, cache)]));
                cache.Truncate(cache.Length - 1);
            }

            float[] together = model.Logits([.. caches.Select(cache => new SequenceInput(new[] { id }, cache.PrefixLength, default, cache))]);
            AssertRows(model, together, alone.ToArray());
            Assert.Equal(lengths.Select(length => length + 1), caches.Select(cache => cache.Length));
        }

        foreach (KvCache cache in caches)
            cache.Dispose();
    }

    [Fact]
    public void AForkedCacheContinuesLikeItsParent()
    {
        using var model = new ModelUnderTest(Nano);
        using Tensor images = Encode(model, pictures: 1);
        using KvCache parent = Cache(model);
        using KvCache child = Cache(model);
        var prompt = new SequenceInput(Prompt, PrefixLength(model), model.Images(images, 0, 1), parent);
        _ = model.Logits([prompt]);
        int shared = parent.Length;
        child.CopyFrom(parent, 0);
        _ = model.Logits([new SequenceInput(Suffix.AsMemory(..3), parent.PrefixLength, default, parent)]);
        _ = model.Logits([new SequenceInput(Suffix.AsMemory(3..5), child.PrefixLength, default, child)]);
        child.CopyFrom(parent, shared);
        float[] expected = model.Logits([new SequenceInput(new[] { 700 }, parent.PrefixLength, default, parent)]);
        float[] actual = model.Logits([new SequenceInput(new[] { 700 }, child.PrefixLength, default, child)]);
        Assert.Equal(expected, actual);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void ThreadsAndInstructionsDoNotMatter(int threads, InstructionPath path)
    {
        using var reference = new ModelUnderTest(Nano, cpu: new CpuOptions { Threads = 1 });
        using var model = new ModelUnderTest(Nano, cpu: new CpuOptions { Threads = threads, InstructionPath = path });
        using Tensor expectedImages = Encode(reference, pictures: 2);
        using Tensor images = Encode(model, pictures: 2);
        AssertRows(
            model,
            model.Logits([Whole(model, images, 0), Whole(model, images, 1)]),
            reference.Logits([Whole(reference, expectedImages, 0), Whole(reference, expectedImages, 1)]));
    }

    [Fact]
    public void ChangingASuffixTokenChangesNothingBeforeIt()
    {
        using var model = new ModelUnderTest(Nano);
        using Tensor images = Encode(model, pictures: 1);
        float[] original = model.Logits([Whole(model, images, 0)]);
        int[] changedIds = [.. Prompt, .. Suffix[..^1], 999];
        float[] changed = model.Logits([new SequenceInput(changedIds, PrefixLength(model), model.Images(images, 0, 1))]);
        int before = original.Length - model.Vocabulary;
        AssertRows(model, changed.AsSpan(0, before), original.AsSpan(0, before));
        Assert.True(TestNumbers.RelativeL2(changed.AsSpan(before), original.AsSpan(before)) > 1e-3);
    }

    [Fact]
    public void AFullCacheRefusesMore()
    {
        using var model = new ModelUnderTest(Nano);
        using var cache = new KvCache(model.Config.Text, model.Backend.Pool, capacity: 3);
        Assert.Throws<InvalidOperationException>(() => model.Logits([new SequenceInput(new[] { 2, 3, 4, 5 }, 0, default, cache)]));
    }

    private static int PrefixLength(ModelUnderTest model) => model.Config.ImageTokens + Prompt.Length;

    private static SequenceInput Whole(ModelUnderTest model, Tensor images, int picture) =>
        new((int[])[.. Prompt, .. Suffix], PrefixLength(model), model.Images(images, picture, 1));

    private static KvCache Cache(ModelUnderTest model) => new(model.Config.Text, model.Backend.Pool, model.Config.ImageTokens + 40);

    private static Tensor Encode(ModelUnderTest model, int pictures)
    {
        int size = model.Config.Vision.ImageSize;
        return model.Encode(TestNumbers.Normal(pictures * 3 * size * size, seed: 7, deviation: 0.5f));
    }

    private static void AssertRows(ModelUnderTest model, ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        double distance = TestNumbers.RelativeL2(actual, expected);
        Assert.True(distance <= Tolerance, $"Relative L2 {distance:E2} exceeds {Tolerance:E2}.");
        for (int row = 0; row < actual.Length / model.Vocabulary; row++)
        {
            ReadOnlySpan<float> expectedRow = expected.Slice(row * model.Vocabulary, model.Vocabulary);
            ReadOnlySpan<float> actualRow = actual.Slice(row * model.Vocabulary, model.Vocabulary);
            Assert.Equal(ArgMax(expectedRow), ArgMax(actualRow));
        }
    }

    private static int ArgMax(ReadOnlySpan<float> values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
        {
            if (values[i] > values[best])
                best = i;
        }

        return best;
    }
}
