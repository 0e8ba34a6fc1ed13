using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>The state of an arithmetic decoder.</summary>
/// <param name="Position">The next byte; beyond the end once bytes were made up.</param>
/// <param name="Value">The bits read and not consumed.</param>
/// <param name="Bits">The number of unread bits below the eight that decide.</param>
/// <param name="Range">The range less one.</param>
internal readonly record struct Vp8BoolState(int Position, ulong Value, int Bits, uint Range);

/// <summary>
/// An arithmetic decoder in local variables: everything is inlined and no method takes its address, so that the compiler keeps it in registers.
/// </summary>
internal ref struct Vp8BoolWindow
{
    private readonly ReadOnlySpan<byte> _data;
    private int _position;
    private ulong _value;
    private int _bits;
    private uint _range;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vp8BoolWindow(ref Vp8BoolReader reader)
    {
        _data = reader.Data;
        _position = reader.State.Position;
        _value = reader.State.Value;
        _bits = reader.State.Bits;
        _range = reader.State.Range;
    }

    /// <summary>Stores the state.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Close(ref Vp8BoolReader reader) => reader.State = new Vp8BoolState(_position, _value, _bits, _range);

    /// <summary>Decodes a bit that is 0 with a probability of so many 256ths.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Take(int probability)
    {
        if (_bits < 0)
        {
            Vp8BoolState loaded = Load(_data, _position, _value, _bits);
            (_position, _value, _bits) = (loaded.Position, loaded.Value, loaded.Bits);
        }

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

        int shift = BitOperations.LeadingZeroCount(range) - 24;
        _bits -= shift;
        _range = (range << shift) - 1;
        return bit;
    }

    /// <summary>A value with an even sign bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int TakeSign(int value)
    {
        if (_bits < 0)
        {
            Vp8BoolState loaded = Load(_data, _position, _value, _bits);
            (_position, _value, _bits) = (loaded.Position, loaded.Value, loaded.Bits);
        }

        // Both outcomes are as likely, so a branch would often be guessed wrong. The range always halves: one bit is consumed.
        uint split = _range >> 1;
        int negative = (int)(split - (uint)(_value >> _bits)) >> 31;
        _value -= (ulong)((split + 1) & (uint)negative) << _bits;
        uint range = negative != 0 ? _range - split : split + 1;
        int shift = BitOperations.LeadingZeroCount(range) - 24;
        _bits -= shift;
        _range = (range << shift) - 1;
        return (value ^ negative) - negative;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vp8BoolState Load(ReadOnlySpan<byte> data, int position, ulong value, int bits)
    {
        if (data.Length - position >= 8)
        {
            ulong next = BinaryPrimitives.ReadUInt64BigEndian(data[position..]) >> 8;
            return new Vp8BoolState(position + 7, (value << 56) | next, bits + 56, 0);
        }

        uint last = position < data.Length ? data[position] : 0u;
        return new Vp8BoolState(Math.Min(position, data.Length) + 1, (value << 8) | last, bits + 8, 0);
    }
}
