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
        int entry = table.Lookup((uint)_bits);
        if (entry == 0)
        {
            int symbol = table.DecodeLong((uint)_bits, out int length);
            Skip(length);
            return symbol;
        }

        Skip((entry >> 12) - 1);
        return entry & 0xFFF;
    }

    private void Skip(int count)
    {
        _bits >>= count;
        _count -= count;
    }

    private void Refill()
    {
        while (_count is >= 0 and <= 56 && _position < _data.Length)
        {
            _bits |= (ulong)_data[_position++] << _count;
            _count += 8;
        }
    }
}
