using System.Buffers.Binary;
using System.IO.Compression;

namespace PaliSharp.Fuzz;

/// <summary>Changes the rows of a PNG file before their compression: changes behind it hardly ever get past its checksum.</summary>
internal static class PngRows
{
    private const int MaxBytes = 1 << 16;
    private const uint Idat = 0x49444154;

    /// <summary>Makes a file with other rows.</summary>
    /// <param name="file">The file; it is not changed.</param>
    /// <param name="random">The source of all choices.</param>
    /// <param name="changes">The number of bytes that are changed.</param>
    /// <returns>The new file, or null when the file is no PNG, or has no rows that can be read.</returns>
    public static byte[]? Mutate(byte[] file, Random random, int changes)
    {
        if (!file.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x89, 0x50, 0x4E, 0x47]))
            return null;
        using var before = new MemoryStream();
        using var compressed = new MemoryStream();
        using var after = new MemoryStream();
        before.Write(file, 0, 8);
        for (int at = 8; file.Length - at >= 12;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at));
            if (length > file.Length - at - 12)
                break;
            if (BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at + 4)) == Idat)
                compressed.Write(file, at + 8, (int)length);
            else
                (compressed.Length == 0 ? before : after).Write(file, at, (int)length + 12);
            at += 12 + (int)length;
        }

        byte[] rows = Inflate(compressed);
        if (rows.Length == 0)
            return null;
        for (int i = 0; i < changes; i++)
            rows[random.Next(rows.Length)] = (byte)(random.Next(2) == 0 ? random.Next(6) : random.Next(256));
        int kept = random.Next(8) == 0 ? random.Next(rows.Length) : rows.Length;
        byte[] deflated = Deflate(rows.AsSpan(0, kept));
        byte[] chunk = new byte[deflated.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, deflated.Length);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(4), Idat);
        deflated.CopyTo(chunk, 8);
        byte[] result = [.. before.ToArray(), .. chunk, .. after.ToArray()];
        PngChecksums.Repair(result);
        return result;
    }

    private static byte[] Inflate(MemoryStream compressed)
    {
        compressed.Position = 0;
        byte[] buffer = new byte[MaxBytes];
        try
        {
            using var inflater = new ZLibStream(compressed, CompressionMode.Decompress);
            return buffer[..inflater.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)];
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException)
        {
            // Damaged before: there are no rows to change.
            return [];
        }
    }

    private static byte[] Deflate(ReadOnlySpan<byte> rows)
    {
        using var target = new MemoryStream();
        using (var deflater = new ZLibStream(target, CompressionLevel.Fastest, leaveOpen: true))
            deflater.Write(rows);
        return target.ToArray();
    }
}
