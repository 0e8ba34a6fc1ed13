using System.Buffers.Binary;

namespace PaliSharp.Imaging.Text;

/// <summary>A table of a font file. Every read is checked against its end.</summary>
internal readonly struct FontTable(ReadOnlyMemory<byte> data, string tag)
{
    /// <summary>The number of bytes.</summary>
    public int Length => data.Length;

    /// <summary>Reads an unsigned byte.</summary>
    /// <exception cref="FontFormatException">The position lies behind the end, as for all reads.</exception>
    public byte Byte(long at) => Bytes(at, 1)[0];

    /// <summary>Reads an unsigned 16-bit number.</summary>
    public ushort UInt16(long at) => BinaryPrimitives.ReadUInt16BigEndian(Bytes(at, 2));

    /// <summary>Reads a signed 16-bit number.</summary>
    public short Int16(long at) => BinaryPrimitives.ReadInt16BigEndian(Bytes(at, 2));

    /// <summary>Reads an unsigned 32-bit number.</summary>
    public uint UInt32(long at) => BinaryPrimitives.ReadUInt32BigEndian(Bytes(at, 4));

    /// <summary>A part of the table.</summary>
    public FontTable Slice(long at, long length)
    {
        Check(at, length);
        return new FontTable(data.Slice((int)at, (int)length), tag);
    }

    /// <summary>Checks that bytes lie within the table.</summary>
    public void Check(long at, long length)
    {
        if (at < 0 || length < 0 || at > data.Length - length)
        {
            throw new FontFormatException(
                $"The table '{tag}' of the font ends after {data.Length} bytes, but {length} bytes at position {at} are needed. The font is damaged.");
        }
    }

    private ReadOnlySpan<byte> Bytes(long at, int length)
    {
        Check(at, length);
        return data.Span.Slice((int)at, length);
    }
}
