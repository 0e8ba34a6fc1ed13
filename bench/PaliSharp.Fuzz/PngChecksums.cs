using System.Buffers.Binary;

namespace PaliSharp.Fuzz;

/// <summary>Corrects the checksums of PNG chunks, without which no change would get past the first check of a decoder.</summary>
internal static class PngChecksums
{
    private static readonly uint[] Table = MakeTable();

    /// <summary>Corrects the checksums of a file in place. Files of other formats stay as they are.</summary>
    public static void Repair(Span<byte> file)
    {
        if (!file.StartsWith((ReadOnlySpan<byte>)[0x89, 0x50, 0x4E, 0x47]))
            return;
        int at = 8;
        while (file.Length - at >= 12)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(file[at..]);
            if (length > file.Length - at - 12)
                return;
            int end = at + 8 + (int)length;
            BinaryPrimitives.WriteUInt32BigEndian(file[end..], Checksum(file[(at + 4)..end]));
            at = end + 4;
        }
    }

    private static uint Checksum(ReadOnlySpan<byte> data)
    {
        uint value = uint.MaxValue;
        foreach (byte next in data)
            value = Table[(byte)(value ^ next)] ^ (value >> 8);
        return ~value;
    }

    private static uint[] MakeTable()
    {
        uint[] table = new uint[256];
        for (uint i = 0; i < table.Length; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++)
                value = (value & 1) != 0 ? (value >> 1) ^ 0xEDB88320 : value >> 1;
            table[i] = value;
        }

        return table;
    }
}
