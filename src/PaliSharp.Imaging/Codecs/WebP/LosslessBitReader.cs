using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>Reads bits, lowest first. Behind the end come zeros, and <see cref="IsExhausted"/> turns true.</summary>
internal ref struct LosslessBitReader(ReadOnlySpan<byte> data)
{
    private readonly ReadOnlySpan<byte> _data = data;
    private int _position;
    private ulong _bits;
    private int _count;

    /// <summary>Whether more bits were taken than there are.</summary>
    public readonly bool IsExhausted => _count < 0;

    /// <summary>The next bits, the first one lowest. Loops over many symbols keep a copy in registers.</summary>
    public ulong Bits { readonly get => _bits; set => _bits = value; }

    /// <summary>The number of valid <see cref="Bits"/>; negative when zeros were consumed.</summary>
    public int Count { readonly get => _count; set => _count = value; }

    /// <summary>Takes up to 32 bits.</summary>
    public uint Take(int count)
    {
        Refill();
        uint value = (uint)(_bits & ((1UL << count) - 1));
        Skip(count);
        return value;
    }

    /// <summary>Takes one bit.</summary>
    public bool TakeFlag() => Take(1) != 0;

    /// <summary>Decodes a symbol.</summary>
    public int Decode(LosslessHuffmanTable table)
    {
        Refill();
        uint entry = table.Find((uint)_bits);
        Skip((int)(entry & 255));
        return (int)(entry >> 16);
    }

    /// <summary>Makes sure that at least 32 bits can be taken, as far as there are any.</summary>
    public void Refill()
    {
        if (_count is < 0 or >= 32)
            return;
        if (_position + 8 <= _data.Length)
        {
            // Whole bytes that do not fit are read again later: the bits above the count are the right ones already.
            _bits |= BinaryPrimitives.ReadUInt64LittleEndian(_data[_position..]) << _count;
            int bytes = (63 - _count) >> 3;
            _position += bytes;
            _count += bytes * 8;
            return;
        }

        _bits &= (1UL << _count) - 1;
        while (_count <= 56 && _position < _data.Length)
        {
            _bits |= (ulong)_data[_position++] << _count;
            _count += 8;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Skip(int count)
    {
        _bits >>= count;
        _count -= count;
    }
}
