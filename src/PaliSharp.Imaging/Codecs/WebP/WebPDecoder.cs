namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>Decodes WebP: lossy, lossless, with alpha, still or animated.</summary>
internal sealed class WebPDecoder : IAnimationDecoder
{
    public bool Matches(ReadOnlySpan<byte> data) => WebPFile.Matches(data);

    public ImageInfo Identify(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        WebPFile file = WebPFile.Parse(data, options);
        return new ImageInfo(ImageFormat.WebP, file.Width, file.Height, file.Orientation);
    }

    public Image Decode(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        WebPFile file = WebPFile.Parse(data, options);
        ImageLimits.CheckSize("WebP", file.Width, file.Height, options);
        WebPFrame frame = file.Frames[0];
        int channels = file.HasAlpha ? 4 : 3;
        byte[] pixels = frame.Size == (file.Width, file.Height) ? WebPFrameDecoder.Decode(frame, channels, options) : DecodeInPlace(file, frame, channels, options);
        return new Image(file.Width, file.Height, channels, pixels, file.ToMetadata());
    }

    public IEnumerable<ImageFrame> DecodeFrames(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        WebPFile file = WebPFile.Parse(data, options);
        var canvas = new WebPCanvas(file, options);
        foreach (WebPFrame frame in file.Frames)
            yield return new ImageFrame(canvas.Draw(frame), TimeSpan.FromMilliseconds(frame.Duration));
    }

    /// <summary>A first frame that covers a part of the canvas; the rest is transparent black.</summary>
    private static byte[] DecodeInPlace(WebPFile file, WebPFrame frame, int channels, ImageDecoderOptions options)
    {
        WebPCanvas.CheckPlace(file, frame);
        (int width, int height) = frame.Size;
        ImageLimits.CheckWorkingMemory("WebP", (long)width * height * channels, options);
        byte[] part = WebPFrameDecoder.Decode(frame, channels, options);
        byte[] pixels = new byte[ImageLimits.ByteCount(file.Width, file.Height, channels)];
        for (int y = 0; y < height; y++)
            part.AsSpan(y * width * channels, width * channels).CopyTo(pixels.AsSpan((((frame.Y + y) * file.Width) + frame.X) * channels));
        return pixels;
    }
}
