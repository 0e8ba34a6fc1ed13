namespace PaliSharp.Imaging.Codecs.Jpeg.Encoding;

/// <summary>Writes bits, the most significant first, with a zero behind each byte of ones.</summary>
internal sealed class JpegBitWriter(Stream stream)
{
    private readonly byte[] _buffer = new byte[1 << 15];
    private int _used;
    private ulong _bits;
    private int _count;

    /// <summary>Writes the lowest bits of a number.</summary>
    /// <param name="value">The bits; those above must be zero.</param>
    /// <param name="count">How many, 0 to 16.</param>
    public void Write(int value, int count)
    {
        _bits = (_bits << count) | (uint)value;
        _count += count;
        while (_count >= 8)
        {
            _count -= 8;
            byte next = (byte)(_bits >> _count);
            Put(next);
            if (next == 0xFF)
                Put(0);
        }
    }

    /// <summary>Fills the last byte with ones and passes everything on.</summary>
    public void Complete()
    {
        if (_count > 0)
            Write((1 << (8 - _count)) - 1, 8 - _count);
        stream.Write(_buffer.AsSpan(0, _used));
        _used = 0;
    }

    private void Put(byte value)
    {
        if (_used == _buffer.Length)
        {
            stream.Write(_buffer);
            _used = 0;
        }

        _buffer[_used++] = value;
    }
}
