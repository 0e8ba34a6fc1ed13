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
        if (frame.Size != (file.Width, file.Height))
            return new WebPCanvas(file, options).Draw(frame);

        // The usual case needs no canvas.
        int channels = file.HasAlpha ? 4 : 3;
        return new Image(file.Width, file.Height, channels, WebPFrameDecoder.Decode(frame, channels, options), file.ToMetadata());
    }

    public IEnumerable<ImageFrame> DecodeFrames(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        WebPFile file = WebPFile.Parse(data, options);
        var canvas = new WebPCanvas(file, options);
        foreach (WebPFrame frame in file.Frames)
            yield return new ImageFrame(canvas.Draw(frame), TimeSpan.FromMilliseconds(frame.Duration));
    }
}
