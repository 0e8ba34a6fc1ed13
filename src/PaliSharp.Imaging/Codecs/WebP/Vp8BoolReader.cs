using System.Numerics;
using System.Runtime.CompilerServices;

namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>The arithmetic decoder of VP8 over a part of a file.</summary>
internal struct Vp8BoolReader(ReadOnlyMemory<byte> data)
{
    private readonly ReadOnlyMemory<byte> _data = data;
    private int _position;
    private ulong _value;

    // The number of unread bits below the eight that decide; the range is stored less one.
    private int _bits = -8;
    private uint _range = 254;

    /// <summary>Whether bytes beyond the end were needed.</summary>
    public bool IsExhausted { get; private set; }

    /// <summary>Decodes a bit that is 0 with a probability of so many 256ths.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Take(int probability)
    {
        if (_bits < 0)
            Load();
        uint split = (_range * (uint)probability) >> 8;
        uint value = (uint)(_value >> _bits);
        bool bit = value > split;
        uint range;
        if (bit)
        {
            range = _range - split;
            _value -= (ulong)(split + 1) << _bits;
        }
        else
        {
            range = split + 1;
        }

        int shift = 7 - BitOperations.Log2(range);
        _bits -= shift;
        _range = (range << shift) - 1;
        return bit;
    }

    /// <summary>Decodes an even bit.</summary>
    public bool TakeFlag() => Take(128);

    /// <summary>Decodes an unsigned number.</summary>
    public int TakeNumber(int bits)
    {
        int value = 0;
        while (bits-- > 0)
            value = (value << 1) | (Take(128) ? 1 : 0);
        return value;
    }

    /// <summary>Decodes a number with a sign behind it.</summary>
    public int TakeSigned(int bits)
    {
        int value = TakeNumber(bits);
        return Take(128) ? -value : value;
    }

    /// <summary>Decodes a flag and, if it is set, a signed number; else 0.</summary>
    public int TakeOptional(int bits) => Take(128) ? TakeSigned(bits) : 0;

    private void Load()
    {
        ReadOnlySpan<byte> source = _data.Span;
        while (_bits < 0 || (_bits <= 40 && _position < source.Length))
        {
            byte next = 0;
            if (_position < source.Length)
                next = source[_position++];
            else
                IsExhausted = true;
            _value = (_value << 8) | next;
            _bits += 8;
        }
    }
}
