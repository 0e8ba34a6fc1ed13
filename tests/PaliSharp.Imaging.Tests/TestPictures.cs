namespace PaliSharp.Imaging.Tests;

/// <summary>Pictures and files made by rule.</summary>
internal static class TestPictures
{
    /// <summary>Random samples with some flat areas, so that every row filter is the best somewhere.</summary>
    public static Image Random(int width, int height, int channels, int seed)
    {
        var random = new Random(seed);
        byte[] pixels = new byte[width * height * channels];
        random.NextBytes(pixels);
        for (int i = channels; i < pixels.Length; i++)
        {
            if (i / 97 % 3 != 0)
                pixels[i] = (byte)(pixels[i - channels] + (i & 1));
        }

        return Image.FromPixels(width, height, channels, pixels);
    }

    public static Image Solid(int width, int height, byte r, byte g, byte b)
    {
        byte[] pixels = new byte[width * height * 3];
        for (int i = 0; i < pixels.Length; i += 3)
            (pixels[i], pixels[i + 1], pixels[i + 2]) = (r, g, b);
        return Image.FromPixels(width, height, pixels);
    }

    public static byte[] Png(Image image)
    {
        using var stream = new MemoryStream();
        image.SavePng(stream);
        return stream.ToArray();
    }

    public static (byte R, byte G, byte B) At(Image image, int x, int y)
    {
        ReadOnlySpan<byte> pixel = image.Row(y).Slice(x * image.Channels, image.Channels);
        return (pixel[0], pixel[1], pixel[2]);
    }
}
