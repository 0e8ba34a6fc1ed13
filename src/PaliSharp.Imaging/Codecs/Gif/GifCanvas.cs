namespace PaliSharp.Imaging.Codecs.Gif;

/// <summary>
/// The screen on which frames are composed, with Pillow's rules: what the first frame leaves uncovered is transparent (or colour 0),
/// and alpha exists only if the first frame has a transparent index.
/// </summary>
internal sealed class GifCanvas
{
    private readonly GifReader _reader;
    private byte[] _rgba = [];
    private bool _hasAlpha;
    private GifFrame? _last;

    // The area that the last frame covered, as it was before or as it is to become; null when it stays.
    private byte[]? _restore;

    public GifCanvas(GifReader reader) => _reader = reader;

    /// <summary>The size so far: the screen, or more if a frame reaches beyond it.</summary>
    public int Width { get; private set; }

    /// <inheritdoc cref="Width"/>
    public int Height { get; private set; }

    /// <summary>The first frame as a picture, drawn without a screen for others that may follow.</summary>
    /// <exception cref="ResourceLimitException">The screen is too large.</exception>
    public static Image DrawAlone(GifReader reader, GifFrame frame, ImageDecoderOptions options)
    {
        int width = Math.Max(reader.Width, frame.Left + frame.Width);
        int height = Math.Max(reader.Height, frame.Top + frame.Height);
        ImageLimits.CheckSize("GIF", width, height, options);
        ImageLimits.CheckWorkingMemory("GIF", frame.IndexBytes, options);
        byte[] indices = reader.ReadIndices(frame);
        int channels = frame.Transparent >= 0 ? 4 : 3;
        byte[] pixels = GC.AllocateUninitializedArray<byte>(ImageLimits.ByteCount(width, height, channels));
        uint background = ColorOf(frame, Math.Max(frame.Transparent, 0));
        ReadOnlySpan<byte> color = System.Runtime.InteropServices.MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in background))[..channels];
        if (frame.Width != width || frame.Height != height)
        {
            for (int at = 0; at < pixels.Length; at += channels)
                color.CopyTo(pixels.AsSpan(at));
        }

        for (int y = 0; y < frame.Height; y++)
        {
            Span<byte> row = pixels.AsSpan((((frame.Top + y) * width) + frame.Left) * channels, frame.Width * channels);
            ReadOnlySpan<byte> source = indices.AsSpan(y * frame.Width, frame.Width);
            for (int x = 0, to = 0; x < source.Length; x++, to += channels)
            {
                int index = source[x];
                frame.Palette.AsSpan(index * 3, 3).CopyTo(row[to..]);
                if (channels == 4)
                    row[to + 3] = (byte)(index == frame.Transparent ? 0 : 255);
            }
        }

        return new Image(width, height, channels, pixels, ImageMetadata.ForPixels(width, height) with { Format = ImageFormat.Gif });
    }

    /// <summary>Draws the next frame.</summary>
    /// <exception cref="ResourceLimitException">The screen is too large.</exception>
    public void Draw(GifFrame frame, ImageDecoderOptions options)
    {
        bool isFirst = _last is null;
        int width = Math.Max(isFirst ? _reader.Width : Width, frame.Left + frame.Width);
        int height = Math.Max(isFirst ? _reader.Height : Height, frame.Top + frame.Height);
        ImageLimits.CheckSize("GIF", width, height, options);

        // The screen, what a frame leaves behind, and its indices.
        ImageLimits.CheckWorkingMemory("GIF", (4L * width * height) + (4L * frame.Width * frame.Height) + frame.IndexBytes, options);
        byte[] indices = _reader.ReadIndices(frame);
        if (isFirst)
        {
            _hasAlpha = frame.Transparent >= 0;
            Width = width;
            Height = height;
            _rgba = GC.AllocateUninitializedArray<byte>(ImageLimits.ByteCount(width, height, 4));
            FillArea(_rgba, ColorOf(frame, Math.Max(frame.Transparent, 0)));
        }
        else
        {
            if (_restore is not null)
                Paste(_last!, _restore);
            if (width != Width || height != Height)
                Grow(width, height, frame);
        }

        _restore = frame.Disposal switch
        {
            GifDisposal.Background => FilledArea(frame, ColorOf(frame, frame.Transparent >= 0 ? frame.Transparent : _reader.Background)),
            GifDisposal.Previous when !isFirst => Copy(frame),
            GifDisposal.Previous when frame.Transparent >= 0 => FilledArea(frame, ColorOf(frame, frame.Transparent)),
            _ => null,
        };
        Compose(frame, indices, isFirst);
        _last = frame;
    }

    /// <summary>The screen as a picture.</summary>
    public Image ToImage(ImageMetadata metadata)
    {
        if (_hasAlpha)
            return new Image(Width, Height, 4, (byte[])_rgba.Clone(), metadata);
        byte[] rgb = GC.AllocateUninitializedArray<byte>(ImageLimits.ByteCount(Width, Height, 3));
        for (int from = 0, to = 0; to < rgb.Length; from += 4, to += 3)
            (rgb[to], rgb[to + 1], rgb[to + 2]) = (_rgba[from], _rgba[from + 1], _rgba[from + 2]);
        return new Image(Width, Height, 3, rgb, metadata);
    }

    private static uint ColorOf(GifFrame frame, int index)
    {
        ReadOnlySpan<byte> color = frame.Palette.AsSpan(index * 3, 3);
        byte alpha = (byte)(index == frame.Transparent ? 0 : 255);
        return BitConverter.ToUInt32([color[0], color[1], color[2], alpha]);
    }

    private static void FillArea(Span<byte> rgba, uint color) =>
        System.Runtime.InteropServices.MemoryMarshal.Cast<byte, uint>(rgba).Fill(color);

    private static byte[] FilledArea(GifFrame frame, uint color)
    {
        byte[] area = new byte[frame.Width * frame.Height * 4];
        FillArea(area, color);
        return area;
    }

    private byte[] Copy(GifFrame frame)
    {
        byte[] area = new byte[frame.Width * frame.Height * 4];
        for (int y = 0; y < frame.Height; y++)
            Row(frame, y).CopyTo(area.AsSpan(y * frame.Width * 4));
        return area;
    }

    private void Paste(GifFrame frame, byte[] area)
    {
        for (int y = 0; y < frame.Height; y++)
            area.AsSpan(y * frame.Width * 4, frame.Width * 4).CopyTo(Row(frame, y));
    }

    private Span<byte> Row(GifFrame frame, int y) => _rgba.AsSpan((((frame.Top + y) * Width) + frame.Left) * 4, frame.Width * 4);

    private void Grow(int width, int height, GifFrame frame)
    {
        byte[] grown = new byte[ImageLimits.ByteCount(width, height, 4)];
        if (frame.Transparent < 0)
            FillArea(grown, ColorOf(frame, 0));
        for (int y = 0; y < Height; y++)
            _rgba.AsSpan(y * Width * 4, Width * 4).CopyTo(grown.AsSpan(y * width * 4));
        _rgba = grown;
        Width = width;
        Height = height;
    }

    private void Compose(GifFrame frame, byte[] indices, bool replace)
    {
        for (int y = 0; y < frame.Height; y++)
        {
            Span<byte> row = Row(frame, y);
            ReadOnlySpan<byte> source = indices.AsSpan(y * frame.Width, frame.Width);
            for (int x = 0; x < source.Length; x++)
            {
                int index = source[x];
                if (index == frame.Transparent && !replace)
                    continue;
                frame.Palette.AsSpan(index * 3, 3).CopyTo(row[(4 * x)..]);
                row[(4 * x) + 3] = (byte)(index == frame.Transparent ? 0 : 255);
            }
        }
    }
}
