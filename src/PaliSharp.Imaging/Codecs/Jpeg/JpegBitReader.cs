using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace PaliSharp.Imaging.Codecs.Jpeg;

/// <summary>
/// Reads the entropy-coded bits of one scan. At a marker, and at the end of the data, it delivers zeros and says so in
/// <see cref="IsExhausted"/>.
/// </summary>
internal ref struct JpegBitReader(ReadOnlySpan<byte> data, int position)
{
    private readonly ReadOnlySpan<byte> _data = data;
    private int _position = position;
    private bool _blocked;

    private ulong _bits;
    private int _count;

    /// <summary>The next bits, left-aligned; zeros follow the valid ones. Loops over many symbols keep a copy in registers.</summary>
    public ulong Bits { readonly get => _bits; set => _bits = value; }

    /// <summary>The number of valid <see cref="Bits"/>; negative when zeros were consumed.</summary>
    public int Count { readonly get => _count; set => _count = value; }

    /// <summary>The position of the next byte, or of the marker that ended the data.</summary>
    public readonly int Position => _position;

    /// <summary>Whether bits were consumed that the data does not have.</summary>
    public readonly bool IsExhausted => _count < 0;

    /// <summary>Whether the data ended without a marker.</summary>
    public readonly bool IsTruncated => _blocked && _position >= _data.Length;

    /// <summary>Makes sure that at least 32 bits can be taken.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Refill()
    {
        if (_count < 32)
            RefillAlways();
    }

    /// <summary>Adds as many bits as fit and as there are.</summary>
    public void RefillAlways()
    {
        if (_blocked)
            return;
        if (_position + 8 <= _data.Length)
        {
            ulong next = BinaryPrimitives.ReadUInt64BigEndian(_data[_position..]);
            ulong inverse = ~next;
            if (((inverse - 0x0101010101010101) & next & 0x8080808080808080) == 0)
            {
                // No byte is 0xFF.
                int bytes = (64 - _count) >> 3;
                _bits |= next >> _count;
                _position += bytes;
                _count += bytes * 8;
                if (_count < 64)
                    _bits &= ~(ulong.MaxValue >> _count);
                return;
            }
        }

        while (_count <= 56)
        {
            if (_position >= _data.Length)
            {
                _blocked = true;
                return;
            }

            byte value = _data[_position];
            if (value == 0xFF)
            {
                if (_position + 1 >= _data.Length)
                {
                    _position = _data.Length;
                    _blocked = true;
                    return;
                }

                byte after = _data[_position + 1];
                if (after == 0xFF)
                {
                    _position++;
                    continue;
                }

                if (after != 0)
                {
                    _blocked = true;
                    return;
                }

                _position++;
            }

            _position++;
            _bits |= (ulong)value << (56 - _count);
            _count += 8;
        }
    }

    /// <summary>Decodes a symbol. <see cref="Refill"/> must have been called before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Decode(JpegHuffmanTable table)
    {
        int entry = table.Lookup[(int)(_bits >> (64 - JpegHuffmanTable.LookupBits))];
        if (entry == 0)
            return DecodeLong(table);
        Skip(entry >> 8);
        return entry & 255;
    }

    /// <summary>Takes bits as an unsigned number; at most 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Take(int count)
    {
        // Two shifts, since a shift by 64 would be one by 0.
        int value = (int)(_bits >> 1 >> (63 - count));
        Skip(count);
        return value;
    }

    /// <summary>Takes bits as a signed number in the manner of JPEG: a leading 0 marks negative numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int TakeSigned(int count)
    {
        int value = Take(count);
        int half = (1 << count) >> 1;
        return value < half ? value - (half << 1) + 1 : value;
    }

    /// <summary>Drops the bits left and moves to the next segment after a restart marker.</summary>
    /// <param name="expected">The number of the restart marker that should come, 0 to 7.</param>
    /// <returns>False if another marker comes, so that this segment is empty.</returns>
    public bool Restart(int expected)
    {
        _bits = 0;
        _count = 0;
        _blocked = false;
        while (true)
        {
            int marker = FindMarker();
            if (marker < 0)
            {
                _blocked = true;
                return false;
            }

            // A marker one or two ahead means that segments are lost: leave it for their turn. One behind is stale: go on.
            int ahead = (marker - 0xD0 - expected) & 7;
            if (marker is < 0xD0 or > 0xD7 || ahead is 1 or 2)
            {
                _blocked = true;
                return false;
            }

            _position += 2;
            if (ahead is not (6 or 7))
                return true;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Skip(int count)
    {
        _bits <<= count;
        _count -= count;
    }

    private int DecodeLong(JpegHuffmanTable table)
    {
        (int symbol, int length) = table.DecodeLong((int)(_bits >> 48));
        Skip(length);
        return symbol;
    }

    /// <summary>Moves to the 0xFF of the next marker and returns its second byte, or −1 at the end.</summary>
    private int FindMarker()
    {
        while (_position + 1 < _data.Length)
        {
            int found = _data[_position..^1].IndexOf((byte)0xFF);
            if (found < 0)
                break;
            _position += found;
            byte marker = _data[_position + 1];
            if (marker is not (0 or 0xFF))
                return marker;
            _position += marker == 0 ? 2 : 1;
        }

        _position = _data.Length;
        return -1;
    }
}
