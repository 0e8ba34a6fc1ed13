using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Imaging;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;
using PaliSharp.Tests.Checkpoints;
using PaliSharp.Tests.Generation;
using Xunit;

namespace PaliSharp.Tests.Segmentation;

public sealed class MaskTests
{
    private static readonly Gen<Mask> Masks =
        from width in Gen.Choose(1, 40)
        from height in Gen.Choose(1, 40)
        from share in Gen.Choose(0, 10)
        from pixels in Gen.ArrayOf(Gen.Choose(0, 9), width * height)
        select Mask.FromPixels(width, height, Array.ConvertAll(pixels, value => value < share));

    [Fact]
    public void RunLengthsEqualCocosOnAnExample()
    {
        // 3 columns, 2 rows: column after column that is 0 1, 1 1, 0 0.
        Mask mask = Mask.FromPixels(3, 2, [false, true, false, true, true, false]);
        RunLengths runs = RunLengths.FromMask(mask);
        Assert.Equal([1, 3, 2], runs.Counts);
        Assert.Equal("132", runs.ToString());
        Mask full = Mask.FromPixels(1, 1, [true]);
        Assert.Equal([0, 1], RunLengths.FromMask(full).Counts);
    }

    [Theory] // The text form by its definition: five bits a digit, lowest first, differences from the fourth number on.
    [InlineData(new[] { 15 }, "?")]
    [InlineData(new[] { 16 }, "`0")]
    [InlineData(new[] { 31, 1 }, "o01")]
    [InlineData(new[] { 100, 5, 7, 3, 9 }, "T357N2")]
    [InlineData(new[] { 6, 1, 40, 4, 5, 4, 5, 4, 21 }, "61X13mN000`0")]
    public void TheTextFormIsCocos(int[] counts, string text)
    {
        int pixels = counts.Sum();
        Assert.Equal(text, RunLengths.FromCounts(pixels, 1, counts).ToString());
        Assert.Equal(counts, RunLengths.Parse(pixels, 1, text).Counts);
    }

    [Fact]
    public void RunLengthsAndTheirTextComeBack() => PropertyChecks.Holds(Masks, mask =>
    {
        RunLengths runs = RunLengths.FromMask(mask);
        Assert.Equal(mask.ToPixels(), runs.ToMask().ToPixels());
        Assert.Equal(runs.Counts, RunLengths.Parse(mask.Width, mask.Height, runs.ToString()).Counts);
    });

    [Fact]
    public void AnyTextIsReadOrRefused() => PropertyChecks.Holds(
        from length in Gen.Choose(0, 30)
        from text in Gen.ArrayOf(Gen.Choose(40, 120), length)
        select string.Concat(text.Select(c => (char)c)),
        text =>
        {
            try
            {
                Assert.Equal(12, RunLengths.Parse(4, 3, text).Counts.Sum());
            }
            catch (ImageFormatException exception)
            {
                Assert.NotEmpty(exception.Message);
            }
        });

    [Fact]
    public void RunLengthsThatDoNotFitAreRefused()
    {
        Assert.Throws<ImageFormatException>(() => RunLengths.FromCounts(2, 2, [1, 2]));
        Assert.Throws<ImageFormatException>(() => RunLengths.FromCounts(2, 2, [5, -1]));
        Assert.Throws<ImageFormatException>(() => RunLengths.FromCounts(0, 2, []));
        Assert.Throws<ResourceLimitException>(() => RunLengths.FromCounts(1 << 20, 1 << 20, []));
        Assert.Throws<ImageFormatException>(() => RunLengths.Parse(2, 2, "oooooooooo"));
        Assert.Throws<ImageFormatException>(() => RunLengths.Parse(2, 2, "4\u00ff"));
    }

