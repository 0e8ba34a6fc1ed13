using System.Buffers.Binary;

namespace PaliSharp.Imaging.Codecs.Tiff;

/// <summary>Reads the directories of a TIFF or BigTIFF file of either byte order.</summary>
internal sealed class TiffFile
{
    private readonly ReadOnlyMemory<byte> _data;
    private readonly bool _big;
    private readonly HashSet<long> _visited = [];
    private long _next;

    /// <summary>Reads the header.</summary>
    /// <exception cref="ImageFormatException">The header is invalid.</exception>
    public TiffFile(ReadOnlyMemory<byte> data)
    {
        _data = data;
        LittleEndian = data.Span[0] == 'I';
        _big = UInt16(2) == 43;
        if (_big && (data.Length < 16 || UInt16(4) != 8))
            throw new ImageFormatException("The BigTIFF file has no valid header: offsets of 8 bytes were expected.");
        _next = _big ? Offset(8) : UInt32(4);
    }

    /// <summary>Whether numbers are stored with the low byte first.</summary>
    public bool LittleEndian { get; }

    /// <summary>The whole file.</summary>
    public ReadOnlySpan<byte> Data => _data.Span;

    /// <summary>Reads the next directory.</summary>
    /// <returns>The values by tag, or null after the last directory. Directories that repeat end the file.</returns>
    /// <exception cref="ImageFormatException">The directory lies outside of the file.</exception>
    public Dictionary<int, long[]>? NextDirectory()
    {
        if (_next == 0 || !_visited.Add(_next))
            return null;
        int countBytes = _big ? 8 : 2;
        int entryBytes = _big ? 20 : 12;
        int linkBytes = _big ? 8 : 4;
        if (_next < 8 || _next > _data.Length - countBytes)
            throw new ImageFormatException($"A directory of the TIFF file starts at byte {_next}, but the file has {_data.Length} bytes.");
        int at = (int)_next;
        long count = _big ? Offset(at) : UInt16(at);
        at += countBytes;
        if (count < 1 || count > (_data.Length - at) / entryBytes)
            throw new ImageFormatException($"A directory of the TIFF file declares {count} entries, which the file does not hold.");
        var values = new Dictionary<int, long[]>();
        for (int i = 0; i < count; i++, at += entryBytes)
        {
            if (ReadValues(at) is { } read)
                values.TryAdd(UInt16(at), read);
        }

        _next = at <= _data.Length - linkBytes ? (_big ? Offset(at) : UInt32(at)) : 0;
        return values;
    }

    /// <summary>Bytes of the file as the values of a tag hold them.</summary>
    public static byte[] ToBytes(long[] values) => Array.ConvertAll(values, v => (byte)v);

    /// <summary>The values of an entry, or null if they are no integers or lie outside of the file.</summary>
    private long[]? ReadValues(int entry)
    {
        int type = UInt16(entry + 2);
        int size = type switch { 1 or 6 or 7 => 1, 3 or 8 => 2, 4 or 9 or 13 => 4, 16 or 17 or 18 => 8, _ => 0 };
        long count = _big ? Offset(entry + 4) : UInt32(entry + 4);
        if (size == 0 || count < 1 || count > _data.Length / size)
            return null;
        int inline = _big ? 8 : 4;
        long position = count * size <= inline ? entry + (_big ? 12 : 8) : _big ? Offset(entry + 12) : UInt32(entry + 8);
        if (position > _data.Length - (count * size))
            return null;
        long[] values = new long[count];
        for (int i = 0; i < values.Length; i++)
        {
            int at = (int)position + (i * size);
            values[i] = size switch { 1 => Data[at], 2 => UInt16(at), 4 => UInt32(at), _ => Offset(at) };
        }

        return values;
    }

    private int UInt16(int at) =>
        LittleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(Data[at..]) : BinaryPrimitives.ReadUInt16BigEndian(Data[at..]);

    private uint UInt32(int at) =>
        LittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(Data[at..]) : BinaryPrimitives.ReadUInt32BigEndian(Data[at..]);

    /// <summary>A number of 64 bits; those beyond any file become the largest.</summary>
    private long Offset(int at)
    {
        ulong value = LittleEndian ? BinaryPrimitives.ReadUInt64LittleEndian(Data[at..]) : BinaryPrimitives.ReadUInt64BigEndian(Data[at..]);
        return (long)Math.Min(value, long.MaxValue);
    }
}
