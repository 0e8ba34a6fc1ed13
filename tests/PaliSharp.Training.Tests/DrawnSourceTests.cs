using System.Text.Json;
using PaliSharp.Evaluation;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Training.Tests;

/// <summary>Examples that are drawn instead of read.</summary>
public sealed class DrawnSourceTests
{
    [Fact]
    public void ARestoredPositionGoesOnExactlyThere()
    {
        ITrainingSource source = Open("""{"drawn": {"questions": 3}}""");
        for (int taken = 0; taken < 9; taken++)
        {
            ITrainingSource other = Open("""{"drawn": {"questions": 3}}""");
            other.RestorePosition(source.SavePosition());
            TrainingExample expected = source.Next();
            TrainingExample found = other.Next();
            Assert.Equal((expected.Prefix, expected.Suffix, expected.Origin), (found.Prefix, found.Suffix, found.Origin));
            Assert.True(expected.Images[0].Pixels.SequenceEqual(found.Images[0].Pixels));
        }

        Assert.Null(source.ExamplesPerEpoch);
        source.RestorePosition($"{int.MaxValue}:1");
        for (int i = 0; i < 4; i++)
            Assert.NotEmpty(source.Next().Suffix); // behind the last number the first one comes again
    }

    [Fact]
    public void MasksAreDrawnWithACodecOnly()
    {
        const string Only = """{"scenes": 1, "lines": 0, "charts": 0, "tables": 0, "questions": 16}""";
        string codec = JsonSerializer.Serialize(Path.Combine(GoldenData.RepositoryRoot, "models", "nano", "mask_codec.npz"));
        Assert.Contains(Take(Open($$"""{"drawn": {{Only}}, "maskCodec": {{codec}}}"""), 60), example => example.Suffix.Contains("<seg", StringComparison.Ordinal));
        Assert.DoesNotContain(Take(Open($$"""{"drawn": {{Only}}}"""), 60), example => example.Suffix.Contains("<seg", StringComparison.Ordinal));
    }

    [Fact]
    public void WhatIsNotUnderstoodIsRefused()
    {
        foreach (string data in (string[])[
            """{"drawn": 3}""",
            """{"drawn": null, "color": 1}""",
            """{"drawn": {"questions": 0}}""",
            """{"drawn": {"shapes": 1}}""",
            """{"drawn": {"tasks": {"sing": 1}}}""",
            """{"drawn": {"tasks": null}}""",
            """{"drawn": {}, "maskCodec": "nowhere.npz"}""",
        ])
        {
            Assert.Throws<RecipeException>(() => Open(data));
        }

        ITrainingSource source = Open("""{"drawn": {}}""");
        foreach (string position in (string[])["", "1", "1:2:3", "-2:0", "0:99", "x:0", "5:-1"])
            Assert.Throws<RecipeException>(() => source.RestorePosition(position));
    }

    private static ITrainingSource Open(string data) => TrainingSources.Open(JsonElement.Parse(data), ".", seed: 4);

    private static List<TrainingExample> Take(ITrainingSource source, int count) => [.. Enumerable.Range(0, count).Select(_ => source.Next())];
}
