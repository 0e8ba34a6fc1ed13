using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Tasks;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tests.Tasks;

public sealed class TilingTests
{
    [Theory]
    [InlineData(100, 80, 100, 1)]
    [InlineData(112, 112, 112, 1)]
    [InlineData(300, 112, 112, 5)]
    [InlineData(300, 300, 112, 17)]
    public void TilesCoverThePicture(int width, int height, int size, int count)
    {
        Image image = Gradient(width, height);
        IReadOnlyList<Tile> tiles = Tiling.Cut(image, new TilingOptions { TileSize = size }, 224);
        Assert.Equal(count, tiles.Count);
        var covered = new bool[width * height];
        foreach (Tile tile in tiles.Where(tile => tiles.Count == 1 || !tile.IsWhole))
        {
            for (int y = 0; y < tile.Image.Height; y++)
            {
                Assert.True(tile.Image.Row(y).SequenceEqual(image.Row(tile.Top + y).Slice(tile.Left * 3, tile.Image.Width * 3)));
                covered.AsSpan(((tile.Top + y) * width) + tile.Left, tile.Image.Width).Fill(true);
            }
        }

        Assert.DoesNotContain(false, covered);
    }

    [Fact]
    public void TilesAreBoundedAndOptionsChecked()
    {
        Assert.Single(Tiling.Cut(Gradient(500, 500), null, 112));
        Assert.Throws<ResourceLimitException>(() => Tiling.Cut(Gradient(2000, 2000), new TilingOptions { TileSize = 16, Overlap = 0.9 }, 112));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DetectionOptions { Tiling = new TilingOptions { TileSize = 1 } }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new DetectionOptions { Tiling = new TilingOptions { Overlap = double.NaN } }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new DetectionOptions { Tiling = new TilingOptions { MergeOverlap = 2 } }.Validate());
    }

    [Fact]
    public void PartsOfAThingBecomeOne()
    {
        Detection whole = Box(10, 10, 90, 50, "cat", 0.4f);
        Detection cut = Box(10, 10, 60, 50, "cat", 0.9f);
        Detection other = Box(10, 10, 60, 50, "dog", 0.3f);
        Detection apart = Box(200, 10, 260, 50, "cat", 0.2f);
        Detection twice = Box(11, 10, 91, 50, "cat", 0.3f);
        Assert.Equal([whole, apart, other], Tiling.Join([(cut, true), (whole, false), (other, true), (apart, false), (twice, false)], 0.5));
    }

    [Fact]
    public async Task SmallThingsOfALargePictureAreFoundInItsTiles()
    {
        // A scene the model knows, twice in a large empty picture.
        Image scene = Image.Load(Path.Combine(GoldenData.Bundled, "nano", "02.png")).ToRgb();
        const int Width = 900;
        const int Height = 560;
        byte[] pixels = new byte[Width * Height * 3];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = scene.Pixels[i % 3];
        foreach ((int left, int top) in (ReadOnlySpan<(int, int)>)[(0, 0), (Width - scene.Width, Height - scene.Height)])
        {
            for (int y = 0; y < scene.Height; y++)
                scene.Row(y).CopyTo(pixels.AsSpan((((top + y) * Width) + left) * 3));
        }

        Image large = Image.FromPixels(Width, Height, pixels);
        using PaliGemma model = PaliGemma.Load();
        DetectionResult alone = await model.DetectAsync(scene, ["orange ring"]);
        var tiling = new TilingOptions { TileSize = scene.Width, Overlap = 0.2, IncludeWhole = false };
        DetectionResult result = await model.DetectAsync(large, ["orange ring"], new DetectionOptions { Tiling = tiling });
        Assert.Equal((Width, Height), (result.Width, result.Height));
        Assert.Equal(result.Tiles, result.Generations.Count);
        Assert.True(result.Tiles > 4);
        BoundingBox box = alone.Detections[0].Box;
        Assert.Contains(result.Detections, found => found.Box.IntersectionOverUnion(box) > 0.4f);
        Assert.Contains(result.Detections, found => found.Box.IntersectionOverUnion(new BoundingBox(
            box.X1 + Width - scene.Width, box.Y1 + Height - scene.Height, box.X2 + Width - scene.Width, box.Y2 + Height - scene.Height)) > 0.4f);
        Assert.All(result.Detections, found => Assert.True(found.Box.X2 <= Width && found.Box.Y2 <= Height));
    }

    private static Image Gradient(int width, int height) =>
        Image.FromPixels(width, height, [.. Enumerable.Range(0, width * height * 3).Select(i => (byte)(i * 31 >> 3))]);

    private static Detection Box(float x1, float y1, float x2, float y2, string label, float score) => new(new BoundingBox(x1, y1, x2, y2), label, score, score, score);
}
