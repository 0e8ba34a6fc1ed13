using PaliSharp.Segmentation;
using PaliSharp.Tasks;
using PaliSharp.Training.Data;
using Xunit;

namespace PaliSharp.Training.Tests.Data;

/// <summary>COCO and VQA files become the prompts and texts of the papers.</summary>
public sealed class CocoTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public CocoTests() => _folder.CocoAndVqa(3);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void CaptionsTakeTurns()
    {
        ITrainingSource source = Sources.Open("""{"path": "captions.json", "kind": "coco-captions"}""", _folder.Root);
        Assert.Equal(3, source.ExamplesPerEpoch);
        TrainingExample[] examples = [.. Enumerable.Range(0, 6).Select(_ => source.Next())];
        Assert.All(examples, example => Assert.Equal("caption en", example.Prefix));
        Assert.Equal(
            ["picture 1 text 0", "picture 1 text 1", "picture 2 text 0", "picture 2 text 1", "picture 3 text 0", "picture 3 text 1"],
            examples.Select(example => example.Suffix).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void BoxesAreWrittenYFirstInBinsOfTheTrainingCode()
    {
        ITrainingSource source = Sources.Open("""{"path": "instances.json", "kind": "coco-detection", "order": "file", "shuffle": false}""", _folder.Root);
        TrainingExample example = source.Next();
        Assert.Equal("detect dog ; cat", example.Prefix);

        // x 1 to 5 of 16, y 2 to 8 of 12, times 1023: 170.5 and 682 (half to even), 63.94 and 319.7; the crowd is left out.
        Assert.Equal("<loc0170><loc0064><loc0682><loc0320> dog ; <loc0000><loc0000><loc1023><loc0128> cat", example.Suffix);
        Assert.Equal("<loc0170><loc0128><loc0682><loc0384> dog ; <loc0000><loc0000><loc1023><loc0128> cat", source.Next().Suffix);
    }

    [Fact]
    public void OrderIsDrawnOrRaster()
    {
        ITrainingSource raster = Sources.Open("""{"path": "instances.json", "kind": "coco-detection", "order": "raster"}""", _folder.Root);
        Assert.All(Enumerable.Range(0, 6), _ => Assert.Equal("detect cat ; dog", raster.Next().Prefix));
        ITrainingSource drawn = Sources.Open("""{"path": "instances.json", "kind": "coco-detection"}""", _folder.Root);
        Assert.Equal(2, Enumerable.Range(0, 30).Select(_ => drawn.Next().Prefix).Distinct().Count());
    }

    [Fact]
    public void MasksBecomeTheCodesOfTheCodec()
    {
        string description = $$"""{"path": "instances.json", "kind": "coco-instances", "order": "file", "shuffle": false, "codec": {{System.Text.Json.JsonSerializer.Serialize(DataFiles.Codec)}}}""";
        TrainingExample example = Sources.Open(description, _folder.Root).Next();
        Assert.Equal("segment dog ; cat", example.Prefix);
        MaskCodec codec = MaskCodec.Load(DataFiles.Codec);
        var pixels = new bool[16 * 12];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = i % 16 is >= 1 and < 5 && i / 16 is >= 2 and < 8;
        SegmentationTarget dog = SegmentationTarget.Create(codec, Mask.FromPixels(16, 12, pixels), new RelativeBox(2f / 12, 1f / 16, 8f / 12, 5f / 16));
        Assert.StartsWith($"{dog} dog ; <loc0000><loc0000><loc1023><loc0128><seg", example.Suffix, StringComparison.Ordinal);
        IReadOnlyList<TextObject> things = ObjectText.Parse(example.Suffix)!;
        Assert.Equal([16, 16], things.Select(thing => thing.Codes.Length));

        // The polygon's edges lie on edges of pixels, so the mask fills its box, and a full box and a full box have the same codes.
        Assert.Equal(things[0].Codes, things[1].Codes);
        Assert.Throws<RecipeException>(() => Sources.Open("""{"path": "instances.json", "kind": "coco-instances"}""", _folder.Root));
    }

    [Fact]
    public void MirroredMasksAreEncodedMirrored()
    {
        string description = $$"""{"path": "instances.json", "kind": "coco-instances", "order": "file", "shuffle": false, "augment": {"flip": 1}, "codec": {{System.Text.Json.JsonSerializer.Serialize(DataFiles.Codec)}}}""";
        TrainingExample example = Sources.Open(description, _folder.Root).Next();
        IReadOnlyList<TextObject> things = ObjectText.Parse(example.Suffix)!;
        Assert.Equal([170, 703, 682, 959], things[0].Bins);
        Assert.Equal([0, 895, 1023, 1023], things[1].Bins);
    }

    [Fact]
    public void FrequentAnswersAreChosenOrAllTakeTurns()
    {
        const string Vqa = "\"path\": \"questions.json\", \"kind\": \"vqa\", \"annotations\": \"answers.json\", \"imageName\": \"coco-{id:2}.png\"";
        ITrainingSource source = Sources.Open($"{{{Vqa}, \"shuffle\": false}}", _folder.Root);
        TrainingExample example = source.Next();
        Assert.Equal(("answer en How many in 1?", "two"), (example.Prefix, example.Suffix));
        Assert.Equal(16, example.Images[0].Width);
        ITrainingSource each = Sources.Open($"{{{Vqa}, \"answers\": \"each\"}}", _folder.Root);
        string[] suffixes = [.. Enumerable.Range(0, 9).Select(_ => each.Next().Suffix)];
        Assert.Equal(6, suffixes.Count(suffix => suffix == "two"));
        Assert.Equal(["one 1", "one 2", "one 3"], suffixes.Where(suffix => suffix != "two").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("\"bbox\": [1, 2, 4, 6]", "\"bbox\": [1, 2, 40, 6]", BadItemKind.BoxOutside)]
    [InlineData("\"bbox\": [1, 2, 4, 6]", "\"bbox\": [-3, 2, 4, 6]", BadItemKind.BoxOutside)]
    [InlineData("\"bbox\": [1, 2, 4, 6]", "\"bbox\": [1, 2, 0, 6]", BadItemKind.BoxOutside)]
    [InlineData("\"bbox\": [1, 2, 4, 6]", "\"bbox\": [1, 2, 1e999, 6]", BadItemKind.BoxOutside)]
    [InlineData("\"bbox\": [1, 2, 4, 6]", "\"bbox\": [1, 2, 4]", BadItemKind.Malformed)]
    [InlineData("\"bbox\": [1, 2, 4, 6]", "\"box\": 3", BadItemKind.Malformed)]
    [InlineData("\"id\": 3, \"image_id\": 1, \"category_id\": 18", "\"id\": 3, \"image_id\": 1, \"category_id\": 19", BadItemKind.Malformed)]
    [InlineData("\"id\": 3, \"image_id\": 1,", "\"id\": 3, \"image_id\": 99,", BadItemKind.Malformed)]
    [InlineData("\"height\": 12, \"width\": 16, \"id\": 1,", "\"id\": 1,", BadItemKind.Malformed)]
    [InlineData("coco-01.png", "gone.png", BadItemKind.MissingPicture)]
    [InlineData("[[1, 2, 5, 2, 5, 8, 1, 8]]", "[[1, 2, 5, 2]]", BadItemKind.BoxOutside)]
    [InlineData("[[1, 2, 5, 2, 5, 8, 1, 8]]", "[]", BadItemKind.Malformed)]
    [InlineData("[[1, 2, 5, 2, 5, 8, 1, 8]]", "[[1, 2, 5, 2, 5, 999999999, 1, 8]]", BadItemKind.BoxOutside)]
    [InlineData("[[1, 2, 5, 2, 5, 8, 1, 8]]", "{\"size\": [12, 16], \"counts\": [0, 24]}", BadItemKind.BoxOutside)]
    [InlineData("[[1, 2, 5, 2, 5, 8, 1, 8]]", "{\"size\": [2000000000, 2000000000], \"counts\": \"0\"}", BadItemKind.BoxOutside)]
    public void BadAnnotationsAreSkippedAndCounted(string from, string to, BadItemKind kind)
    {
        string text = File.ReadAllText(_folder["instances.json"]);
        Assert.Contains(from, text, StringComparison.Ordinal);
        _folder.Text("bad.json", text.Replace(from, to, StringComparison.Ordinal));
        ITrainingSource source = Sources.Open(
            $$"""{"path": "bad.json", "kind": "coco-instances", "codec": {{System.Text.Json.JsonSerializer.Serialize(DataFiles.Codec)}}}""", _folder.Root);
        for (int i = 0; i < 6; i++)
            Assert.False(string.IsNullOrEmpty(source.Next().Suffix));
        Assert.Equal((kind, 1L), (source.Report.Skipped.Keys.Single(), source.Report.TotalSkipped));
    }

    [Fact]
    public void PicturesOfAnotherSizeThanAnnotatedAreSkipped()
    {
        _folder.Picture("coco-02.png", 2, 12, 16);
        ITrainingSource source = Sources.Open("""{"path": "instances.json", "kind": "coco-detection"}""", _folder.Root);
        for (int i = 0; i < 6; i++)
            _ = source.Next();
        Assert.Equal(1, source.Report.Skipped[BadItemKind.BrokenPicture]);
    }

    [Theory]
    [InlineData("[]", "of the expected form")]
    [InlineData("{\"images\": [", "of the expected form")]
    [InlineData("{}", "0 images")]
    [InlineData("{\"images\": [{\"id\": 1}], \"annotations\": [{\"image_id\": 1}]}", "0 categories")]
    [InlineData("{\"images\": [{\"id\": 1}], \"annotations\": [{\"image_id\": 1}], \"categories\": [{\"id\": 1, \"name\": \"a;b\"}]}", "'a;b'")]
    [InlineData("{\"images\": [{\"id\": 1}], \"annotations\": [{\"image_id\": 1}], \"categories\": [{\"id\": 1, \"name\": \"a\"}]}", "nothing to learn")]
    public void FilesThatAreNoCocoAreRefused(string content, string message)
    {
        _folder.Text("bad.json", content);
        RecipeException exception = Assert.Throws<RecipeException>(() => Sources.Open("""{"path": "bad.json", "kind": "coco-detection"}""", _folder.Root));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void VqaWithoutAnswersIsRefused()
    {
        Assert.Contains("no answers", Assert.Throws<RecipeException>(() => Sources.Open("""{"path": "questions.json", "kind": "vqa"}""", _folder.Root)).Message, StringComparison.Ordinal);
        _folder.Text("none.json", "{\"annotations\": []}");
        Assert.Throws<RecipeException>(() => Sources.Open("""{"path": "questions.json", "kind": "vqa", "annotations": "none.json"}""", _folder.Root));
        Assert.Contains("{id}", Assert.Throws<RecipeException>(() => Sources.Open(
            """{"path": "questions.json", "kind": "vqa", "annotations": "answers.json", "imageName": "x.png"}""", _folder.Root)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FilesLargerThanTheBufferAreIndexedInPieces()
    {
        // Two million bytes of text between the annotations: the index reads a million at a time.
        string padding = new('x', 2_000_000);
        string text = File.ReadAllText(_folder["captions.json"]).Replace("\"annotations\"", $"\"padding\": \"{padding}\", \"annotations\"", StringComparison.Ordinal);
        _folder.Text("captions.json", text.Replace("picture 2 text 1", $"{new string('y', 40_000)} end", StringComparison.Ordinal));
        ITrainingSource source = Sources.Open("""{"path": "captions.json", "kind": "coco-captions"}""", _folder.Root);
        string[] suffixes = [.. Enumerable.Range(0, 6).Select(_ => source.Next().Suffix)];
        Assert.Equal(6, suffixes.Distinct().Count());
        Assert.Contains(suffixes, suffix => suffix.Length == 40_004);
    }
}
