namespace PaliSharp.Imaging.Codecs.Tiff;

/// <summary>Decodes CCITT fax data: modified Huffman, Group 3 of one and two dimensions, Group 4. Black is 1.</summary>
internal ref struct CcittDecoder
{
    // Modes of two-dimensional rows beside the offsets −3 to 3.
    private const int Pass = 100;
    private const int Horizontal = 101;

    private readonly ReadOnlySpan<byte> _data;
    private readonly int _width;
    private long _bit;

    // The positions of colour changes of the row above and of this row, ended by the width.
    private int[] _above;
    private int[] _row;
    private int _changes;

    private CcittDecoder(ReadOnlySpan<byte> data, int width)
    {
        _data = data;
        _width = width;
        _above = new int[width + 4];
        _row = new int[width + 4];
        _above.AsSpan().Fill(width);
    }

    private readonly bool AtEnd => _bit >= (long)_data.Length * 8;

    /// <summary>Decodes the rows of a strip or tile.</summary>
    /// <exception cref="ImageFormatException">A code is invalid, or the data ends early.</exception>
    public static void Decode(TiffPage page, ReadOnlySpan<byte> data, Span<byte> rows, int rowCount)
    {
        var decoder = new CcittDecoder(data, page.SegmentWidth);
        int stride = page.SegmentRowBytes;
        rows.Clear();
        for (int y = 0; y < rowCount; y++)
        {
            decoder.DecodeRow(page);
            decoder.Paint(rows.Slice(y * stride, stride));
            (decoder._above, decoder._row) = (decoder._row, decoder._above);
        }
    }

    private static ImageFormatException Damaged() =>
        new("The fax data of the TIFF file holds an invalid code or ends early: the file is damaged.");

    private void DecodeRow(TiffPage page)
    {
        _changes = 0;
        switch (page.Compression)
        {
            case TiffCompression.CcittGroup4:
                DecodeTwoDimensional();
                break;
            case TiffCompression.CcittRle:
                // Rows start at bytes.
                _bit = (_bit + 7) & ~7L;
                DecodeOneDimensional();
                break;
            default:
                SkipEndOfLine();
                if ((page.FaxOptions & 1) == 0 || Take(1) != 0)
                    DecodeOneDimensional();
                else
                    DecodeTwoDimensional();
                break;
        }

        _row.AsSpan(_changes).Fill(_width);
    }

    private void DecodeOneDimensional()
    {
        int position = 0;
        bool black = false;
        while (position < _width)
        {
            position = Math.Min(position + TakeRun(black), _width);
            AddChange(position);
            black = !black;
        }
    }

    private void DecodeTwoDimensional()
    {
        int position = 0;
        bool black = false;
        bool started = false;
        int above = 0;
        while (position < _width)
        {
            // The first change above to the right of the position that goes to the other colour than the current one.
            while (above > 0 && _above[above - 1] > position)
                above--;
            while (_above[above] < _width && (_above[above] <= position && (started || _above[above] < position) || (above & 1) != (black ? 1 : 0)))
                above++;
            int b1 = _above[above];
            int offset = TakeMode();
            switch (offset)
            {
                case Pass:
                    position = b1 < _width ? _above[above + 1] : _width;
                    started = true;
                    continue;
                case Horizontal:
                    position = Math.Min(position + TakeRun(black), _width);
                    AddChange(position);
                    position = Math.Min(position + TakeRun(!black), _width);
                    AddChange(position);
                    break;
                default:
                    if (b1 + offset < position)
                        throw Damaged();
                    position = Math.Min(b1 + offset, _width);
                    AddChange(position);
                    black = !black;
                    break;
            }

            started = true;
        }
    }

    private int TakeMode()
    {
        int bits = Peek(7);
        (int length, int mode) = bits switch
        {
            >= 64 => (1, 0),
            >= 48 => (3, 1),
            >= 32 => (3, -1),
            >= 16 => (3, Horizontal),
            >= 8 => (4, Pass),
            >= 6 => (6, 2),
            >= 4 => (6, -2),
            3 => (7, 3),
            2 => (7, -3),
            _ => throw Damaged(),
        };
        Skip(length);
        return mode;
    }

    private int TakeRun(bool black)
    {
        ushort[] table = black ? CcittCodes.Black : CcittCodes.White;
        int total = 0;
        while (true)
        {
            int entry = table[Peek(CcittCodes.LookupBits)];
            if (entry == 0 || total > _width)
                throw Damaged();
            Skip(entry & 15);
            total += entry >> 4;
            if (entry >> 4 < 64)
                return total;
        }
    }

    /// <summary>Passes fill bits and the end-of-line code, if there is one.</summary>
    private void SkipEndOfLine()
    {
        long start = _bit;
        while (!AtEnd && Peek(12) == 0)
            _bit++;
        if (Peek(12) == 1)
            Skip(12);
        else
            _bit = start;
    }

    private void AddChange(int position)
    {
        if (_changes > _width)
            throw Damaged();
        _row[_changes++] = position;
    }

    /// <summary>Sets the bits of black runs: from each change of even number to the next.</summary>
    private readonly void Paint(Span<byte> row)
    {
        for (int i = 0; i < _changes; i += 2)
        {
            for (int x = _row[i]; x < _row[i + 1]; x++)
                row[x >> 3] |= (byte)(128 >> (x & 7));
        }
    }

    private int Take(int count)
    {
        int bits = Peek(count);
        Skip(count);
        return bits;
    }

    private void Skip(int count)
    {
        _bit += count;
        if (_bit > (long)_data.Length * 8)
            throw Damaged();
    }

    /// <summary>The next bits, at most 16; zeros follow the end.</summary>
    private readonly int Peek(int count)
    {
        long at = _bit >> 3;
        int bits = 0;
        for (int i = 0; i < 3; i++)
            bits = (bits << 8) | (at + i < _data.Length ? _data[(int)at + i] : 0);
        return (bits >> (24 - count - (int)(_bit & 7))) & ((1 << count) - 1);
    }
}
