using System.Globalization;
using PaliSharp.Exports;
using PaliSharp.Imaging;
using PaliSharp.Jobs;
using PaliSharp.Results;
using PaliSharp.Tasks;
using PaliSharp.TestSupport;

namespace PaliSharp.Cli.Tests;

/// <summary>The C# of <c>docs/tasks.md</c>: every block there stands here, is compiled and run.</summary>
internal static class TaskSamples
{
    private static readonly Dictionary<string, Func<PaliGemma, TextWriter, Task>> Samples = new(StringComparer.Ordinal)
    {
        ["caption"] = CaptionAsync,
        ["ask"] = AskAsync,
        ["schema"] = SchemaAsync,
        ["choice"] = ChoiceAsync,
        ["ocr"] = OcrAsync,
        ["text-detect"] = TextDetectAsync,
        ["region"] = RegionAsync,
        ["detect"] = DetectAsync,
        ["segment"] = SegmentAsync,
        ["classify"] = ClassifyAsync,
        ["match"] = MatchAsync,
        ["frames"] = FramesAsync,
        ["table"] = TableAsync,
        ["smiles"] = SmilesAsync,
        ["music"] = MusicAsync,
        ["mixed"] = MixedAsync,
        ["batch"] = BatchAsync,
    };

    /// <summary>Runs a sample.</summary>
    /// <returns>What it prints.</returns>
    public static async Task<string> RunAsync(string name)
    {
        using PaliGemma model = PaliGemma.Load(CliRun.Nano);
        using var output = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        await Samples[name](model, output);
        return output.ToString();
    }

    private static Image Sample(string name) => Image.Load(Path.Combine(GoldenData.RepositoryRoot, "samples", name));

    private static byte[] SampleBytes(string name) => File.ReadAllBytes(Path.Combine(GoldenData.RepositoryRoot, "samples", name));

    private static async Task CaptionAsync(PaliGemma model, TextWriter output)
    {
        Image image = Sample("orange-ring.png");
        TextResult caption = await model.CaptionAsync(image, "en");
        output.WriteLine($"{caption.Text} ({caption.FinishReason}, score {caption.Score:f2})");
    }

    private static async Task AskAsync(PaliGemma model, TextWriter output)
    {
        Image image = Sample("orange-ring.png");
        AnswerResult answer = await model.AnswerAsync(image, "what color is the ring?");
        AnswerResult count = await model.RunAsync(image, new AnswerTask("how many rings are there?") { Kind = AnswerKind.Count });
        output.WriteLine($"{answer.Text}; {count.Number}");
    }

    private static async Task SchemaAsync(PaliGemma model, TextWriter output)
    {
        Image image = Sample("orange-ring.png");
        const string Schema = """{"type":"object","properties":{"shape":{"enum":["ring","star"]}},"required":["shape"],"additionalProperties":false}""";
        JsonResult json = await model.AnswerJsonAsync(image, "answer en which shape is it?", Schema);
        output.WriteLine(json.Value);
    }

    private static async Task ChoiceAsync(PaliGemma model, TextWriter output)
    {
        Image image = Sample("orange-ring.png");
        var task = new ChoiceTask("what color is the ring?", ["blue", "orange"]) { Form = ChoiceForm.ChooseFrom };
        ChoiceResult scored = await model.ChooseAsync(image, task);
        output.WriteLine(scored.Option);
    }

    private static async Task OcrAsync(PaliGemma model, TextWriter output)
    {
        Image image = Sample("open-sign.png");
        OcrResult text = await model.ReadTextAsync(image);
        output.WriteLine(string.Join('\n', text.Lines));
    }

    private static async Task TextDetectAsync(PaliGemma model, TextWriter output)
    {
        Image image = Sample("open-sign.png");
        TextDetectionResult text = await model.DetectTextAsync(image);
        foreach (TextRegion region in text.Regions)
            output.WriteLine($"{region.Text} at {region.Box.X1:f0}, {region.Box.Y1:f0}");
    }

    private static async Task RegionAsync(PaliGemma model, TextWriter output)
    {
        Image image = Sample("rings.png");
        RegionCaptionResult caption = await model.CaptionRegionAsync(image, new BoundingBox(0, 0, 128, 100));
        output.WriteLine(caption.Text);
    }

