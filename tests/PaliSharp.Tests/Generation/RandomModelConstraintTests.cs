using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Models;
using PaliSharp.Tasks;
using PaliSharp.Tests.Checkpoints;
using Xunit;

namespace PaliSharp.Tests.Generation;

/// <summary>10,000 answers of a model of random weights, through everything that answers go through: with a grammar each of them parses.</summary>
public sealed class RandomModelConstraintTests : IDisposable
{
    private static readonly string[] Labels = ["red circle", "star", "cat's eye"];
    private static readonly Image Picture = Image.FromPixels(2, 1, [255, 0, 0, 0, 0, 255]);

    private readonly TemporaryFolder _folder = new();
    private readonly PaliGemma _model;

    public RandomModelConstraintTests()
    {
        string nano = BundledModel.Find()!;
        PaliGemmaConfig config = new()
        {
            Vision = new SigLipConfig { ImageSize = 8, PatchSize = 4, Width = 6, MlpWidth = 9, Layers = 1, Heads = 3 },
            Text = new GemmaConfig
            {
                Version = GemmaVersion.Gemma2,
                VocabularySize = 1856,
                Width = 12,
                MlpWidth = 8,
                Layers = 1,
                Heads = 2,
                KeyValueHeads = 1,
                HeadSize = 6,
                QueryScalar = 6,
                AttentionSoftCap = 50,
                FinalSoftCap = 30,
                SlidingWindow = 4096,
            },
            ImageTokenId = 1792,
        };
        TinyModel.Write(_folder, TinyModel.ConfigJson(config), TinyModel.Weights(config, seed: 5));
        foreach (string file in (ReadOnlySpan<string>)["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "mask_codec.npz"])
            File.Copy(Path.Combine(nano, file), _folder[file]);
        _model = PaliGemma.Load(_folder.Path, new PaliGemmaOptions { MaxBatch = 64 });
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task EveryAnswerParsesWithoutAWarning()
    {
        int parsed = 0;
        parsed += await CheckAsync<DetectionResult>(
            3000,
            seed => new DetectionTask(Labels[..(1 + (seed % 3))]) { Detection = new DetectionOptions { Constrain = true }, Options = Random(seed, 24) },
            result => Assert.Subset(Labels.ToHashSet(), result.Detections.Select(item => item.Label).ToHashSet()));
        parsed += await CheckAsync<SegmentationResult>(
            600,
            seed => new SegmentationTask(Labels) { Segmentation = new SegmentationOptions { Constrain = true }, Options = Random(seed, 60) },
            result => Assert.Subset(Labels.ToHashSet(), result.Segments.Select(item => item.Label).ToHashSet()));
        parsed += await CheckAsync<ChoiceResult>(
            1400,
            seed => new ChoiceTask("what is it?", Labels) { Form = (ChoiceForm)(seed % 2), Options = Random(seed, 40) },
            result => Assert.Contains(result.Option, Labels));
        parsed += await CheckAsync<AnswerResult>(
            1500,
            seed => new AnswerTask("how many?") { Kind = AnswerKind.Count, Options = Random(seed, 12) },
            result => Assert.Equal(result.Text, int.Parse(result.Text, NumberStyles.None, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture)));
        parsed += await CheckAsync<AnswerResult>(
            1000, seed => new AnswerTask("is it?") { Kind = AnswerKind.YesNo, Options = Random(seed, 6) }, result => Assert.NotNull(result.YesNo));
        parsed += await CheckAsync<TextResult>(
            1000,
            seed => new PromptTask("when?") { Options = Random(seed, 16) with { Constraint = Dates.Value } },
            result => Assert.Matches(new Regex("\\A[0-9]{4}-[0-9]{2}( at [a-z]+)?\\z"), result.Text));
        parsed += await CheckAsync<JsonResult>(
            1500,
            seed => new PromptJson(Json.Value, Random(seed, 40)),
            result => Assert.Equal(JsonValueKind.Object, result.Value!.Value.ValueKind));
        Assert.Equal(10_000, parsed);
    }

    private Lazy<ITokenConstraint> Dates => field ??= new(() => TokenConstraints.Pattern(_model.Tokenizer!, "[0-9]{4}-[0-9]{2}( at [a-z]+)?", 16));

    private Lazy<ITokenConstraint> Json => field ??= new(() => TokenConstraints.JsonSchema(
        _model.Tokenizer!,
        """{"type":"object","properties":{"name":{"type":"string"},"size":{"type":"number"},"tags":{"type":"array","items":{"enum":["a","b"]}}},"required":["name"]}""",
        40));

    private static GenerationOptions Random(int seed, int tokens) =>
        new() { MaxNewTokens = tokens, Sampling = new SamplingOptions { Temperature = 3, Seed = (ulong)seed } };

    private async Task<int> CheckAsync<TResult>(int count, Func<int, object> task, Action<TResult> check)
        where TResult : ITaskResult
    {
        var texts = new HashSet<string>();
        int done = 0;
        foreach (int[] seeds in Enumerable.Range(0, count).Chunk(500))
        {
            TaskItem[] items = [.. seeds.Select(seed => new TaskItem(Picture, task(seed) as VisionTask ?? ((PromptJson)task(seed)).ToTask()))];
            foreach (ITaskResult result in await _model.RunBatchAsync(items))
            {
                Assert.All(result.Warnings, warning => Assert.Contains("smaller than a pixel", warning, StringComparison.Ordinal));
                Assert.Equal(FinishReason.Stop, result.FinishReason);
                ITaskResult typed = result is TextResult { Prompt: PromptJson.Prompt } text ? PromptJson.Read(text) : result;
                check((TResult)typed);
                texts.Add(result.Generations[0].Text);
                done++;
            }
        }

        Assert.True(texts.Count > 1);
        return done;
    }

    /// <summary>A prompt under one compiled schema: compiling it for each of so many answers would be most of the work.</summary>
    private sealed record PromptJson(ITokenConstraint Grammar, GenerationOptions Options)
    {
        public const string Prompt = "as json";

        public static JsonResult Read(TextResult text)
        {
            using JsonDocument document = JsonDocument.Parse(text.Text);
            return new JsonResult { Value = document.RootElement.Clone(), Text = text.Text, Prompt = Prompt, Warnings = [], Generation = text.Generation };
        }

        public VisionTask ToTask() => new PromptTask(Prompt) { Options = Options with { Constraint = Grammar } };
    }
}
