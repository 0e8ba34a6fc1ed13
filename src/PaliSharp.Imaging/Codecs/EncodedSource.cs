namespace PaliSharp.Imaging.Codecs;

/// <summary>Reads encoded files whole, within the limit on bytes.</summary>
internal static class EncodedSource
{
    /// <summary>Reads a file.</summary>
    public static ReadOnlyMemory<byte> Read(string path, ImageDecoderOptions options)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1, FileOptions.SequentialScan);
        return Read(stream, options);
    }

    /// <summary>Reads a stream to its end.</summary>
    public static ReadOnlyMemory<byte> Read(Stream stream, ImageDecoderOptions options)
    {
        if (stream.CanSeek)
            CheckLength(stream.Length - stream.Position, options);
        byte[] buffer = new byte[stream.CanSeek ? (int)Math.Min(Math.Max(stream.Length - stream.Position, 0) + 1, Array.MaxLength) : 1 << 16];
        int length = 0;
        while (true)
        {
            int read = stream.Read(buffer, length, buffer.Length - length);
            if (read == 0)
                return buffer.AsMemory(0, length);
            length += read;
            CheckLength(length, options);
            if (length == buffer.Length)
                Array.Resize(ref buffer, (int)Math.Min(buffer.Length * 2L, Array.MaxLength));
        }
    }

    /// <summary>Checks the size of a file.</summary>
    /// <exception cref="ResourceLimitException">The file is larger than the options allow.</exception>
    public static void CheckLength(long bytes, ImageDecoderOptions options)
    {
        if (bytes > options.MaxBytes || bytes >= Array.MaxLength)
        {
            throw new ResourceLimitException(
                $"The picture file has at least {bytes} bytes; the limit is {options.MaxBytes}. Raise ImageDecoderOptions.MaxBytes if the file is trusted.");
        }
    }
}
