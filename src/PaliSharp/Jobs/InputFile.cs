using System.Security.Cryptography;
using System.Text;

namespace PaliSharp.Jobs;

/// <summary>Opens the text files of jobs.</summary>
internal static class InputFile
{
    private const int BufferLength = 1 << 16;

    // Bytes that are no UTF-8 become U+FFFD, as everywhere where text is shown: a wrong byte in one row must not stop a job.
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Opens a file.</summary>
    /// <exception cref="JobException">It is missing or cannot be read.</exception>
    public static StreamReader Open(string path) => new(OpenBytes(path), Utf8, detectEncodingFromByteOrderMarks: true, BufferLength);

    /// <summary>The SHA-256 of a file's bytes.</summary>
    /// <exception cref="JobException">It is missing or cannot be read.</exception>
    public static string Hash(string path)
    {
        using FileStream stream = OpenBytes(path);
        try
        {
            return Convert.ToHexStringLower(SHA256.HashData(stream));
        }
        catch (IOException exception)
        {
            throw Unreadable(path, exception);
        }
    }

    /// <summary>Opens a file as bytes.</summary>
    /// <exception cref="JobException">It is missing or cannot be read.</exception>
    public static FileStream OpenBytes(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, BufferLength, FileOptions.SequentialScan);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, exception);
        }
    }

    private static JobException Unreadable(string path, Exception exception) =>
        new($"The input '{path}' cannot be read: {exception.Message} Name a readable file.", exception);
}