    [Fact]
    public void ContoursDescribeTheMaskExactly() => PropertyChecks.Holds(Masks, mask =>
    {
        IReadOnlyList<MaskContour> contours = MaskContour.Trace(mask);
        var filled = new bool[mask.Width * mask.Height];
        foreach (MaskContour contour in contours)
        {
            // A pixel is inside if a ray to its left crosses an odd number of vertical edges.
            for (int i = 0; i < contour.Points.Count; i++)
            {
                GridPoint from = contour.Points[i];
                GridPoint to = contour.Points[(i + 1) % contour.Points.Count];
                Assert.True(from.X == to.X ^ from.Y == to.Y, "Edges run along the grid.");
                for (int y = Math.Min(from.Y, to.Y); y < Math.Max(from.Y, to.Y); y++)
                {
                    for (int x = from.X; x < mask.Width; x++)
                        filled[(y * mask.Width) + x] ^= true;
                }
            }
        }

        Assert.Equal(mask.ToPixels(), filled);
        Assert.Equal(mask.Area, contours.Sum(contour => contour.IsHole ? -contour.Area : contour.Area));
    });

    [Fact]
    public void ARingHasAnOuterBorderAndAHole()
    {
        Mask mask = Mask.FromPixels(4, 3, [true, true, true, false, true, false, true, false, true, true, true, false]);
        IReadOnlyList<MaskContour> contours = MaskContour.Trace(mask);
        Assert.Equal([false, true], contours.Select(contour => contour.IsHole));
        Assert.Equal([3, 0, 3, 3, 0, 3, 0, 0], contours[0].ToCoordinates());
        Assert.Equal([9L, 1L], contours.Select(contour => contour.Area));
    }

    [Fact]
    public void AreaBoundsAndOverlapAreThoseOfThePixels() => PropertyChecks.Holds(Gen.Zip(Masks, Masks), pair =>
    {
        (Mask mask, Mask other) = pair;
        bool[] pixels = mask.ToPixels();
        Assert.Equal(pixels.Count(inside => inside), mask.Area);
        int[] inside = [.. Enumerable.Range(0, pixels.Length).Where(i => pixels[i])];
        Assert.Equal(
            inside.Length == 0
                ? null
                : new PixelBox(
                    inside.Min(i => i % mask.Width), inside.Min(i => i / mask.Width), inside.Max(i => i % mask.Width) + 1, inside.Max(i => i / mask.Width) + 1),
            mask.Bounds);
        Assert.Equal(mask.Area == 0 ? 0 : 1, mask.IntersectionOverUnion(mask));
        if (mask.Width != other.Width || mask.Height != other.Height)
            Assert.Throws<ArgumentException>(() => mask.IntersectionOverUnion(other));
    });

    [Fact]
    public void AFileHoldsTheMask()
    {
        using var folder = new TemporaryFolder();
        Mask mask = Mask.FromPixels(3, 2, [false, true, false, true, true, false]);
        mask.SavePng(folder["mask.png"]);
        Assert.Equal(mask.ToPixels(), Mask.FromImage(Image.Load(folder["mask.png"])).ToPixels());
    }

    [Fact]
    public void PastingStretchesTheMaskOverItsBox()
    {
        float[] left = [.. Enumerable.Range(0, 64 * 64).Select(i => i % 64 < 32 ? 1f : -1f)];
        Mask mask = MaskPasting.Paste(left, new PixelBox(10, 5, 30, 25), 40, 30);
        Assert.Equal(new PixelBox(10, 5, 20, 25), mask.Bounds);
        Assert.Equal(200, mask.Area);
        Assert.Equal(0, MaskPasting.Paste(left, new PixelBox(10, 5, 10, 25), 40, 30).Area);
        Assert.Throws<ArgumentException>(() => MaskPasting.Paste(left, new PixelBox(10, 5, 41, 25), 40, 30));
        SoftMask soft = MaskPasting.PasteSoft(left, new PixelBox(0, 0, 64, 64), 64, 64);
        Assert.Equal([255, 0], [soft.Levels[31], soft.Levels[32]]);
    }
}
