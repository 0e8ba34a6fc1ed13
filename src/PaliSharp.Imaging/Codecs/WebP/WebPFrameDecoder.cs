namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>Decodes the pixels of one frame.</summary>
internal static class WebPFrameDecoder
{
    /// <summary>Decodes a frame.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="channels">3 for RGB, 4 for RGB with alpha; frames without alpha are opaque.</param>
    /// <param name="options">Limits.</param>
    /// <exception cref="ImageFormatException">The data is damaged or truncated.</exception>
    /// <exception cref="ResourceLimitException">The frame needs too much working memory.</exception>
    public static byte[] Decode(WebPFrame frame, int channels, ImageDecoderOptions options)
    {
        (int width, int height) = frame.Size;
        long working = (long)width * height * (frame.IsLossless ? sizeof(uint) : 2);
        if (working > options.MaxWorkingBytes)
        {
            throw new ResourceLimitException(
                $"The WebP picture of {width}x{height} pixels needs {working} bytes of working memory; the limit is {options.MaxWorkingBytes}. " +
                "Scale it down first, or raise ImageDecoderOptions.MaxWorkingBytes.");
        }

        return frame.IsLossless ? DecodeLossless(frame, width, height, channels, options) : DecodeLossy(frame, width, height, channels, options);
    }

    private static byte[] DecodeLossless(WebPFrame frame, int width, int height, int channels, ImageDecoderOptions options)
    {
        bool hasAlpha = frame.HasAlpha;
        uint[] decoded = LosslessDecoder.Decode(frame.Data.Span[5..], width, height, options);
        byte[] pixels = GC.AllocateUninitializedArray<byte>(ImageLimits.ByteCount(width, height, channels));
        for (int i = 0, at = 0; i < decoded.Length; i++, at += channels)
        {
            uint pixel = decoded[i];
            Span<byte> to = pixels.AsSpan(at, channels);
            (to[0], to[1], to[2]) = ((byte)(pixel >> 16), (byte)(pixel >> 8), (byte)pixel);
            if (channels == 4)
                to[3] = hasAlpha ? (byte)(pixel >> 24) : (byte)255;
        }

        return pixels;
    }

    private static byte[] DecodeLossy(WebPFrame frame, int width, int height, int channels, ImageDecoderOptions options)
    {
        var converter = new Vp8ColorConverter(Vp8Decoder.Decode(frame.Data), width, height);
        byte[] alpha = channels == 4 && !frame.Alpha.IsEmpty ? WebPAlpha.Decode(frame.Alpha.Span, width, height, options) : [];
        byte[] pixels = GC.AllocateUninitializedArray<byte>(ImageLimits.ByteCount(width, height, channels));
        for (int y = 0; y < height; y++)
            converter.Convert(y, pixels.AsSpan(y * width * channels, width * channels), channels);
        for (int i = 0; channels == 4 && i < width * height; i++)
            pixels[(4 * i) + 3] = alpha.Length == 0 ? (byte)255 : alpha[i];
        return pixels;
    }
}
