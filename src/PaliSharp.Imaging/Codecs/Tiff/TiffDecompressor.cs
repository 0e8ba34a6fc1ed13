using System.IO.Compression;
using PaliSharp.Imaging.Codecs.Png;

namespace PaliSharp.Imaging.Codecs.Tiff;

/// <summary>Decompresses strips and tiles, except JPEG.</summary>
internal static class TiffDecompressor
{
    /// <summary>Fills the rows of a strip or tile.</summary>
    /// <exception cref="ImageFormatException">The data is damaged or too short.</exception>
    public static void Decompress(TiffPage page, ReadOnlyMemory<byte> stored, Span<byte> rows, int rowCount)
    {
        if (page.ReversedBits)
            stored = Reverse(stored.Span);
        switch (page.Compression)
        {
            case TiffCompression.None:
                Whole(stored, rows.Length).Span.CopyTo(rows);
                break;
            case TiffCompression.PackBits:
                UnpackBits(stored.Span, rows);
                break;
            case TiffCompression.Lzw:
                TiffLzw.Decode(stored.Span, rows);
                break;
            case TiffCompression.Deflate or TiffCompression.OldDeflate:
                Inflate(stored, rows);
                break;
            default:
                CcittDecoder.Decode(page, stored.Span, rows, rowCount);
                break;
        }
    }

    /// <summary>The first bytes of what is stored uncompressed.</summary>
    /// <exception cref="ImageFormatException">There are fewer.</exception>
    public static ReadOnlyMemory<byte> Whole(ReadOnlyMemory<byte> stored, int length) => stored.Length >= length ? stored[..length] : throw Short();

    private static ImageFormatException Short() =>
        new("A strip or tile of the TIFF file has too little data: the file is truncated or damaged.");

    private static byte[] Reverse(ReadOnlySpan<byte> data)
    {
        byte[] reversed = new byte[data.Length];
        for (int i = 0; i < data.Length; i++)
        {
            int b = data[i];
            b = ((b & 0x0F) << 4) | (b >> 4);
            b = ((b & 0x33) << 2) | ((b >> 2) & 0x33);
            reversed[i] = (byte)(((b & 0x55) << 1) | ((b >> 1) & 0x55));
        }

        return reversed;
    }

    private static void UnpackBits(ReadOnlySpan<byte> data, Span<byte> rows)
    {
        int at = 0;
        for (int to = 0; to < rows.Length;)
        {
            if (at >= data.Length)
                throw Short();
            int control = (sbyte)data[at++];
            if (control == -128)
                continue;
            int count = control >= 0 ? control + 1 : 1 - control;
            int stored = control >= 0 ? count : 1;
            if (data.Length - at < stored)
                throw Short();
            count = Math.Min(count, rows.Length - to);
            if (control >= 0)
                data.Slice(at, count).CopyTo(rows[to..]);
            else
                rows.Slice(to, count).Fill(data[at]);
            at += stored;
            to += count;
        }
    }

    private static void Inflate(ReadOnlyMemory<byte> data, Span<byte> rows)
    {
        using var inflater = new ZLibStream(new ChunkStream([data]), CompressionMode.Decompress);
        try
        {
            inflater.ReadExactly(rows);
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException)
        {
            throw new ImageFormatException($"The deflate data of the TIFF file is damaged or truncated: {exception.Message}", exception);
        }
    }
}
