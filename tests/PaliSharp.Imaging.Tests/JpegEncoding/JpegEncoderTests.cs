using PaliSharp.Imaging.Resampling;

namespace PaliSharp.Imaging.Tests.JpegEncoding;

public class JpegEncoderTests
{
    [Theory]
    [InlineData(1, 16)]
    [InlineData(20, 25)]
    [InlineData(50, 30)]
    [InlineData(75, 33)]
    [InlineData(90, 37)]
    [InlineData(100, 45)]
    public void Quality_gives_the_expected_error(int quality, double least)
    {
        Image image = Smooth(203, 117);
        foreach (JpegSubsampling subsampling in Enum.GetValues<JpegSubsampling>())
            Assert.InRange(Psnr(image, RoundTrip(image, new JpegOptions { Quality = quality, Subsampling = subsampling })), least, 99);
    }

    [Fact]
    public void Higher_quality_is_larger_and_better()
    {
        Image image = Smooth(160, 120);
        int[] qualities = [5, 25, 50, 75, 95];
        int[] sizes = Array.ConvertAll(qualities, q => Encode(image, new JpegOptions { Quality = q }).Length);
        double[] errors = Array.ConvertAll(qualities, q => Psnr(image, RoundTrip(image, new JpegOptions { Quality = q })));
        Assert.Equal(sizes.Order(), sizes);
        Assert.Equal(errors.Order(), errors);
    }

    [Fact]
    public void Colour_at_every_pixel_keeps_thin_coloured_lines()
    {
        byte[] pixels = new byte[64 * 64 * 3];
        for (int i = 0; i < 64 * 64; i++)
            pixels[(3 * i) + (i % 2 == 0 ? 0 : 2)] = 255;
        Image image = Image.FromPixels(64, 64, pixels);
        double half = Psnr(image, RoundTrip(image, new JpegOptions { Quality = 95 }));
        double full = Psnr(image, RoundTrip(image, new JpegOptions { Quality = 95, Subsampling = JpegSubsampling.None }));
        Assert.True(full > half + 10, $"{full} dB against {half} dB");
    }

    [Fact]
    public void Any_size_round_trips() => Properties.Hold(150, (1, 50), (1, 50), (0, 3), (width, height, kind) =>
    {
        Image image = Smooth(width, height);
        if (kind == 3)
            image = Gray(image);
        var options = new JpegOptions { Quality = 92, Subsampling = kind == 1 ? JpegSubsampling.None : JpegSubsampling.Half };
        Image decoded = RoundTrip(image, options);
        return decoded.Width == width && decoded.Height == height && !decoded.Metadata.IsDamaged && Psnr(image, decoded) > 28;
    });

    [Fact]
    public void Noise_of_any_quality_round_trips() => Properties.Hold(60, (1, 40), (1, 100), (0, 1_000_000), (side, quality, seed) =>
    {
        byte[] pixels = new byte[side * side * 3];
        new Random(seed).NextBytes(pixels);
        Image image = Image.FromPixels(side, side, pixels);
        Image decoded = RoundTrip(image, new JpegOptions { Quality = quality, Subsampling = JpegSubsampling.None });
        return !decoded.Metadata.IsDamaged && (quality < 100 || Psnr(image, decoded) > 40);
    });

    [Fact]
    public void Extreme_blocks_round_trip()
    {
        // The largest coefficients there are, and codes of very unequal lengths.
        byte[] pixels = new byte[128 * 128 * 3];
        for (int y = 0; y < 128; y++)
        {
            for (int x = 0; x < 128; x++)
                pixels.AsSpan(((y * 128) + x) * 3, 3).Fill((byte)(((x >> (y / 32)) + y) % 2 * 255));
        }

        Image image = Image.FromPixels(128, 128, pixels);
        Assert.True(Psnr(image, RoundTrip(image, new JpegOptions { Quality = 100 })) > 40);
    }

    [Fact]
    public void Gray_pictures_have_one_component()
    {
        Image gray = Gray(Smooth(80, 60));
        byte[] file = Encode(gray, new JpegOptions());
        int frame = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
        Assert.Equal(1, file[frame + 9]);
        Assert.True(Psnr(gray, Image.Decode(file)) > 38);
    }

