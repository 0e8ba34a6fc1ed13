using PaliSharp.Imaging.Resampling;

namespace PaliSharp.Imaging.Tests.Resampling;

public class ResamplerTests
{
    [Fact]
    public void Any_size_and_filter_stays_in_bounds_and_keeps_flat_colours() =>
        Properties.Hold(300, (1, 90), (1, 90), (0, 100_000), (fromWidth, fromHeight, seed) =>
        {
            var random = new Random(seed);
            int width = random.Next(1, 90);
            int height = random.Next(1, 90);
            var filter = (ResampleFilter)random.Next(6);
            var order = (PassOrder)random.Next(2);
            double left = random.NextDouble() * (fromWidth - 0.01);
            double top = random.NextDouble() * (fromHeight - 0.01);
            var box = new CropBox(left, top, left + ((fromWidth - left) * (0.01 + (random.NextDouble() * 0.99))), fromHeight);
            Image flat = TestPictures.Solid(fromWidth, fromHeight, 10, 128, 255).Resize(width, height, filter, box, order);
            return flat.Width == width && flat.Height == height && TestPictures.At(flat, width - 1, height - 1) == (10, 128, 255);
        });

    [Fact]
    public void Gray_rgb_and_rgba_agree()
    {
        var random = new Random(3);
        byte[] gray = new byte[61 * 47];
        random.NextBytes(gray);
        byte[] rgb = new byte[gray.Length * 3];
        byte[] rgba = new byte[gray.Length * 4];
        for (int i = 0; i < gray.Length; i++)
        {
            rgb.AsSpan(3 * i, 3).Fill(gray[i]);
            rgba.AsSpan(4 * i, 3).Fill(gray[i]);
            rgba[(4 * i) + 3] = 255;
        }

        foreach (ResampleFilter filter in Enum.GetValues<ResampleFilter>())
        {
            byte[] one = new byte[30 * 50];
            byte[] three = new byte[one.Length * 3];
            byte[] four = new byte[one.Length * 4];
            var box = new CropBox(0, 0, 61, 47);
            Resampler.Resize(gray, 61, 47, 1, one, 30, 50, filter, box);
            Resampler.Resize(rgb, 61, 47, 3, three, 30, 50, filter, box);
            Resampler.Resize(rgba, 61, 47, 4, four, 30, 50, filter, box);
            for (int i = 0; i < one.Length; i++)
            {
                Assert.Equal(one[i], three[(3 * i) + (i % 3)]);
                Assert.Equal(one[i], four[(4 * i) + (i % 3)]);
            }
        }
    }

    [Fact]
    public void Rows_made_when_needed_equal_whole_passes() => Properties.Hold(150, (1, 60), (1, 60), (0, 100_000), (fromWidth, fromHeight, seed) =>
    {
        // One channel after the other and one pass after the other, with all rows between them.
        var random = new Random(seed);
        int width = random.Next(1, 80);
        int height = random.Next(1, random.Next(2, 80));
        var filter = (ResampleFilter)random.Next(1, 6);
        var order = (PassOrder)random.Next(2);
        int channels = 3 + random.Next(2);
        double top = random.Next(2) == 0 ? 0 : random.NextDouble() * (fromHeight - 0.5);
        var box = new CropBox(0, top, fromWidth, fromHeight);
        Image image = TestPictures.Random(fromWidth, fromHeight, channels, seed);
        bool isCopy = (width, height) == (fromWidth, fromHeight) && top == 0;
        byte[] expected = isCopy ? image.Pixels.ToArray() : Separately(image, width, height, filter, box, order);
        return image.Resize(width, height, filter, box, order).Pixels.SequenceEqual(expected);
    });

    [Fact]
    public void Alpha_does_not_matter_for_pixel_values()
    {
        Image image = TestPictures.Random(91, 63, 4, 8);
        foreach (PassOrder order in Enum.GetValues<PassOrder>())
        {
            float[] expected = new float[3 * 40 * 40];
            float[] actual = new float[expected.Length];
            ImagePreprocessor.ToPlanes(image.ToRgb().Resize(40, 40, ResampleFilter.Bicubic, order), expected);
            ImagePreprocessor.ToPixelValues(image, 40, actual, order: order);
            Assert.Equal(expected, actual);
            TensorFlowPreprocessor.ToPixelValues(image.ToRgb(), 40, expected);
            TensorFlowPreprocessor.ToPixelValues(image, 40, actual);
            Assert.Equal(expected, actual);
        }
    }

