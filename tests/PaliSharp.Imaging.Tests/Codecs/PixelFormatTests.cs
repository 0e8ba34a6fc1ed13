namespace PaliSharp.Imaging.Tests.Codecs;

public class PixelFormatTests
{
    [Theory]
    [InlineData(PixelFormat.Gray, new byte[] { 7, 8, 99, 9, 10 }, 3, new byte[] { 7, 7, 7, 8, 8, 8, 9, 9, 9, 10, 10, 10 })]
    [InlineData(PixelFormat.Rgb, new byte[] { 1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12 }, 8, new byte[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 })]
    [InlineData(PixelFormat.Bgr, new byte[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }, 6, new byte[] { 3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10 })]
    [InlineData(PixelFormat.Rgba, new byte[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8 }, 9, new byte[] { 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8 })]
    [InlineData(PixelFormat.Bgra, new byte[] { 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8 }, 8, new byte[] { 3, 2, 1, 4, 7, 6, 5, 8, 3, 2, 1, 4, 7, 6, 5, 8 })]
    public void Padded_rows_of_any_order_are_read(PixelFormat format, byte[] pixels, int stride, byte[] expected)
    {
        Image image = Image.FromPixels(2, 2, format, pixels, stride);
        Assert.Equal(expected, image.Pixels.ToArray());
    }

    [Fact]
    public void Rows_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Image.FromPixels(2, 2, PixelFormat.Rgb, new byte[11], 6));
        Assert.Throws<ArgumentOutOfRangeException>(() => Image.FromPixels(2, 2, PixelFormat.Rgb, new byte[100], 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => Image.FromPixels(0, 2, PixelFormat.Rgb, new byte[100], 6));
        Assert.Throws<ArgumentOutOfRangeException>(() => Image.FromPixels(2, 2, (PixelFormat)9, new byte[100], 6));
        Assert.Throws<ResourceLimitException>(() => Image.FromPixels(int.MaxValue, 1, PixelFormat.Rgb, new byte[100], int.MaxValue));
    }
}
