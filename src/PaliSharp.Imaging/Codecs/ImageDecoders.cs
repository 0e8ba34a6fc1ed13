using PaliSharp.Imaging.Codecs.Bmp;
using PaliSharp.Imaging.Codecs.Gif;
using PaliSharp.Imaging.Codecs.Jpeg;
using PaliSharp.Imaging.Codecs.Png;
using PaliSharp.Imaging.Codecs.Pnm;
using PaliSharp.Imaging.Codecs.Qoi;
using PaliSharp.Imaging.Codecs.Tga;
using PaliSharp.Imaging.Codecs.Tiff;
using PaliSharp.Imaging.Codecs.WebP;

namespace PaliSharp.Imaging.Codecs;

/// <summary>The registry of formats: the one place that knows them all.</summary>
internal static class ImageDecoders
{
    // TGA is last: it has no signature.
    private static readonly IImageDecoder[] All =
    [
        new PngDecoder(),
        new JpegDecoder(),
        new WebPDecoder(),
        new GifDecoder(),
        new BmpDecoder(),
        new PnmDecoder(),
        new TiffDecoder(),
        new QoiDecoder(),
        new TgaDecoder(),
    ];

    /// <summary>Finds the decoder by the content of the file.</summary>
    /// <exception cref="ImageFormatException">No format matches.</exception>
    /// <exception cref="ResourceLimitException">The file is larger than the options allow.</exception>
    public static IImageDecoder Find(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        EncodedSource.CheckLength(data.Length, options);
        foreach (IImageDecoder decoder in All)
        {
            if (decoder.Matches(data.Span))
                return decoder;
        }

        throw new ImageFormatException(
            data.IsEmpty
                ? "The picture file is empty."
                : $"The content is of no known picture format (it starts with the bytes {Convert.ToHexString(data.Span[..Math.Min(8, data.Length)])}). " +
                  "Known formats: PNG, JPEG, WebP, GIF, BMP, PNM, TIFF, QOI, TGA.");
    }
}
