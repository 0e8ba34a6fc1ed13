using System.Text.Json;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tests.Generation;

/// <summary>Whole answers of the tiny models and of the demonstration model against transformers, through the public surface.</summary>
[Trait("Category", "Golden")]
public sealed class PaliGemmaGenerationTests
{
    private const string Topic = "paligemma";

    // These runs forbid no id and end with id 1 or after so many tokens.
    private static readonly GenerationOptions Reference = new() { MaxNewTokens = 24, MaskUnusedTokens = false };

    private static string[] ModelFolders => [.. GoldenData.Topic(Topic).SelectMany(Directory.GetDirectories).Where(folder => File.Exists(Path.Combine(folder, "expected", "cases.json")))];

    public static TheoryData<string> Models()
    {
        GoldenData.RequireCases(Topic, ModelFolders);
        return [.. ModelFolders];
    }

    public static TheoryData<string> NanoModels() => [.. GoldenData.Topic("nano").Where(folder => File.Exists(Path.Combine(folder, "expected.json")))];

    [Theory]
    [MemberData(nameof(Models))]
    public async Task GreedyIdsTextAndLogProbabilitiesEqualTheReference(string folder)
    {
        using PaliGemma model = PaliGemma.Load(Path.Combine(folder, "model"));
        using JsonDocument cases = ReadCases(folder);
        int compared = 0;
        foreach (JsonElement item in Generations(cases))
        {
            GenerationResult result = await model.GenerateAsync(Picture(folder, item), item.GetProperty("prompt").GetString()!, Reference);
            Assert.Equal(Ints(item.GetProperty("greedy")), AllIds(result));
            Assert.Equal(item.GetProperty("text").GetString(), result.Text);
            double[] expected = [.. item.GetProperty("logprobs").EnumerateArray().Select(value => value.GetDouble())];
            for (int i = 0; i < result.Tokens.Count; i++)
                Assert.Equal(expected[i], result.Tokens[i].LogProbability, 2e-3);
            Assert.Equal(expected.Sum(), result.LogProbability, 1e-2);
            compared++;
        }

        Assert.True(compared > 0);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task ABatchAnswersEachPromptAsItWouldAlone(string folder)
    {
        using PaliGemma model = PaliGemma.Load(Path.Combine(folder, "model"), new PaliGemmaOptions { MaxBatch = 4 });
        using JsonDocument cases = ReadCases(folder);
        if (!cases.RootElement.TryGetProperty("batch_greedy", out JsonElement expected))
            return; // a trimmed copy
        GenerationRequest[] requests =
            [.. Generations(cases).Select(item => new GenerationRequest(Picture(folder, item), item.GetProperty("prompt").GetString()!, Reference))];
        IReadOnlyList<GenerationResult> results = await model.GenerateBatchAsync(requests);
        Assert.Equal(expected.GetArrayLength(), results.Count);
        for (int i = 0; i < results.Count; i++)
            Assert.Equal(Ints(expected[i]).TakeWhile(id => id != 0), AllIds(results[i]));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task BeamsReturnTheReferenceSequencesAndScores(string folder)
    {
        using PaliGemma model = PaliGemma.Load(Path.Combine(folder, "model"));
        using JsonDocument cases = ReadCases(folder);
        int compared = 0;
        foreach (JsonElement item in Generations(cases))
        {
            Image picture = Picture(folder, item);
            foreach (JsonElement beam in item.GetProperty("beams").EnumerateArray())
            {
                int beams = beam.GetProperty("num_beams").GetInt32();
                GenerationOptions options = Reference with
                {
                    Beam = new BeamOptions
                    {
                        Beams = beams,
                        Returned = beam.GetProperty("sequences").GetArrayLength(),
                        LengthPenalty = beam.GetProperty("length_penalty").GetDouble(),
                        EarlyStopping = beam.GetProperty("early_stopping").GetBoolean() ? BeamStopping.WhenFull : BeamStopping.Heuristic,
                    },
                };
                GenerationResult best = await model.GenerateAsync(picture, item.GetProperty("prompt").GetString()!, options);
                GenerationResult[] results = [best, .. best.Alternatives];
                Assert.Equal(beam.GetProperty("sequences").GetArrayLength(), results.Length);
                for (int i = 0; i < results.Length; i++)
                {
                    Assert.Equal(Ints(beam.GetProperty("sequences")[i]).TakeWhile(id => id != 0), AllIds(results[i]));
                    double score = beam.GetProperty("scores")[i].GetDouble();
                    Assert.Equal(score, results[i].Score, 2e-4 * Math.Max(1, Math.Abs(score)));
                }

                compared++;
            }
        }

        Assert.True(compared > 0);
    }

    [SkippableTheory]
    [MemberData(nameof(Models))]
    public async Task TextAloneContinuesCausally(string folder)
    {
        string path = Path.Combine(folder, "expected", "text_only.json");
        Skip.IfNot(File.Exists(path), $"There is no {path}.");
        using PaliGemma model = PaliGemma.Load(Path.Combine(folder, "model"));
        using JsonDocument items = JsonDocument.Parse(await File.ReadAllBytesAsync(path));
        foreach (JsonElement item in items.RootElement.EnumerateArray())
        {
            int[] ids = Ints(item.GetProperty("input_ids"));
            int[] expected = Ints(item.GetProperty("greedy_causal"));
            string text = item.GetProperty("text").GetString()!;
            GenerationResult result = await model.GenerateAsync(new GenerationRequest(text, Reference with { MaxNewTokens = 16 }));
            Assert.Equal(ids.Length, result.PromptTokens);
            Assert.Equal(expected, AllIds(result));
            Assert.Equal(0, result.ImageTokens);
        }
    }

    [Theory]
    [MemberData(nameof(NanoModels))]
    public async Task TheDemonstrationModelAnswersAsTransformersComputes(string folder)
    {
        using PaliGemma model = PaliGemma.Load();
        Assert.True(model.IsBundledModel);
        using JsonDocument items = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(folder, "expected.json")));
        JsonElement[] cases = [.. items.RootElement.EnumerateArray()];
        GenerationRequest[] requests =
        [
            .. cases.Select(item => new GenerationRequest(
                Image.Load(Path.Combine(folder, item.GetProperty("picture").GetString()!)), item.GetProperty("prompt").GetString()!)),
        ];
        IReadOnlyList<GenerationResult> results = await model.GenerateBatchAsync(requests);
        for (int i = 0; i < cases.Length; i++)
        {
            Assert.Equal(Ints(cases[i].GetProperty("greedy")), AllIds(results[i]));
            Assert.Equal(cases[i].GetProperty("text").GetString(), results[i].Text);
        }
    }

    private static IEnumerable<JsonElement> Generations(JsonDocument cases) => cases.RootElement.GetProperty("generation").EnumerateArray();

    private static JsonDocument ReadCases(string folder) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "expected", "cases.json")));

    private static Image Picture(string folder, JsonElement item) =>
        Image.Load(Path.Combine(Path.GetDirectoryName(folder)!, "pictures", $"{item.GetProperty("picture").GetInt32()}.png"));

    private static int[] AllIds(GenerationResult result)
    {
        int[] ids = [.. result.Tokens.Select(token => token.Id)];
        return result.EndTokenId is { } end ? [.. ids, end] : ids;
    }

    private static int[] Ints(JsonElement values) => [.. values.EnumerateArray().Select(value => value.GetInt32())];
}
