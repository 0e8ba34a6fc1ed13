namespace PaliSharp.Imaging.Tests.Codecs;

public class PngRoundTripTests
{
    [Fact]
    public void Any_picture_survives_a_round_trip() => Properties.Hold(100, (1, 70), (1, 40), (0, 10_000), (width, height, seed) =>
    {
        Image image = TestPictures.Random(width, height, 3 + (seed % 2), seed);
        Image decoded = Image.Decode(TestPictures.Png(image));
        return decoded.Channels == image.Channels && decoded.Width == image.Width && decoded.Height == image.Height
            && decoded.Pixels.SequenceEqual(image.Pixels);
    });

    [Fact]
    public void Gray_pictures_are_stored_as_gray()
    {
        byte[] pixels = new byte[50 * 20 * 3];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)(i / 3);
        byte[] file = TestPictures.Png(Image.FromPixels(50, 20, pixels));
        Assert.Equal(0, file[25]);
        Assert.Equal(pixels, Image.Decode(file).Pixels.ToArray());
    }

    [Fact]
    public void Writing_is_deterministic()
    {
        Image image = TestPictures.Random(100, 80, 3, 5);
        Assert.Equal(TestPictures.Png(image), TestPictures.Png(image));
    }

    [Fact]
    public void Smooth_pictures_become_small()
    {
        byte[] pixels = new byte[256 * 256 * 3];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)((i / 3 % 256) + (i / 768 / 4));
        Assert.InRange(TestPictures.Png(Image.FromPixels(256, 256, pixels)).Length, 50, 4000);
    }

    [Fact]
    public void Files_appear_whole()
    {
        string path = Path.Combine(Path.GetTempPath(), $"palisharp-{Guid.NewGuid():N}.png");
        try
        {
            Image image = TestPictures.Random(33, 21, 3, 1);
            image.SavePng(path);
            Assert.Equal(image.Pixels.ToArray(), Image.Load(path).Pixels.ToArray());
            using FileStream stream = File.OpenRead(path);
            Assert.Equal(image.Pixels.ToArray(), Image.Load(stream).Pixels.ToArray());
        }
        finally
        {
            File.Delete(path);
        }
    }
}
