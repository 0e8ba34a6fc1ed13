using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Tasks;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tests.Tasks;

public sealed class DetectionOptionsTests : IDisposable
{
    private static readonly Image Picture = Image.Load(Path.Combine(GoldenData.Bundled, "nano", "00.png"));

    private readonly PaliGemma _model = PaliGemma.Load();

    public void Dispose() => _model.Dispose();

    [Fact]
    public void OnlyTheSurestOfOverlappingBoxesOfALabelStays()
    {
        Detection[] found =
        [
            Box(0, 0, 10, 10, "cat", 0.5f),
            Box(1, 0, 11, 10, "cat", 0.9f),
            Box(0, 0, 10, 10, "dog", 0.4f),
            Box(20, 0, 30, 10, "cat", 0.1f),
        ];
        Assert.Equal([found[1], found[2], found[3]], BoxSuppression.Apply(found, 0.5));
        Assert.Equal([found[1], found[3]], BoxSuppression.Apply(found, 0.5, acrossLabels: true));
        Assert.Equal(found, BoxSuppression.Apply(found, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => BoxSuppression.Apply(found, 1.5));
    }

    [Theory]
    [InlineData("red circle", "red circle", 0)]
    [InlineData("Red Circel", "red circle", 2)]
    [InlineData("", "star", 4)]
    [InlineData("stars", "star", 1)]
    public void LabelsSnapToTheNearestPhrase(string label, string phrase, int distance) =>
        Assert.Equal((phrase, distance), LabelSnapping.Nearest(label, ["red circle", "star"]));

    [Fact]
    public async Task OnePromptPerPhraseJoinsTheAnswers()
    {
        var options = new DetectionOptions { OnePromptPerPhrase = true, SnapLabels = true };
        DetectionResult result = await _model.DetectAsync(Picture, ["triangle", "rectangle"], options);
        DetectionResult triangles = await _model.DetectAsync(Picture, ["triangle"]);
        DetectionResult rectangles = await _model.DetectAsync(Picture, ["rectangle"]);
        Assert.Equal(2, result.Generations.Count);
        Assert.Equal(["detect triangle", "detect rectangle"], result.Generations.Select(answer => answer.Prompt));
        Assert.Equal([.. triangles.Detections.Select(found => found.Box), .. rectangles.Detections.Select(found => found.Box)], result.Detections.Select(found => found.Box));
        Assert.All(result.Detections, found => Assert.Equal((0, found.Label), (found.LabelDistance, found.WrittenLabel!)));
        Assert.Single(triangles.Generations);
        Assert.Null(triangles.Detections[0].LabelDistance);
    }

    [Fact]
    public async Task OverlappingBoxesGo()
    {
        DetectionResult all = await _model.DetectAsync(Picture, ["triangle", "rectangle"], new DetectionOptions { OnePromptPerPhrase = true });
        DetectionResult apart = await _model.DetectAsync(Picture, ["triangle", "rectangle"], new DetectionOptions { OnePromptPerPhrase = true, MaxOverlap = 0.3, AcrossLabels = true });
        Assert.Equal(BoxSuppression.Apply(all.Detections, 0.3, acrossLabels: true), apart.Detections);
        Assert.True(apart.Detections.Count < all.Detections.Count);
    }

    [Fact]
    public async Task AnAnswerThatRepeatsABoxEnds()
    {
        // A grammar that allows one box only, again and again.
        int[] box = [.. new[] { 10, 20, 300, 400 }.Select(bin => _model.Tokenizer!.FirstLocationId!.Value + bin)];
        int[] loop = [.. box, .. _model.Tokenizer!.Encode(" star ; ")];
        var endless = new TokenAutomaton(loop.Select((id, i) => (TokenTransition[])[new TokenTransition(TokenSet.Of(id), (i + 1) % loop.Length)]));
        var options = new GenerationOptions { MaxNewTokens = 200, Constraint = endless };
        DetectionResult cut = await _model.DetectAsync(Picture, ["star"], new DetectionOptions(), options);
        Assert.Equal(FinishReason.Length, cut.Generation.FinishReason);
        DetectionResult stopped = await _model.DetectAsync(Picture, ["star"], new DetectionOptions { StopAtRepeatedBoxes = true }, options);
        Assert.Equal(FinishReason.StopCondition, stopped.Generation.FinishReason);
        Assert.Equal((2 * loop.Length) + 4, stopped.Generation.Tokens.Count);
        Assert.Equal(["star", "star"], stopped.Detections.Select(found => found.Label));
        Assert.True(stopped.MayBeIncomplete);
        Assert.Contains("repeated", Assert.Single(stopped.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFullGrammarSaysThatThereMayBeMore()
    {
        DetectionResult full = await _model.DetectAsync(
            Picture, ["rectangle"], new DetectionOptions { Constrain = true }, new GenerationOptions { MaxNewTokens = 8 });
        Assert.Single(full.Detections);
        Assert.Empty(full.Warnings);
        Assert.True(full.MayBeIncomplete);
        DetectionResult whole = await _model.DetectAsync(Picture, ["rectangle"], new DetectionOptions { Constrain = true });
        Assert.False(whole.MayBeIncomplete);
    }

    [Fact]
    public async Task OptionsThatMakeNoSenseAreRefused()
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _model.DetectAsync(Picture, ["star"], new DetectionOptions { MaxOverlap = 2 }));
        await Assert.ThrowsAsync<ArgumentException>(() => _model.DetectAsync(
            Picture, ["star"], new DetectionOptions { Constrain = true }, new GenerationOptions { Constraint = TokenConstraints.YesNo(_model.Tokenizer!) }));
        await Assert.ThrowsAsync<PromptException>(() => _model.DetectAsync(
            Picture, ["star"], new DetectionOptions { Constrain = true }, new GenerationOptions { MaxNewTokens = 3 }));
    }

    private static Detection Box(float x1, float y1, float x2, float y2, string label, float score) => new(new BoundingBox(x1, y1, x2, y2), label, score, score, score);
}
