namespace PaliSharp.Imaging.Codecs.Gif;

/// <summary>Decodes GIF 87a and 89a: the first frame, or all as they are shown.</summary>
internal sealed class GifDecoder : IAnimationDecoder
{
    public bool Matches(ReadOnlySpan<byte> data) => data.StartsWith("GIF87a"u8) || data.StartsWith("GIF89a"u8);

    public ImageInfo Identify(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        var reader = new GifReader(data);
        GifFrame frame = reader.NextFrame() ?? throw NoFrame();
        int width = Math.Max(reader.Width, frame.Left + frame.Width);
        int height = Math.Max(reader.Height, frame.Top + frame.Height);
        return new ImageInfo(ImageFormat.Gif, width, height, Orientation: 1);
    }

    public Image Decode(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        var reader = new GifReader(data);
        GifFrame frame = reader.NextFrame() ?? throw NoFrame();
        return GifCanvas.DrawAlone(reader, frame, options);
    }

    public IEnumerable<ImageFrame> DecodeFrames(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        var reader = new GifReader(data);
        var canvas = new GifCanvas(reader);
        int count = 0;
        while (reader.NextFrame() is { } frame)
        {
            ImageLimits.CheckFrames("GIF", ++count, options);
            canvas.Draw(frame, options);
            ImageMetadata metadata = ImageMetadata.ForPixels(canvas.Width, canvas.Height) with { Format = ImageFormat.Gif };
            yield return new ImageFrame(canvas.ToImage(metadata), TimeSpan.FromMilliseconds(frame.Delay * 10));
        }

        if (count == 0)
            throw NoFrame();
    }

    private static ImageFormatException NoFrame() => new("The GIF file holds no frame: it is truncated or empty.");
}