    private static async Task DetectAsync(PaliGemma model, TextWriter output)
    {
        Image image = Sample("rings.png");
        DetectionResult found = await model.DetectAsync(image, ["ring"], new DetectionOptions { Constrain = true, MaxOverlap = 0.5 });
        foreach (Detection detection in found.Detections)
            output.WriteLine($"{detection.Label} {detection.Box.X1:f0} {detection.Box.Y1:f0} {detection.Box.X2:f0} {detection.Box.Y2:f0}");
        Image drawn = found.DrawOn(image);
    }

    private static async Task SegmentAsync(PaliGemma model, TextWriter output)
    {
        Image image = Sample("orange-ring.png");
        SegmentationResult found = await model.SegmentAsync(image, ["orange ring"]);
        foreach (Segment segment in found.Segments)
            output.WriteLine($"{segment.Label}: {segment.Mask.Area} pixels");
        Image drawn = found.DrawOn(image);
    }

    private static async Task ClassifyAsync(PaliGemma model, TextWriter output)
    {
        Image image = Sample("orange-ring.png");
        ClassificationResult ranked = await model.ClassifyAsync(image, ["orange", "blue", "green"], "answer en what color is the ring?");
        output.WriteLine($"{ranked.Best.Label} {ranked.Best.Probability:f2}");
    }

    private static async Task MatchAsync(PaliGemma model, TextWriter output)
    {
        Image[] images = [Sample("rings.png"), Sample("orange-ring.png")];
        IReadOnlyList<PictureMatch> ranked = await model.RankPicturesAsync(images, "an orange ring on a pink background");
        output.WriteLine($"picture {ranked[0].Index} with probability {ranked[0].Probability:f2}");
    }

    private static async Task FramesAsync(PaliGemma model, TextWriter output)
    {
        byte[] clip = SampleBytes("red-circle-moves.gif");
        IReadOnlyList<Image> frames = VideoFrames.FromAnimation(clip, new FrameSampling { Count = 3 });
        TextResult caption = await model.RunAsync(frames, new CaptionTask { Length = CaptionLength.Long });
        output.WriteLine(caption.Text);
    }

    private static Task TableAsync(PaliGemma model, TextWriter output)
    {
        ParsedTables parsed = TableParser.Parse("<table><tr><th>fruit<th colspan=2>price</tr><tr><td>apple<td>1.20<td>EUR</table>");
        output.WriteLine(parsed.Tables[0].ToMarkdown());
        output.WriteLine(parsed.Tables[0].ToHtml());
        return Task.CompletedTask;
    }

    private static Task SmilesAsync(PaliGemma model, TextWriter output)
    {
        Molecule caffeine = SmilesParser.Parse("CN1C=NC2=C1C(=O)N(C(=O)N2C)C").Molecule!;
        output.WriteLine($"{caffeine.Atoms.Count} atoms, {caffeine.Rings} rings");
        output.WriteLine(SmilesParser.Parse("c1ccccc").Problem!.Message);
        return Task.CompletedTask;
    }

    private static Task MusicAsync(PaliGemma model, TextWriter output)
    {
        ParsedKern parsed = KernParser.Parse("**kern\n*M3/4\n=1\n4c\n4e\n4g\n=2\n2.cc\n==\n*-");
        foreach (KernMeasure measure in parsed.Score.Measures)
            output.WriteLine($"measure {measure.Number}: {measure.Events.Count} events, {measure.Duration} of a whole note");
        return Task.CompletedTask;
    }

    private static async Task MixedAsync(PaliGemma model, TextWriter output)
    {
        Image image = Sample("orange-ring.png");
        TaskItem[] items = [new(image, new CaptionTask()), new(image, new DetectionTask(["ring"])), new(image, new AnswerTask("what color is the ring?"))];
        foreach (ITaskResult result in await model.RunBatchAsync(items))
            output.WriteLine(ResultLines.Of("orange-ring.png", image, result).GetType().Name);
    }

    private static async Task BatchAsync(PaliGemma model, TextWriter output)
    {
        using var folder = new TemporaryFolder();
        string folderName = folder.Path;
        string[] pictures = [.. ((string[])["rings.png", "red-circles.png"]).Select(name => Path.Combine(GoldenData.RepositoryRoot, "samples", name))];
        var job = new BatchJob(
            BatchInput.FromPictures(pictures),
            BatchTask.Detect(PromptTemplate.Parse("ring ; circle")),
            new BatchJobOptions(Path.Combine(folderName, "boxes.jsonl")));
        BatchProgress done = await job.RunAsync(model);
        job.Export(ExportFormat.Coco, Path.Combine(folderName, "boxes.json"));
        output.WriteLine($"{done.Done} rows, {done.Failed} failed");
    }
}
