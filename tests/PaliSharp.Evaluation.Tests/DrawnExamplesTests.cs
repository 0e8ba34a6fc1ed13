using PaliSharp.Imaging;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Evaluation.Tests;

/// <summary>What is drawn to train with.</summary>
public sealed class DrawnExamplesTests
{
    private static readonly MaskCodec Codec = MaskCodec.Load(Path.Combine(GoldenData.RepositoryRoot, "models", "nano", "mask_codec.npz"));

    [Fact]
    public void TheSameSeedDrawsTheSameExamplesInAnyOrder()
    {
        var first = new DrawnExamples(7, codec: Codec);
        var second = new DrawnExamples(7, codec: Codec);
        for (int i = 11; i >= 0; i--)
            _ = second.Draw(i);
        for (int i = 0; i < 12; i++)
        {
            IReadOnlyList<DrawnExample> one = first.Draw(i);
            IReadOnlyList<DrawnExample> other = second.Draw(i);
            Assert.Equal(one.Select(example => (example.Prefix, example.Suffix, example.Task)), other.Select(example => (example.Prefix, example.Suffix, example.Task)));
            Assert.True(one[0].Image.Pixels.SequenceEqual(other[0].Image.Pixels));
            Assert.All(one, example => Assert.Same(one[0].Image, example.Image));
        }

        Assert.NotEqual(
            Enumerable.Range(0, 12).SelectMany(i => first.Draw(i)).Select(example => example.Suffix),
            Enumerable.Range(0, 12).SelectMany(i => new DrawnExamples(8, codec: Codec).Draw(i)).Select(example => example.Suffix));
    }

    [Fact]
    public void PicturesOfTrainingAreNotThoseOfTheEvaluation()
    {
        const ulong Seed = 20_261_122;
        var training = new DrawnExamples(Seed, new DrawnMixture { Lines = 0, Charts = 0, Tables = 0 });
        HashSet<string> measured = [.. Enumerable.Range(0, 40).Select(i => Key(new SceneGenerator(Seed).Draw(i).Image))];
        Assert.All(Enumerable.Range(0, 40), i => Assert.DoesNotContain(Key(training.Draw(i)[0].Image), measured));

        static string Key(Image image) => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(image.Pixels));
    }

    [Fact]
    public void AMixtureDecidesWhatIsDrawnAndAsked()
    {
        var reading = new DrawnExamples(1, new DrawnMixture { Scenes = 0, Lines = 1, Charts = 1, Tables = 1, Questions = 2 });
        DrawnExample[] pages = [.. Enumerable.Range(0, 60).SelectMany(i => reading.Draw(i))];
        Assert.Equal(["chart", "table", "textline"], pages.Select(example => example.Task).Distinct().Order(StringComparer.Ordinal));
        Assert.InRange(pages.Length, 61, 120);

        var counting = new DrawnExamples(1, new DrawnMixture
        {
            Lines = 0, Charts = 0, Tables = 0, Tasks = SceneTaskNames.ToDictionary(name => name, name => name == "count" ? 1.0 : 0, StringComparer.Ordinal),
        });
        Assert.All(Enumerable.Range(0, 20).SelectMany(i => counting.Draw(i)), example => Assert.StartsWith("answer en how many", example.Prefix));
    }

    [Fact]
    public void MixturesOutOfRangeAreRefused()
    {
        foreach (DrawnMixture mixture in (DrawnMixture[])[
            new() { Scenes = -1 },
            new() { Lines = double.NaN },
            new() { Scenes = 0, Lines = 0, Charts = 0, Tables = 0 },
            new() { Questions = 0 },
            new() { Questions = 17 },
            new() { Tasks = new Dictionary<string, double>(StringComparer.Ordinal) { ["sing"] = 1 } },
        ])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => new DrawnExamples(0, mixture));
        }
    }

    [Fact]
    public void MasksOfShapesFitTheirDrawings()
    {
        // The codes of one large drawing stand for a shape at every size. Judged in the codec's own square of 64: the best that any codes gave for the
        // drawing itself is what they may fall short of by the one pixel along the outline that another size rounds differently.
        var codes = new ShapeCodes(Codec);
        var generator = new SceneGenerator(5);
        foreach (SceneObject item in Enumerable.Range(0, 12).SelectMany(i => generator.Draw(i).Objects))
        {
            string text = codes.Of(item.Shape);
            int[] numbers = [.. text.Split('<', StringSplitOptions.RemoveEmptyEntries).Select(token => int.Parse(token[3..6], System.Globalization.CultureInfo.InvariantCulture))];
            Assert.Equal(MaskCodec.CodesPerMask, numbers.Length);
            double common = Overlap(Codec.Decode(numbers), item);
            var own = SegmentationTarget.Create(Codec, item.Mask, Relative(item));
            Assert.InRange(common, Overlap(Codec.Decode([.. own.Codes]), item) - 0.12, 1);
        }
    }

    private static IReadOnlyList<string> SceneTaskNames { get; } =
        ["caption", "describe", "region", "detect", "segment", "count", "color", "position", "presence", "background", "read", "blank"];

    private static RelativeBox Relative(SceneObject item) => new(
        item.Box.Y1 / item.Mask.Height, item.Box.X1 / item.Mask.Width, item.Box.Y2 / item.Mask.Height, item.Box.X2 / item.Mask.Width);

    private static double Overlap(float[] soft, SceneObject item)
    {
        (int both, int any) = (0, 0);
        for (int y = 0; y < MaskCodec.Side; y++)
        {
            for (int x = 0; x < MaskCodec.Side; x++)
            {
                bool wanted = item.Mask[
                    (int)(item.Box.X1 + ((x + 0.5) * item.Box.Width / MaskCodec.Side)), (int)(item.Box.Y1 + ((y + 0.5) * item.Box.Height / MaskCodec.Side))];
                bool found = soft[(y * MaskCodec.Side) + x] > 0.5f;
                both += wanted && found ? 1 : 0;
                any += wanted || found ? 1 : 0;
            }
        }

        return (double)both / any;
    }
}
