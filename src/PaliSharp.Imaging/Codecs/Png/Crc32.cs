namespace PaliSharp.Imaging.Codecs.Png;

/// <summary>The CRC of PNG chunks (ISO 3309, polynomial 0xEDB88320 reflected), four bytes a step.</summary>
internal static class Crc32
{
    private static readonly uint[] Table = MakeTable();

    /// <summary>Continues a CRC; start with 0.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<uint> table = Table;
        crc = ~crc;
        while (data.Length >= 4)
        {
            crc ^= System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(data);
            crc = table[(int)(768 + (crc & 255))] ^ table[(int)(512 + ((crc >> 8) & 255))] ^ table[(int)(256 + ((crc >> 16) & 255))] ^ table[(int)(crc >> 24)];
            data = data[4..];
        }

        foreach (byte value in data)
            crc = (crc >> 8) ^ table[(int)((crc ^ value) & 255)];
        return ~crc;
    }

    private static uint[] MakeTable()
    {
        uint[] table = new uint[1024];
        for (uint i = 0; i < 256; i++)
        {
            uint c = i;
            for (int bit = 0; bit < 8; bit++)
                c = (c & 1) != 0 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
            table[i] = c;
        }

        for (int i = 256; i < 1024; i++)
            table[i] = table[table[i - 256] & 255] ^ (table[i - 256] >> 8);
        return table;
    }
}
