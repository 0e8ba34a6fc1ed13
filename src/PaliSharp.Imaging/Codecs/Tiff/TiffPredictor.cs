using System.Buffers.Binary;

namespace PaliSharp.Imaging.Codecs.Tiff;

/// <summary>Undoes horizontal differences.</summary>
internal static class TiffPredictor
{
    /// <summary>Sums up the differences of one row.</summary>
    public static void Undo(Span<byte> row, int samples, int bits, bool littleEndian)
    {
        if (bits == 8)
        {
            for (int i = samples; i < row.Length; i++)
                row[i] += row[i - samples];
            return;
        }

        for (int i = 2 * samples; i + 1 < row.Length; i += 2)
        {
            Span<byte> value = row[i..];
            ReadOnlySpan<byte> left = row[(i - (2 * samples))..];
            if (littleEndian)
                BinaryPrimitives.WriteUInt16LittleEndian(value, (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(value) + BinaryPrimitives.ReadUInt16LittleEndian(left)));
            else
                BinaryPrimitives.WriteUInt16BigEndian(value, (ushort)(BinaryPrimitives.ReadUInt16BigEndian(value) + BinaryPrimitives.ReadUInt16BigEndian(left)));
        }
    }
}
