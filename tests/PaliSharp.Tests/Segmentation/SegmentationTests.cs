using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;
using PaliSharp.TestSupport;
using PaliSharp.Tests.Checkpoints;
using PaliSharp.Tests.Generation;
using Xunit;

namespace PaliSharp.Tests.Segmentation;

public sealed class SegmentationTests : IDisposable
{
    private static readonly string Pictures = Path.Combine(GoldenData.Bundled, "nano");

    private readonly PaliGemma _model = PaliGemma.Load();

    public void Dispose() => _model.Dispose();

    [Fact]
    public async Task BoxesMasksAndLabelsAreThoseOfTheReferenceIds()
    {
        using JsonDocument document = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(Pictures, "expected.json")));
        int segments = 0;
        foreach (JsonElement item in document.RootElement.EnumerateArray().Where(item => item.GetProperty("prompt").GetString()!.StartsWith("segment ", StringComparison.Ordinal)))
        {
            Image image = Image.Load(Path.Combine(Pictures, item.GetProperty("picture").GetString()!));
            string[] phrases = item.GetProperty("prompt").GetString()!["segment ".Length..].Split(" ; ");
            SegmentationResult result = await _model.SegmentAsync(image, phrases);
            Assert.Empty(result.Warnings);
            Assert.Equal((image.Width, image.Height), (result.Width, result.Height));
            int[] ids = [.. item.GetProperty("greedy").EnumerateArray().Select(id => id.GetInt32())];
            int at = 0;
            foreach (Segment segment in result.Segments)
            {
                int[] bins = [.. ids[at..(at + 4)].Select(id => id - _model.Tokenizer!.FirstLocationId!.Value)];
                Assert.Equal(LocationGrid.ToBox(bins[0], bins[1], bins[2], bins[3], image.Width, image.Height), segment.Box);
                Assert.Equal(ids[(at + 4)..(at + 20)].Select(id => id - _model.Tokenizer!.FirstSegmentationId!.Value), segment.Codes);
                Assert.Equal(LocationGrid.ToPixels(bins[0], bins[1], bins[2], bins[3], image.Width, image.Height), segment.Pixels);
                Assert.Equal(phrases[0], segment.Label);
                Assert.InRange(segment.Score, 1e-6, 1);
                int labelTokens = ids[(at + 20)..].TakeWhile(id => id != 1 && !_model.Tokenizer!.TokenText(id)!.Contains(';', StringComparison.Ordinal)).Count();
                double sum = (4 * Math.Log(segment.BoxScore)) + (16 * Math.Log(segment.MaskScore)) + (labelTokens * Math.Log(segment.LabelScore));
                Assert.Equal(sum / (20 + labelTokens), Math.Log(segment.Score), 1e-4);
                PixelBox bounds = segment.Mask.Bounds!.Value;
                Assert.True(
                    bounds.X1 >= segment.Pixels.X1 && bounds.Y1 >= segment.Pixels.Y1 && bounds.X2 <= segment.Pixels.X2 && bounds.Y2 <= segment.Pixels.Y2,
                    $"The mask {bounds} leaves its box {segment.Pixels}.");
                Assert.InRange(bounds.Width / (double)segment.Pixels.Width, 0.8, 1);
                Assert.InRange(bounds.Height / (double)segment.Pixels.Height, 0.8, 1);
                at = Array.FindIndex(ids, at + 20, id => id - _model.Tokenizer!.FirstLocationId!.Value is >= 0 and < 1024);
                segments++;
            }

            Assert.Equal(-1, at);
        }

        Assert.True(segments > 3);
    }

    [Fact]
    public async Task TheDemosReadingFindsTheSameMasksOnItsOwnGrid()
    {
        Image image = Image.Load(Path.Combine(Pictures, "00.png"));
        SegmentationResult strict = await _model.SegmentAsync(image, ["circle"]);
        SegmentationResult demo = await _model.SegmentAsync(image, ["circle"], segmentation: new SegmentationOptions { Reading = AnswerReading.PublicDemo });
        Assert.Equal(strict.Segments.Select(segment => segment.Label), demo.Segments.Select(segment => segment.Label));
        Assert.Equal(strict.Segments.Select(segment => segment.Codes), demo.Segments.Select(segment => segment.Codes));
        Assert.NotEqual(strict.Segments[0].Box, demo.Segments[0].Box);
        Assert.InRange(strict.Segments[0].Mask.IntersectionOverUnion(demo.Segments[0].Mask), 0.9, 1);
    }

    [Theory]
    [InlineData("<loc0100><loc0200><loc0600><loc0700> cat", "has no mask")]
    [InlineData("<loc0600><loc0200><loc0100><loc0700>@ cat", "has a box without pixels")]
    [InlineData("<loc0100><loc0200><loc9999><loc0700>@ cat", "leaves the picture")]
    [InlineData("<loc0100><loc0200><loc0600><loc0700>! cat", "has a code above 127")]
    [InlineData("there: <loc0100><loc0200><loc0600><loc0700>@ cat", "belongs to no object")]
    public void WhatTheDemoWouldNotDrawIsReported(string text, string warning)
    {
        string codes = string.Concat(Enumerable.Repeat("<seg005>", 16));
        text = text.Replace("@", codes, StringComparison.Ordinal).Replace("!", codes.Replace("005", "128", StringComparison.Ordinal), StringComparison.Ordinal);
        SegmentationResult result = _model.ReadSegments(Blank(64, 48), Answer(text), new SegmentationOptions { Reading = AnswerReading.PublicDemo });
        Assert.Contains(warning, Assert.Single(result.Warnings), StringComparison.Ordinal);
        Assert.Equal(text.StartsWith("there", StringComparison.Ordinal) ? 1 : 0, result.Segments.Count);
    }

    [Fact]
    public void NeitherReadingFailsOnAnyAnswer()
    {
        string[] parts = ["<loc0100>", "<loc1023>", "<loc9999>", "<loc01", "<seg000>", "<seg127>", "<seg999>", string.Concat(Enumerable.Repeat("<seg007>", 16)),
            "<loc0100><loc0200><loc0600><loc0700>", " ; ", ";", " cat", "\n", "<", ">", " ", "\u001c", "é", "<eos>"];
        Image image = Blank(31, 17);
        PropertyChecks.Holds(
            from count in Gen.Choose(0, 14)
            from picks in Gen.ArrayOf(Gen.Elements(parts), count)
            select string.Concat(picks),
            text =>
            {
                Assert.Equal(text, string.Concat(PublicDemoParser.Parse(text, 31, 17, uniqueLabels: true).Select(piece => piece.Content)));
                foreach (AnswerReading reading in Enum.GetValues<AnswerReading>())
                {
                    foreach (Segment segment in _model.ReadSegments(image, Answer(text), new SegmentationOptions { Reading = reading }).Segments)
                        Assert.Equal((31, 17), (segment.Mask.Width, segment.Mask.Height));
                }
            });
    }

    [Fact]
    public void ALongAnswerIsReadInLinearTime()
    {
        string text = string.Concat(Enumerable.Repeat("<loc0100><loc0200><loc0600><loc0700> cat ; <loc<loc01", 40_000));
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Assert.Equal(79_999, PublicDemoParser.Parse(text, 640, 480).Count - 1);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 10);
    }

    [Fact]
    public async Task AModelWithoutACodecSaysWhatIsMissing()
    {
        using var folder = new TemporaryFolder();
        foreach (string file in Directory.GetFiles(_model.Path).Where(file => !file.EndsWith(".npz", StringComparison.Ordinal)))
            File.Copy(file, folder[Path.GetFileName(file)]);
        using PaliGemma model = PaliGemma.Load(folder.Path);
        CheckpointException exception = await Assert.ThrowsAsync<CheckpointException>(() => model.SegmentAsync(Blank(8, 8), ["circle"]));
        Assert.Contains("vae-oid.npz", exception.Message, StringComparison.Ordinal);
        string codec = Path.Combine(_model.Path, "mask_codec.npz");
        using PaliGemma named = PaliGemma.Load(folder.Path, new PaliGemmaOptions { MaskCodec = codec });
        Assert.NotNull(named.MaskCodec);
        File.Copy(codec, folder["vae-oid.npz"]);
        Assert.NotNull(model.MaskCodec);
    }

    [Fact]
    public async Task NothingToSegmentIsRefused()
    {
        await Assert.ThrowsAsync<PromptException>(() => _model.SegmentAsync(Blank(8, 8), []));
        await Assert.ThrowsAsync<PromptException>(() => _model.SegmentAsync(Blank(8, 8), ["a ; b"]));
    }

    private static Image Blank(int width, int height) => Image.FromPixels(width, height, new byte[width * height * 3]);

    private GenerationResult Answer(string text) => new()
    {
        Text = text,
        Tokens = [.. _model.Tokenizer!.Encode(text).Select(id => new SampledToken(id, -0.5f))],
        LogProbability = -1,
        FinishReason = FinishReason.Stop,
        Score = -1,
        PromptTokens = 4,
        ImageTokens = 64,
    };
}
