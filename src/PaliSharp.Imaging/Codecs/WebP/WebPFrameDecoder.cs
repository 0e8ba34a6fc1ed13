using System.Buffers.Binary;
using System.Runtime.Intrinsics;

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
        return frame.IsLossless ? DecodeLossless(frame, width, height, channels, options) : DecodeLossy(frame, width, height, channels, options);
    }

    private static byte[] DecodeLossless(WebPFrame frame, int width, int height, int channels, ImageDecoderOptions options)
    {
        bool hasAlpha = frame.HasAlpha;
        uint[] decoded = LosslessDecoder.Decode(frame.Data.Span[5..], width, height, options);
        byte[] pixels = GC.AllocateUninitializedArray<byte>(ImageLimits.ByteCount(width, height, channels));
        if (channels == 4)
            ToRgba(decoded, pixels, hasAlpha ? 0 : 0xFF000000);
        else
            ToRgb(decoded, pixels);
        return pixels;
    }

    private static void ToRgb(ReadOnlySpan<uint> decoded, Span<byte> pixels)
    {
        int i = 0;
        int at = 0;

        // Sixteen bytes are written for twelve, so the last pixels are done apart.
        for (; BitConverter.IsLittleEndian && i <= decoded.Length - 6; i += 4, at += 12)
        {
            Vector128<byte> four = Vector128.Create(decoded.Slice(i, 4)).AsByte();
            Vector128.Shuffle(four, Vector128.Create((byte)2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 255, 255, 255, 255)).CopyTo(pixels[at..]);
        }

        for (; i < decoded.Length; i++, at += 3)
        {
            uint pixel = decoded[i];
            (pixels[at], pixels[at + 1], pixels[at + 2]) = ((byte)(pixel >> 16), (byte)(pixel >> 8), (byte)pixel);
        }
    }

    private static void ToRgba(ReadOnlySpan<uint> decoded, Span<byte> pixels, uint opaque)
    {
        for (int i = 0, at = 0; i < decoded.Length; i++, at += 4)
        {
            uint pixel = decoded[i] | opaque;
            uint swapped = (pixel & 0xFF00FF00) | ((pixel >> 16) & 255) | ((pixel & 255) << 16);
            BinaryPrimitives.WriteUInt32LittleEndian(pixels[at..], swapped);
        }
    }

    private static byte[] DecodeLossy(WebPFrame frame, int width, int height, int channels, ImageDecoderOptions options)
    {
        byte[] pixels = GC.AllocateUninitializedArray<byte>(ImageLimits.ByteCount(width, height, channels));
        Vp8Decoder.Decode(frame.Data, pixels, channels);
        if (channels == 4 && !frame.Alpha.IsEmpty)
            WebPAlpha.Decode(frame.Alpha.Span, width, height, pixels, options);
        return pixels;
    }
}
