using System.Buffers.Binary;

namespace PaliSharp.Imaging.Codecs.Qoi;

/// <summary>Decodes the Quite OK Image format.</summary>
internal sealed class QoiDecoder : IImageDecoder
{
    private const int HeaderBytes = 14;
    private const int LongestRun = 62;

    public bool Matches(ReadOnlySpan<byte> data) => data.StartsWith("qoif"u8);

    public ImageInfo Identify(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        (int width, int height, _) = ReadHeader(data.Span, ImageLimits.Unlimited);
        return new ImageInfo(ImageFormat.Qoi, width, height, Orientation: 1);
    }

    public Image Decode(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        (int width, int height, int channels) = ReadHeader(data.Span, options);
        ReadOnlySpan<byte> source = data.Span[HeaderBytes..];
        if ((long)width * height > (long)source.Length * LongestRun)
            throw Truncated();
        byte[] pixels = GC.AllocateUninitializedArray<byte>(ImageLimits.ByteCount(width, height, channels));
        DecodePixels(source, pixels, channels);
        return new Image(width, height, channels, pixels, ImageMetadata.ForPixels(width, height) with { Format = ImageFormat.Qoi });
    }

    private static (int Width, int Height, int Channels) ReadHeader(ReadOnlySpan<byte> data, ImageDecoderOptions options)
    {
        if (data.Length < HeaderBytes)
            throw Truncated();
        uint width = BinaryPrimitives.ReadUInt32BigEndian(data[4..]);
        uint height = BinaryPrimitives.ReadUInt32BigEndian(data[8..]);
        ImageLimits.CheckSize("QOI", width, height, options);
        return ((int)width, (int)height, data[12] == 4 ? 4 : 3);
    }

    private static ImageFormatException Truncated() => new("The QOI file ends before its picture: it is truncated.");

    private static void DecodePixels(ReadOnlySpan<byte> source, Span<byte> pixels, int channels)
    {
        Span<byte> seen = stackalloc byte[64 * 4];
        seen.Clear();
        Span<byte> pixel = [0, 0, 0, 255];
        int at = 0;
        for (int to = 0; to < pixels.Length;)
        {
            if (at >= source.Length)
                throw Truncated();
            int tag = source[at++];
            int run = 1;
            int extra = tag switch { 254 => 3, 255 => 4, >= 128 and < 192 => 1, _ => 0 };
            if (source.Length - at < extra)
                throw Truncated();
            switch (tag)
            {
                case >= 254:
                    source.Slice(at, extra).CopyTo(pixel);
                    break;
                case >= 192:
                    run = (tag & 63) + 1;
                    break;
                case >= 128:
                    int green = (tag & 63) - 32;
                    pixel[0] = (byte)(pixel[0] + green - 8 + (source[at] >> 4));
                    pixel[1] = (byte)(pixel[1] + green);
                    pixel[2] = (byte)(pixel[2] + green - 8 + (source[at] & 15));
                    break;
                case >= 64:
                    pixel[0] = (byte)(pixel[0] + ((tag >> 4) & 3) - 2);
                    pixel[1] = (byte)(pixel[1] + ((tag >> 2) & 3) - 2);
                    pixel[2] = (byte)(pixel[2] + (tag & 3) - 2);
                    break;
                default:
                    seen.Slice(tag * 4, 4).CopyTo(pixel);
                    break;
            }

            at += extra;
            int slot = ((pixel[0] * 3) + (pixel[1] * 5) + (pixel[2] * 7) + (pixel[3] * 11)) % 64;
            pixel.CopyTo(seen[(slot * 4)..]);
            for (; run > 0 && to < pixels.Length; run--, to += channels)
                pixel[..channels].CopyTo(pixels[to..]);
        }
    }
}
