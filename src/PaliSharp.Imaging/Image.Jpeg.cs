using PaliSharp.Imaging.Codecs.Jpeg.Encoding;

namespace PaliSharp.Imaging;

/// <content>Writing JPEG.</content>
public sealed partial class Image
{
    /// <summary>Writes the picture as a baseline JPEG file; the file appears whole or not at all. Alpha is blended with white.</summary>
    /// <param name="path">The file to create or replace. Its folder must exist.</param>
    /// <param name="options">Quality and subsampling; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">The quality is not 1 to 100.</exception>
    /// <exception cref="ResourceLimitException">The picture is larger than 65535 pixels in a direction.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void SaveJpeg(string path, JpegOptions? options = null) => AtomicFile.Write(path, stream => SaveJpeg(stream, options));

    /// <summary>Writes the picture as a baseline JPEG file to a stream. Alpha is blended with white.</summary>
    /// <param name="stream">Where to write; it stays open.</param>
    /// <param name="options">Quality and subsampling; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">The quality is not 1 to 100.</exception>
    /// <exception cref="ResourceLimitException">The picture is larger than 65535 pixels in a direction.</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public void SaveJpeg(Stream stream, JpegOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        JpegEncoder.Encode(this, stream, options ?? new JpegOptions());
    }
}
