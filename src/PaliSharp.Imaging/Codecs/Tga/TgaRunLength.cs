namespace PaliSharp.Imaging.Codecs.Tga;

/// <summary>Undoes the run lengths of TGA, row by row: packets may go on in the next row.</summary>
/// <param name="data">The packets.</param>
/// <param name="pixelBytes">The bytes of a pixel, which divide those of a row.</param>
internal ref struct TgaRunLength(ReadOnlySpan<byte> data, int pixelBytes)
{
    private readonly ReadOnlySpan<byte> _data = data;
    private int _at;

    // What is left of the packet, in bytes of the row, and where it comes from.
    private int _left;
    private bool _isRun;

    /// <summary>Reads a row.</summary>
    /// <returns>False if the packets end before it is full.</returns>
    public bool TryRead(Span<byte> row)
    {
        for (int to = 0; to < row.Length;)
        {
            if (_left == 0)
            {
                if (_at >= _data.Length)
                    return false;
                int packet = _data[_at++];
                _isRun = (packet & 128) != 0;
                _left = ((packet & 127) + 1) * pixelBytes;
            }

            int count = Math.Min(_left, row.Length - to);
            if (_data.Length - _at < (_isRun ? pixelBytes : count))
                return false;
            if (_isRun)
            {
                ReadOnlySpan<byte> pixel = _data.Slice(_at, pixelBytes);
                for (int i = 0; i < count; i++)
                    row[to + i] = pixel[i % pixelBytes];
            }
            else
            {
                _data.Slice(_at, count).CopyTo(row[to..]);
                _at += count;
            }

            to += count;
            _left -= count;
            if (_isRun && _left == 0)
                _at += pixelBytes;
        }

        return true;
    }
}