    [Fact]
    public void The_same_picture_gives_the_same_bytes() =>
        Assert.Equal(Encode(Smooth(70, 50), new JpegOptions()), Encode(Smooth(70, 50), new JpegOptions()));

    [Fact]
    public void Alpha_is_blended_with_white()
    {
        byte[] pixels = new byte[16 * 16 * 4];
        Image clear = Image.FromPixels(16, 16, 4, pixels);
        Assert.Equal((255, 255, 255), TestPictures.At(Image.Decode(Encode(clear, new JpegOptions())), 5, 5));
        for (int i = 3; i < pixels.Length; i += 4)
            pixels[i] = 128;
        (byte r, _, _) = TestPictures.At(Image.Decode(Encode(Image.FromPixels(16, 16, 4, pixels), new JpegOptions())), 5, 5);
        Assert.InRange(r, 126, 128);
    }

    [Fact]
    public void A_matching_profile_is_kept_and_another_is_not()
    {
        byte[] profile = new byte[70_000];
        "RGB "u8.CopyTo(profile.AsSpan(16));
        Image image = Smooth(20, 20);
        Image withProfile = image.WithMetadata(image.Metadata with { IccProfile = profile });
        Assert.Equal(profile, RoundTrip(withProfile, new JpegOptions()).Metadata.IccProfile.ToArray());
        "CMYK"u8.CopyTo(profile.AsSpan(16));
        Assert.True(RoundTrip(withProfile, new JpegOptions()).Metadata.IccProfile.IsEmpty);
    }

    [Fact]
    public void Files_are_written_whole()
    {
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.jpg");
        try
        {
            Image image = Smooth(33, 21);
            image.SaveJpeg(path, new JpegOptions { Quality = 80 });
            Assert.Equal(Encode(image, new JpegOptions { Quality = 80 }), File.ReadAllBytes(path));
            byte[] before = File.ReadAllBytes(path);
            Assert.Throws<ArgumentOutOfRangeException>(() => image.SaveJpeg(path, new JpegOptions { Quality = 0 }));
            Assert.Equal(before, File.ReadAllBytes(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Wrong_options_and_sizes_are_refused()
    {
        Image image = Smooth(4, 4);
        Assert.Throws<ArgumentOutOfRangeException>(() => Encode(image, new JpegOptions { Quality = 101 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Encode(image, new JpegOptions { Subsampling = (JpegSubsampling)7 }));
        Assert.Throws<ResourceLimitException>(() => Encode(Image.FromPixels(65536, 1, new byte[65536 * 3]), new JpegOptions()));
    }

    private static byte[] Encode(Image image, JpegOptions options)
    {
        using var stream = new MemoryStream();
        image.SaveJpeg(stream, options);
        return stream.ToArray();
    }

    private static Image RoundTrip(Image image, JpegOptions options) => Image.Decode(Encode(image, options));

    /// <summary>A picture of a photograph's smoothness.</summary>
    private static Image Smooth(int width, int height)
    {
        byte[] pixels = new byte[16 * 12 * 3];
        new Random(3).NextBytes(pixels);
        return Image.FromPixels(16, 12, pixels).Resize(220, 170, ResampleFilter.Bicubic).Resize(width, height, ResampleFilter.Bicubic, new CropBox(0, 0, width, height));
    }

    private static Image Gray(Image image)
    {
        byte[] pixels = image.Pixels.ToArray();
        for (int i = 0; i < pixels.Length; i += 3)
            pixels[i + 1] = pixels[i + 2] = pixels[i];
        return Image.FromPixels(image.Width, image.Height, pixels);
    }

    private static double Psnr(Image expected, Image actual)
    {
        double sum = 0;
        for (int i = 0; i < expected.Pixels.Length; i++)
            sum += Math.Pow(expected.Pixels[i] - actual.Pixels[i], 2);
        return sum == 0 ? 99 : Math.Min(99, 10 * Math.Log10(255.0 * 255 * expected.Pixels.Length / sum));
    }
}
