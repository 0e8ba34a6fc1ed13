using PaliSharp.Training.Data;
using Xunit;

namespace PaliSharp.Training.Tests.Data;

/// <summary>What holds for every kind of source: order, passes, resuming, threads.</summary>
public sealed class SourceTests : IDisposable
{
    private const string Everything = """
        "augment": {"flip": 0.5, "crop": {"minimumArea": 0.5}, "jpeg": {"probability": 0.5}, "resize": {"size": 8}}
        """;

    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ResumedSourcesContinueBitEqualAtEveryPosition()
    {
        foreach ((string name, string json) in SampleSources.All(_folder, Everything))
        {
            const int Count = 17;
            ITrainingSource whole = Sources.Open(json, _folder.Root);
            var positions = new List<string>();
            var expected = new List<string>();
            for (int i = 0; i < Count; i++)
            {
                positions.Add(whole.SavePosition());
                expected.Add(Sources.Describe(whole.Next()));
            }

            for (int from = 0; from < Count; from += 4)
            {
                ITrainingSource resumed = Sources.Open(json, _folder.Root);
                _ = resumed.Next(); // a source that has moved on must go back, too
                resumed.RestorePosition(positions[from]);
                Assert.Equal(positions[from], resumed.SavePosition());
                Assert.True(expected.Skip(from).SequenceEqual(Sources.Take(resumed, Count - from)), $"{name} from {from}");
            }

            Assert.Throws<RecipeException>(() => whole.RestorePosition("someone else's:3"));
            Assert.Throws<RecipeException>(() => whole.RestorePosition(string.Empty));
        }
    }

    [Fact]
    public void EveryPassHasEachItemOnceInAnOrderOfItsOwn()
    {
        foreach ((string name, string json) in SampleSources.Single(_folder))
        {
            ITrainingSource source = Sources.Open(json, _folder.Root);
            int count = (int)source.ExamplesPerEpoch!.Value;
            string[][] passes = [.. Enumerable.Range(0, 3).Select(_ => Enumerable.Range(0, count).Select(_ => source.Next().Origin).ToArray())];
            Assert.All(passes, pass => Assert.True(count == pass.Distinct().Count(), name));
            Assert.True(passes.Select(pass => string.Join(',', pass)).Distinct().Count() > 1, name);
            Assert.NotEqual(Sources.Take(Sources.Open(json, _folder.Root, 1), count), Sources.Take(Sources.Open(json, _folder.Root, 2), count));
        }
    }

    [Fact]
    public void WithoutShufflingTheFilesOrderHolds()
    {
        string path = _folder.JsonLines("a", 5);
        ITrainingSource source = Sources.Open($$"""{"path": "{{Path.GetFileName(path)}}", "shuffle": false}""", _folder.Root);
        Assert.Equal(["a 0", "a 1", "a 2", "a 3", "a 4", "a 0"], Enumerable.Range(0, 6).Select(_ => source.Next().Suffix));
    }

    [Fact]
    public void ThreadsAndExamplesAheadChangeNothing()
    {
        _folder.JsonLines("a", 9);
        _folder.JsonLines("b", 4);
        (int Ahead, int Threads)[] settings = [(1, 1), (3, 2), (16, 4)];
        string[][] runs = [.. settings.Select(setting => Sources.Take(
            Sources.Open(
                $$"""{"version": 1, "ahead": {{setting.Ahead}}, "threads": {{setting.Threads}}, "sources": [{"path": "a.jsonl", "weight": 1}, {"path": "b.jsonl", "weight": 3}], {{Everything}}}""",
                _folder.Root),
            30))];
        Assert.Equal(runs[0], runs[1]);
        Assert.Equal(runs[0], runs[2]);
    }

    [Fact]
    public void MixturesDrawByWeight()
    {
        foreach (string name in (string[])["a", "b", "c"])
            _folder.Text($"{name}.jsonl", $$"""{"prefix": "", "suffix": "{{name}}"}""");
        ITrainingSource source = Sources.Open(
            """{"version": 1, "sources": [{"path": "a.jsonl", "weight": 1}, {"path": "b.jsonl", "weight": 2.5}, {"path": "c.jsonl", "weight": 0}]}""", _folder.Root);
        const int Draws = 4000;
        int a = Enumerable.Range(0, Draws).Count(_ => source.Next().Suffix == "a");

        // Four standard deviations of the binomial; the draws are the same on every machine.
        double share = 1 / 3.5;
        Assert.InRange(a, (Draws * share) - (4 * Math.Sqrt(Draws * share * (1 - share))), (Draws * share) + (4 * Math.Sqrt(Draws * share * (1 - share))));
        Assert.Equal(2, source.ExamplesPerEpoch);
    }

    [Fact]
    public void WithoutWeightsSizesCount()
    {
        _folder.Text("a.jsonl", string.Concat(Enumerable.Repeat("""{"prefix": "", "suffix": "a"}""" + "\n", 9)));
        _folder.Text("b.jsonl", """{"prefix": "", "suffix": "b"}""");
        ITrainingSource source = Sources.Open("""{"version": 1, "sources": [{"path": "a.jsonl"}, {"path": "b.jsonl"}]}""", _folder.Root);
        Assert.InRange(Enumerable.Range(0, 1000).Count(_ => source.Next().Suffix == "b"), 62, 138);
        Assert.Equal(10, source.ExamplesPerEpoch);
    }

    [Fact]
    public void PromptsAreSurroundedAndSuffixesLowered()
    {
        _folder.Text("a.jsonl", """{"prefix": "what is it?", "suffix": "A Dog"}""");
        TrainingExample example = Sources.Open("""{"path": "a.jsonl", "prefix": "answer en {prefix}", "lowercase": true}""", _folder.Root).Next();
        Assert.Equal(("answer en what is it?", "a dog"), (example.Prefix, example.Suffix));
    }

    [Fact]
    public void SeveralPicturesAndNoneAreExamples()
    {
        _folder.Picture("1.png", 1);
        _folder.Picture("2.png", 2);
        string path = _folder.Text("a.jsonl", "{\"image\": [\"1.png\", \"2.png\"], \"prefix\": \"p\", \"suffix\": \"two\"}\n\n{\"image\": null, \"prefix\": \"p\", \"suffix\": \"none\"}\n");
        ITrainingSource source = Sources.OpenPath(path);
        TrainingExample[] examples = [source.Next(), source.Next()];
        Assert.Equal(2, examples.Single(example => example.Suffix == "two").Images.Count);
        TrainingExample none = examples.Single(example => example.Suffix == "none");
        Assert.Empty(none.Images);
        Assert.Equal("a.jsonl line 3", none.Origin);
    }

    [Fact]
    public void ChoiceGoesThroughAllBeforeRepeating()
    {
        for (int count = 1; count <= 5; count++)
        {
            for (int index = 0; index < 4; index++)
            {
                int[] chosen = [.. Enumerable.Range(0, 3 * count).Select(epoch => new ItemDraw(7, epoch, index).Choose(count))];
                Assert.All(chosen.Chunk(count), chunk => Assert.Equal(count, chunk.Distinct().Count()));
            }
        }
    }
}
