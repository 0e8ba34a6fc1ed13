using System.Text.Json;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Tasks;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tests.Tasks;

/// <summary>Tasks with text as their result, on the demonstration model.</summary>
public sealed class TextTaskTests : IDisposable
{
    private static readonly Image Ring = Image.Load(Path.Combine(GoldenData.Bundled, "nano", "02.png"));

    private readonly PaliGemma _model = PaliGemma.Load();

    public void Dispose() => _model.Dispose();

    [Fact]
    public async Task EveryResultTellsHowItEnded()
    {
        TextResult whole = await _model.CaptionAsync(Ring);
        Assert.Equal("an orange ring on a pink background", whole.Text);
        Assert.Equal("caption en", whole.Prompt);
        Assert.True(whole.IsComplete);
        Assert.Empty(whole.Warnings);
        Assert.InRange(whole.Score, 0.5, 1);
        TextResult cut = await _model.CaptionAsync(Ring, options: new GenerationOptions { MaxNewTokens = 3 });
        Assert.False(cut.IsComplete);
        Assert.Equal(FinishReason.Length, cut.FinishReason);
        Assert.Contains("cut at 3 tokens", Assert.Single(cut.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARegionIsDescribed()
    {
        RegionCaptionResult result = await _model.CaptionRegionAsync(Ring, new BoundingBox(0, 0, Ring.Width, Ring.Height));
        Assert.StartsWith("caption <loc0000><loc0000><loc1023><loc1023>", result.Prompt, StringComparison.Ordinal);
        Assert.Contains("ring", result.Text, StringComparison.Ordinal);
        await Assert.ThrowsAsync<PromptException>(() => _model.CaptionRegionAsync(Ring, new BoundingBox(-10, 0, -5, 5)));
    }

    [Fact]
    public async Task AnswersMayBeTruthValuesAndCounts()
    {
        AnswerResult free = await _model.AnswerAsync(Ring, "how many rings are there?");
        Assert.NotNull(free.Number);
        Assert.Null(free.YesNo);
        AnswerResult truth = await _model.RunAsync(Ring, new AnswerTask("is there a ring?") { Kind = AnswerKind.YesNo });
        Assert.NotNull(truth.YesNo);
        AnswerResult count = await _model.RunAsync(Ring, new AnswerTask("what color is the ring?") { Kind = AnswerKind.Count });
        Assert.NotNull(count.Number);
        AnswerResult bare = await _model.RunAsync(Ring, new AnswerTask("answer en what color is the ring?") { Form = QuestionForm.Bare });
        Assert.Equal("orange", bare.Text);
        await Assert.ThrowsAsync<ArgumentException>(() => _model.RunAsync(Ring, new AnswerTask("is it?")
        {
            Kind = AnswerKind.YesNo,
            Options = new GenerationOptions { Constraint = TokenConstraints.YesNo(_model.Tokenizer!) },
        }));
    }

    [Theory]
    [InlineData("12", 12.0)]
    [InlineData("45%", 0.45)]
    [InlineData("-3.5", -3.5)]
    [InlineData("1,200", 1200.0)]
    [InlineData("12 apples", null)]
    [InlineData("%", null)]
    [InlineData("1e999", null)]
    public void NumbersAreRead(string text, double? number) => Assert.Equal(number, Answer(text).Number);

    [Fact]
    public async Task LinesAreThoseOfTheText()
    {
        OcrResult read = await _model.ReadTextAsync(Ring);
        Assert.Equal(read.Text, string.Join('\n', read.Lines));
        OcrResult made = new() { Text = "one \n\n two", Prompt = "ocr", Warnings = [], Generation = read.Generation };
        Assert.Equal(["one", "two"], made.Lines);
    }

    [Fact]
    public async Task ATextThatRepeatsItselfEnds()
    {
        // A grammar that allows a phrase only, again and again.
        int[] loop = _model.Tokenizer!.Encode("red ring on ");
        var endless = new TokenAutomaton(loop.Select((id, i) => (TokenTransition[])[new TokenTransition(TokenSet.Of(id), (i + 1) % loop.Length)]));
        var options = new GenerationOptions { MaxNewTokens = 400, Constraint = endless };
        OcrResult stopped = await _model.RunAsync(Ring, new OcrTask { Options = options });
        Assert.Equal(FinishReason.Repetition, stopped.FinishReason);
        Assert.Equal("red ring on", stopped.Text);
        Assert.Contains("repeated", Assert.Single(stopped.Warnings), StringComparison.Ordinal);
        OcrResult cut = await _model.RunAsync(Ring, new OcrTask { Options = options, GuardRepetition = false });
        Assert.Equal(FinishReason.Length, cut.FinishReason);
        Assert.Equal(400, cut.Generation.Tokens.Count);
    }

    [Theory]
    [InlineData("a b c d e f g h", 0)]
    [InlineData("1 1 1 1 1 1 1 1 1 1", 0)]
    public void HonestTextsAreNotStopped(string text, int repeated) =>
        Assert.Equal(repeated, RepeatedText.Tail([.. text.Split(' ').Select(word => new SampledToken(word[0], 0))]));

    [Fact]
    public void RepetitionsAreCountedFromTheSecondOn()
    {
        SampledToken[] phrase = [.. Enumerable.Range(0, 20).Select(i => new SampledToken(i, 0))];
        SampledToken[] text = [new(99, 0), .. Enumerable.Repeat(phrase, 4).SelectMany(part => part)];
        Assert.Equal(60, RepeatedText.Tail(text));
        Assert.Equal(0, RepeatedText.Tail(text[..^1]));
    }

    [Fact]
    public async Task AnOptionIsChosen()
    {
        ChoiceTask task = new("what color is the ring?", ["blue", "orange", "green"]) { Form = ChoiceForm.ChooseFrom };
        ChoiceResult written = await _model.RunAsync(Ring, task);
        Assert.NotNull(written.Index);
        Assert.Empty(written.Warnings);
        Assert.Equal(task.Choices[written.Index!.Value], written.Option);
        ChoiceResult scored = await _model.ChooseAsync(Ring, task);
        Assert.Equal(task.Choices[scored.Index!.Value], scored.Scores[0].Label);
        Assert.Equal(1, scored.Scores.Sum(score => score.Probability), 6);
        ChoiceResult lettered = await _model.RunAsync(Ring, task with { Form = ChoiceForm.Letters, Context = "It has one color." });
        Assert.NotNull(lettered.Option);
        ChoiceResult free = await _model.RunAsync(Ring, task with { Constrain = false, Options = new GenerationOptions { MaxNewTokens = 1 } });
        Assert.NotEmpty(free.Warnings);
    }

    [Fact]
    public async Task JsonFollowsItsSchema()
    {
        const string Schema = """{"type":"object","properties":{"color":{"type":"string","enum":["orange","blue"]},"count":{"type":"integer"}},"required":["color"]}""";
        JsonResult result = await _model.AnswerJsonAsync(Ring, "answer en what color is the ring?", Schema, new GenerationOptions { MaxNewTokens = 40 });
        Assert.Empty(result.Warnings);
        Assert.Equal(JsonValueKind.String, result.Value!.Value.GetProperty("color").ValueKind);
        await Assert.ThrowsAsync<PromptException>(() => _model.AnswerJsonAsync(Ring, "x", Schema, new GenerationOptions { MaxNewTokens = 4 }));
    }

    [Fact]
    public async Task TablesMoleculesAndMusicAreReadFromWhatIsWritten()
    {
        TableResult table = await _model.ReadTableAsync(Ring, new TableTask { Options = Written("<table><tr><th coords=\"<loc0000><loc0000><loc0511><loc1023>\">a</th><td>1</td></tr></table>") });
        Assert.Equal("a", table.Table![0, 0]!.Text);
        Assert.NotNull(table.Table[0, 0]!.Box);
        Assert.Empty(table.Warnings);
        TableResult none = await _model.ReadTableAsync(Ring, new TableTask { Options = Written("nothing") });
        Assert.Null(none.Table);
        Assert.NotEmpty(none.Warnings);
        MoleculeResult molecule = await _model.ReadMoleculeAsync(Ring, new MoleculeTask { Options = Written("CC(=O)O") });
        Assert.Equal(4, molecule.Molecule!.Atoms.Count);
        MoleculeResult bad = await _model.ReadMoleculeAsync(Ring, new MoleculeTask { Options = Written("CC(=O") });
        Assert.Null(bad.Molecule);
        Assert.Equal(bad.Problem!.Message, Assert.Single(bad.Warnings));
        MusicResult music = await _model.ReadMusicAsync(Ring, new MusicTask { Options = Written("**kern\n*M2/4\n=1\n4c\n4d\n==\n*-") });
        Assert.Equal(2, music.Music.NoteCount);
        Assert.Empty(music.Warnings);
    }

    [Fact]
    public async Task TextIsFoundAndRead()
    {
        TextDetectionResult named = await _model.RunAsync(Ring, new TextDetectionTask { Options = Written("<loc0100><loc0100><loc0300><loc0500> OPEN ; <loc0400><loc0100><loc0600><loc0500> 24 h") });
        Assert.Equal(["OPEN", "24 h"], named.Regions.Select(region => region.Text));
        TextDetectionResult read = await _model.DetectTextAsync(Ring, new TextDetectionTask { Options = Written("<loc0100><loc0100><loc0300><loc0500> text") });
        Assert.Equal(2, read.Generations.Count);
        Assert.NotEqual("text", Assert.Single(read.Regions).Text);
    }

    [Fact]
    public async Task AnyTasksGoTogether()
    {
        TaskItem[] items =
        [
            new(Ring, new CaptionTask()),
            new(Ring, new DetectionTask(["ring"])),
            new([Ring, Ring], new PromptTask("caption en")),
            new(Ring, new AnswerTask("what color is the ring?")),
            new(Ring, new SegmentationTask(["orange ring"])),
        ];
        IReadOnlyList<ITaskResult> together = await _model.RunBatchAsync(items);
        Assert.Equal((await _model.CaptionAsync(Ring)).Text, ((TextResult)together[0]).Text);
        Assert.Equal((await _model.DetectAsync(Ring, ["ring"])).Detections.Select(item => item.Box), ((DetectionResult)together[1]).Detections.Select(item => item.Box));
        Assert.Equal((await _model.RunAsync([Ring, Ring], new PromptTask("caption en"))).Text, ((TextResult)together[2]).Text);
        Assert.Equal("orange", ((AnswerResult)together[3]).Text);
        Assert.Equal((await _model.SegmentAsync(Ring, ["orange ring"])).Generation.Text, together[4].Generations[0].Text);
        await Assert.ThrowsAsync<PromptException>(() => _model.RunAsync([Ring, Ring], new DetectionTask(["ring"])));
    }

    private static AnswerResult Answer(string text) => new()
    {
        Text = text,
        Prompt = "answer en",
        Warnings = [],
        Generation = new GenerationResult { Text = text, Tokens = [], LogProbability = 0, FinishReason = FinishReason.Stop, Score = 0, PromptTokens = 1, ImageTokens = 0 },
    };

    /// <summary>Makes the model write a text.</summary>
    private GenerationOptions Written(string text)
    {
        int[] ids = [.. _model.Tokenizer!.Encode(text), _model.Tokenizer.EosId];
        var only = new TokenAutomaton(ids.Select((id, i) => (TokenTransition[])[new TokenTransition(TokenSet.Of(id), Math.Min(i + 1, ids.Length - 1))]));
        return new GenerationOptions { MaxNewTokens = 300, Constraint = only };
    }
}
