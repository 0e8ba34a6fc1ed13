using System.Text.Json;
using PaliSharp.Segmentation;
using PaliSharp.Training.Data;
using Xunit;

namespace PaliSharp.Training.Tests.Data;

/// <summary>Data sets converted to another format and back say the same.</summary>
public sealed class ConverterTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public ConverterTests() => _folder.CocoAndVqa(3);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(SourceKind.CocoCaptions, "captions.json", DatasetFormat.Jsonl, 6)]
    [InlineData(SourceKind.CocoCaptions, "captions.json", DatasetFormat.Csv, 6)]
    [InlineData(SourceKind.CocoCaptions, "captions.json", DatasetFormat.Coco, 6)]
    [InlineData(SourceKind.CocoDetection, "instances.json", DatasetFormat.Jsonl, 3)]
    [InlineData(SourceKind.CocoDetection, "instances.json", DatasetFormat.Csv, 3)]
    [InlineData(SourceKind.CocoDetection, "instances.json", DatasetFormat.Coco, 3)]
    [InlineData(SourceKind.CocoInstances, "instances.json", DatasetFormat.Jsonl, 3)]
    [InlineData(SourceKind.CocoInstances, "instances.json", DatasetFormat.Coco, 3)]
    [InlineData(SourceKind.Vqa, "questions.json", DatasetFormat.Jsonl, 3)]
    [InlineData(SourceKind.Vqa, "questions.json", DatasetFormat.Csv, 3)]
    [InlineData(SourceKind.Vqa, "questions.json", DatasetFormat.Vqa, 3)]
    public void WhatIsWrittenReadsAsTheSame(SourceKind kind, string name, DatasetFormat format, int written)
    {
        var source = new SourceDescription
        {
            Kind = kind,
            Path = name,
            Annotations = "answers.json",
            ImageName = "coco-{id:2}.png",
            Order = ObjectOrder.File,
            Codec = DataFiles.Codec,
        };
        string output = _folder["out"];
        ConversionReport report = DatasetConverter.Convert(source, _folder.Root, format, output);
        Assert.Equal((3, written, 0, 0), (report.Items, report.Written, report.LeftOut, report.Skipped.TotalSkipped));
        Assert.All(report.Files, file => Assert.True(File.Exists(file), file));
        SourceDescription back = format switch
        {
            DatasetFormat.Coco => source with { Path = kind == SourceKind.CocoCaptions ? "captions.json" : "instances.json" },
            DatasetFormat.Vqa => source with { Annotations = "annotations.json", ImageName = null },
            _ => new SourceDescription { Path = Path.GetFileName(report.Files[0]) },
        };
        Assert.Equal(Everything(source, _folder.Root), Everything(back, output));
    }

    [Fact]
    public void TextsWithBoxesAndMasksBecomeCocoAndCome()
    {
        MaskCodec codec = MaskCodec.Load(DataFiles.Codec);
        _folder.Picture("p.png", 1, 100, 80);
        string codes = string.Concat(Enumerable.Repeat("<seg011>", 16));
        _folder.Text("a.jsonl", string.Join('\n',
            $$"""{"image": "p.png", "prefix": "segment dog", "suffix": "<loc0100><loc0200><loc0900><loc0800>{{codes}} dog"}""",
            """{"image": "p.png", "prefix": "detect cat ; dog", "suffix": "<loc0010><loc0020><loc0030><loc0040> cat ; <loc0100><loc0200><loc0300><loc0400> dog"}""",
            """{"image": "p.png", "prefix": "the red ball", "suffix": "<loc0010><loc0020><loc0030><loc0040>"}""",
            """{"image": "p.png", "prefix": "caption en", "suffix": "a gradient"}""",
            """{"image": "p.png", "prefix": "answer en what?", "suffix": "nothing"}""",
            """{"image": "gone.png", "prefix": "caption en", "suffix": "a gradient"}"""));
        ConversionReport report = DatasetConverter.Convert(new SourceDescription { Path = "a.jsonl", Codec = DataFiles.Codec }, _folder.Root, DatasetFormat.Coco, _folder["out"]);
        Assert.Equal((6, 4, 1, 1), (report.Items, report.Written, report.LeftOut, report.Skipped.TotalSkipped));
        using JsonDocument instances = JsonDocument.Parse(File.ReadAllBytes(_folder["out/instances.json"]));
        JsonElement[] annotations = [.. instances.RootElement.GetProperty("annotations").EnumerateArray()];
        Assert.Equal(["dog", "cat", "dog", "the red ball"], annotations.Select(annotation => Category(instances, annotation)));
        Assert.Equal(200f / 1023 * 100, annotations[0].GetProperty("bbox")[0].GetSingle(), 1e-4);
        JsonElement mask = annotations[0].GetProperty("segmentation");
        RunLengths runs = RunLengths.Parse(100, 80, mask.GetProperty("counts").GetString()!);
        int[] sixteen = [.. Enumerable.Repeat(11, 16)];
        Mask expected = MaskPasting.Paste(codec.Decode(sixteen), PaliSharp.Tasks.LocationGrid.ToPixels(100, 200, 900, 800, 100, 80), 100, 80);
        Assert.Equal(RunLengths.FromMask(expected).Counts, runs.Counts);
        Assert.Throws<RecipeException>(() => DatasetConverter.Convert(new SourceDescription { Path = "a.jsonl" }, _folder.Root, DatasetFormat.Coco, _folder["out2"]));
        Assert.False(Directory.Exists(_folder["out2"]));
        Assert.DoesNotContain(Directory.GetFileSystemEntries(_folder.Root), entry => entry.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void NothingIsLeftOfAConversionThatFailsAndNothingIsOverwritten()
    {
        var source = new SourceDescription { Kind = SourceKind.CocoCaptions, Path = "captions.json" };
        Assert.Contains("None of 3", Assert.Throws<RecipeException>(() => DatasetConverter.Convert(source, _folder.Root, DatasetFormat.Vqa, _folder["out"])).Message, StringComparison.Ordinal);
        using var stopped = new CancellationTokenSource();
        stopped.Cancel();
        Assert.Throws<OperationCanceledException>(() => DatasetConverter.Convert(source, _folder.Root, DatasetFormat.Jsonl, _folder["out"], stopped.Token));
        Assert.False(Directory.Exists(_folder["out"]));
        Assert.DoesNotContain(Directory.GetFileSystemEntries(_folder.Root), entry => entry.EndsWith(".tmp", StringComparison.Ordinal));
        Directory.CreateDirectory(_folder["out"]);
        Assert.Contains("exists", Assert.Throws<RecipeException>(() => DatasetConverter.Convert(source, _folder.Root, DatasetFormat.Jsonl, _folder["out"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<loc0001><loc0002><loc0003><loc0004> a", 1)]
    [InlineData("<loc0001><loc0002><loc0003><loc0004>", 1)]
    [InlineData("<loc0001><loc0002><loc0003><loc0004> a ; <loc0001><loc0002><loc0003><loc0004> b", 2)]
    [InlineData("a", 0)]
    [InlineData("", 0)]
    [InlineData("<loc0001><loc0002><loc0003> a", 0)]
    [InlineData("<loc0003><loc0002><loc0001><loc0004> a", 0)]
    [InlineData("<loc0001><loc0002><loc0003><loc1024> a", 0)]
    [InlineData("<loc0001><loc0002><loc0003><loc0004><seg001> a", 0)]
    [InlineData("see <loc0001><loc0002><loc0003><loc0004> a", 0)]
    public void OnlyWholeTextsOfThingsAreThings(string text, int count) => Assert.Equal(count, ObjectText.Parse(text)?.Count ?? 0);

    private static string Category(JsonDocument file, JsonElement annotation) => file.RootElement.GetProperty("categories").EnumerateArray()
        .Single(category => category.GetProperty("id").GetInt32() == annotation.GetProperty("category_id").GetInt32()).GetProperty("name").GetString()!;

    // Every example of every item, sorted: prompt, suffix and the file of the picture.
    private static string[] Everything(SourceDescription source, string folder)
    {
        ExampleSet set = SourceOpener.OpenSet(source, folder);
        ExampleLoader loader = SourceOpener.Loader(source);
        return
        [
            .. Enumerable.Range(0, set.Count).SelectMany(set.ReadAll).Select(loader.Texts)
                .Select(item => $"{Path.GetFullPath(item.Images[0])}|{item.Prefix}|{item.Objects?.ToText("x") ?? item.Suffix}")
                .Order(StringComparer.Ordinal),
        ];
    }
}