    [Fact]
    public void Transparent_colours_do_not_bleed()
    {
        Image image = Image.FromPixels(2, 1, 4, [255, 0, 0, 255, 0, 255, 0, 0]);
        Image scaled = image.Resize(1, 1, ResampleFilter.Box);
        Assert.Equal([255, 0, 0, 128], scaled.Pixels.ToArray());
    }

    [Fact]
    public void Same_size_is_a_copy()
    {
        Image image = TestPictures.Random(20, 10, 3, 1);
        Assert.Equal(image.Pixels.ToArray(), image.Resize(20, 10, ResampleFilter.Lanczos).Pixels.ToArray());
    }

    [Theory]
    [InlineData(-1, 0, 5, 5)]
    [InlineData(0, 0, 21, 5)]
    [InlineData(3, 0, 3, 5)]
    [InlineData(double.NaN, 0, 5, 5)]
    public void Boxes_outside_are_refused(double left, double top, double right, double bottom)
    {
        Image image = TestPictures.Random(20, 10, 3, 1);
        Assert.Throws<ArgumentException>(() => image.Resize(5, 5, ResampleFilter.Box, new CropBox(left, top, right, bottom)));
    }

    [Fact]
    public void Sizes_must_be_positive()
    {
        Image image = TestPictures.Random(20, 10, 3, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => image.Resize(0, 5, ResampleFilter.Box));
        Assert.Throws<ArgumentException>(() => Image.FromPixels(2, 2, [1, 2, 3]));
    }

    [Fact]
    public void Planes_are_separated_and_scaled()
    {
        Image image = Image.FromPixels(2, 1, [0, 255, 128, 255, 0, 1]);
        float[] values = new float[6];
        ImagePreprocessor.ToPlanes(image, values);
        Assert.Equal(-1f, values[0]);
        Assert.Equal(1f, values[1]);
        Assert.Equal(1f, values[2]);
        Assert.Equal(-1f, values[3]);
        Assert.Equal(128 / 127.5f - 1f, values[4], 1e-6f);
    }

    private static byte[] Separately(Image image, int width, int height, ResampleFilter filter, CropBox box, PassOrder order)
    {
        int channels = image.Channels;
        bool isVerticalFirst = Resampler.VerticalFirst(image.Width, image.Height, width, height, order);
        byte[] result = new byte[width * height * channels];
        for (int c = 0; c < channels; c++)
        {
            byte[] plane = new byte[image.Width * image.Height];
            for (int i = 0; i < plane.Length; i++)
            {
                int product = (image.Pixels[(i * channels) + c] * (channels == 4 && c < 3 ? image.Pixels[(4 * i) + 3] : 255)) + 128;
                plane[i] = (byte)((product + (product >> 8)) >> 8);
            }

            byte[] rows = new byte[image.Width * height];
            byte[] columns = new byte[width * image.Height];
            byte[] scaled = new byte[width * height];
            if (isVerticalFirst)
            {
                Resampler.Resize(plane, image.Width, image.Height, 1, rows, image.Width, height, filter, box);
                Resampler.Resize(rows, image.Width, height, 1, scaled, width, height, filter, new CropBox(0, 0, image.Width, height));
            }
            else
            {
                Resampler.Resize(plane, image.Width, image.Height, 1, columns, width, image.Height, filter, new CropBox(0, 0, image.Width, image.Height));
                Resampler.Resize(columns, width, image.Height, 1, scaled, width, height, filter, new CropBox(0, box.Top, width, box.Bottom));
            }

            for (int i = 0; i < scaled.Length; i++)
                result[(i * channels) + c] = scaled[i];
        }

        for (int i = 0; channels == 4 && i < result.Length; i += 4)
        {
            for (int c = 0; c < 3 && result[i + 3] != 0; c++)
                result[i + c] = (byte)Math.Min(255 * result[i + c] / result[i + 3], 255);
        }

        return result;
    }
}
