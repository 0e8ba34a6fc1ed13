using PaliSharp.Imaging.Drawing;
using PaliSharp.Imaging.Resampling;

namespace PaliSharp.Imaging.Tests.TensorFlowResize;

public class TensorFlowResizerTests
{
    [Theory]
    [InlineData(TensorFlowMethod.Bilinear, true)]
    [InlineData(TensorFlowMethod.Bilinear, false)]
    [InlineData(TensorFlowMethod.Bicubic, true)]
    [InlineData(TensorFlowMethod.Bicubic, false)]
    [InlineData(TensorFlowMethod.Lanczos3, true)]
    [InlineData(TensorFlowMethod.MitchellCubic, false)]
    [InlineData(TensorFlowMethod.Area, false)]
    public void Flat_pictures_stay_flat(TensorFlowMethod method, bool antialias) => Properties.Hold(40, (1, 40), (1, 40), (0, 100_000), (width, height, seed) =>
    {
        var random = new Random(seed);
        byte[] source = new byte[width * height];
        source.AsSpan().Fill(200);
        int toWidth = random.Next(1, 60);
        int toHeight = random.Next(1, 60);
        float[] target = new float[toWidth * toHeight];
        TensorFlowResizer.Resize(source, width, height, 1, target, toWidth, toHeight, method, antialias);
        return target.All(v => Math.Abs(v - 200) < 1e-2);
    });

    [Fact]
    public void Bytes_and_floats_give_the_same()
    {
        Image image = TestPictures.Random(53, 31, 3, 5);
        float[] floats = [.. image.Pixels.ToArray().Select(v => (float)v)];
        float[] fromBytes = new float[3 * 20 * 17];
        float[] fromFloats = new float[fromBytes.Length];
        TensorFlowResizer.Resize(image.Pixels, 53, 31, 3, fromBytes, 20, 17);
        TensorFlowResizer.Resize(floats, 53, 31, 3, fromFloats, 20, 17);
        Assert.Equal(fromFloats, fromBytes);
    }

    [Fact]
    public void The_same_size_keeps_the_samples()
    {
        Image image = TestPictures.Random(40, 30, 3, 6);
        foreach (bool antialias in (bool[])[false, true])
            Assert.Equal(image.Pixels.ToArray(), TensorFlowPreprocessor.Resize(image, 40, 30, antialias).Pixels.ToArray());
    }

    [Fact]
    public void Antialiasing_matters_when_scaling_down()
    {
        Image image = TestPictures.Random(200, 200, 3, 7);
        Assert.NotEqual(
            TensorFlowPreprocessor.Resize(image, 30, 30).Pixels.ToArray(), TensorFlowPreprocessor.Resize(image, 30, 30, antialias: false).Pixels.ToArray());
    }

    [Fact]
    public void Pixel_values_are_planes()
    {
        float[] values = new float[3 * 4 * 4];
        TensorFlowPreprocessor.ToPixelValues(TestPictures.Solid(8, 8, 0, 255, 51), 4, values);
        Assert.All(values[..16], v => Assert.Equal(-1f, v));
        Assert.All(values[16..32], v => Assert.Equal(1f, v));
        Assert.All(values[32..], v => Assert.Equal(TensorFlowPreprocessor.LevelValues[51], v));
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        Assert.Throws<ArgumentException>(() => TensorFlowResizer.Resize(new byte[5], 2, 3, 1, new float[4], 2, 2));
        Assert.Throws<ArgumentException>(() => TensorFlowResizer.Resize(new byte[6], 2, 3, 1, new float[5], 2, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => TensorFlowResizer.Resize(new byte[6], 2, 3, 1, new float[4], 2, 2, (TensorFlowMethod)99));
        Assert.Throws<ArgumentOutOfRangeException>(() => TensorFlowPreprocessor.Resize(TestPictures.Solid(2, 2, 0, 0, 0), 0, 4));
        Assert.Throws<ArgumentException>(() => TensorFlowPreprocessor.ToPixelValues(TestPictures.Solid(2, 2, 0, 0, 0), 4, new float[3]));
    }

    [Fact]
    public void Padding_centres_the_picture_on_white()
    {
        Image image = TestPictures.Random(7, 4, 3, 8);
        Image padded = image.PadToSquare();
        Assert.Equal((7, 7), (padded.Width, padded.Height));
        Assert.Equal(image.Row(0).ToArray(), padded.Row(1).ToArray());
        Assert.Equal(image.Row(3).ToArray(), padded.Row(4).ToArray());
        Assert.All(padded.Row(0).ToArray(), v => Assert.Equal(255, v));
        Assert.All(padded.Row(6).ToArray(), v => Assert.Equal(255, v));
        Image alpha = TestPictures.Random(2, 5, 4, 9).PadToSquare(new Color(1, 2, 3));
        Assert.Equal([1, 2, 3, 255], alpha.Row(4)[..4].ToArray());
        Assert.Same(padded, padded.PadToSquare());
    }
}
