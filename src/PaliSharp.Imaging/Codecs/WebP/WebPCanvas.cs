namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>The canvas on which frames are composed, with the rules of libwebp's animation decoder.</summary>
internal sealed class WebPCanvas
{
    private readonly WebPFile _file;
    private readonly ImageDecoderOptions _options;
    private readonly byte[] _rgba;
    private WebPFrame? _last;
    private bool _lastStartedAnew;

    public WebPCanvas(WebPFile file, ImageDecoderOptions options)
    {
        _file = file;
        _options = options;
        ImageLimits.CheckSize("WebP", file.Width, file.Height, options);
        foreach (WebPFrame frame in file.Frames)
            CheckPlace(file, frame);

        // The canvas and a frame that covers it.
        ImageLimits.CheckWorkingMemory("WebP", 8L * file.Width * file.Height, options);
        _rgba = new byte[ImageLimits.ByteCount(file.Width, file.Height, 4)];
    }

    /// <summary>Checks that a frame lies on the canvas.</summary>
    /// <exception cref="ImageFormatException">It does not.</exception>
    public static void CheckPlace(WebPFile file, WebPFrame frame)
    {
        (int width, int height) = frame.Size;
        if (frame.X + width > file.Width || frame.Y + height > file.Height)
        {
            throw new ImageFormatException(
                $"A frame of the WebP file ({width}x{height} at {frame.X},{frame.Y}) leaves the canvas of {file.Width}x{file.Height} pixels.");
        }
    }

    /// <summary>Draws a frame and returns the canvas as a picture.</summary>
    /// <exception cref="ImageFormatException">The frame is damaged.</exception>
    public Image Draw(WebPFrame frame)
    {
        byte[] pixels = WebPFrameDecoder.Decode(frame, 4, _options);
        (int width, int height) = frame.Size;
        bool whole = width == _file.Width && height == _file.Height;
        bool lastWhole = _last is not null && _last.Size == (_file.Width, _file.Height);
        bool anew = _last is null || (whole && (!frame.HasAlpha || !frame.Blend)) || (_last.Clear && (lastWhole || _lastStartedAnew));
        if (anew)
            _rgba.AsSpan().Clear();
        else if (_last!.Clear)
            Clear(_last);
        bool blend = !anew && frame.Blend;
        for (int y = 0; y < height; y++)
        {
            Span<byte> row = _rgba.AsSpan((((frame.Y + y) * _file.Width) + frame.X) * 4, width * 4);
            ReadOnlySpan<byte> source = pixels.AsSpan(y * width * 4, width * 4);
            if (!blend)
                source.CopyTo(row);
            else
                Blend(source, row);
        }

        _last = frame;
        _lastStartedAnew = anew;
        return ToImage();
    }

    private static void Blend(ReadOnlySpan<byte> source, Span<byte> target)
    {
        for (int i = 0; i < target.Length; i += 4)
        {
            ReadOnlySpan<byte> from = source.Slice(i, 4);
            Span<byte> to = target.Slice(i, 4);
            uint alpha = from[3];

            // What was cleared is replaced; so is everything below opaque pixels.
            if (alpha == 255 || (to[3] | to[2] | to[1] | to[0]) == 0)
            {
                from.CopyTo(to);
            }
            else if (alpha != 0)
            {
                uint below = (to[3] * (256 - alpha)) >> 8;
                uint sum = alpha + below;
                uint scale = (1u << 24) / sum;
                for (int c = 0; c < 3; c++)
                    to[c] = (byte)((((from[c] * alpha) + (to[c] * below)) * (ulong)scale) >> 24);
                to[3] = (byte)sum;
            }
        }
    }

    private void Clear(WebPFrame frame)
    {
        (int width, int height) = frame.Size;
        for (int y = 0; y < height; y++)
            _rgba.AsSpan((((frame.Y + y) * _file.Width) + frame.X) * 4, width * 4).Clear();
    }

    private Image ToImage()
    {
        Image image = new(_file.Width, _file.Height, 4, (byte[])_rgba.Clone(), _file.ToMetadata());
        return _file.HasAlpha ? image : image.ToRgb();
    }
}
