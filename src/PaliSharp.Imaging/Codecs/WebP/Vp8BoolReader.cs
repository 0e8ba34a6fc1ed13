namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>The arithmetic decoder of VP8 over a part of a file. Holds the state between uses of <see cref="Vp8BoolWindow"/>, which does the work.</summary>
internal struct Vp8BoolReader(ReadOnlyMemory<byte> data)
{
    /// <summary>The state: position, value, unread bits below the eight that decide, and the range less one.</summary>
    internal Vp8BoolState State = new(0, 0, -8, 254);

    /// <summary>The bytes.</summary>
    internal readonly ReadOnlySpan<byte> Data => data.Span;

    /// <summary>Whether bytes beyond the end were needed.</summary>
    public readonly bool IsExhausted => State.Position > data.Length;

    /// <summary>Decodes a bit that is 0 with a probability of so many 256ths.</summary>
    public bool Take(int probability)
    {
        var window = new Vp8BoolWindow(ref this);
        bool bit = window.Take(probability);
        window.Close(ref this);
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
}
