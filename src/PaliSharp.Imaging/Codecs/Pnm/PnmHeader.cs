namespace PaliSharp.Imaging.Codecs.Pnm;

/// <summary>The header of a PNM file.</summary>
internal sealed record PnmHeader(int Width, int Height, int Largest, bool IsPlain, bool IsBitmap, int Channels, int DataPosition)
{
    /// <summary>The bytes of a raw sample.</summary>
    public int BytesOfSample => Largest > 255 ? 2 : 1;

    /// <summary>Parses the header.</summary>
    /// <exception cref="ImageFormatException">A number is missing or invalid.</exception>
    public static PnmHeader Parse(ReadOnlySpan<byte> data)
    {
        int kind = data[1] - '0';
        bool plain = kind <= 3;
        bool bitmap = kind is 1 or 4;
        int channels = kind is 3 or 6 ? 3 : 1;
        var tokens = new PnmTokens(data, 2);
        int width = tokens.NextNumber("the width");
        int height = tokens.NextNumber("the height");
        int largest = bitmap ? 1 : tokens.NextNumber("the largest sample");
        if (width < 1 || height < 1)
            throw new ImageFormatException($"The PNM file declares {width}x{height} pixels; both sides must be at least 1.");
        if (largest is < 1 or > 65535)
            throw new ImageFormatException($"The PNM file declares the largest sample {largest}; it must be 1 to 65535.");

        // One blank ends the header; raw data follows at once.
        int position = Math.Min(tokens.Position + (plain ? 0 : 1), data.Length);
        return new PnmHeader(width, height, largest, plain, bitmap, channels, position);
    }
}

/// <summary>Reads numbers between blanks and comments.</summary>
internal ref struct PnmTokens(ReadOnlySpan<byte> data, int position)
{
    private readonly ReadOnlySpan<byte> _data = data;

    /// <summary>The position behind the last number.</summary>
    public int Position { get; private set; } = position;

    /// <summary>Reads a decimal number.</summary>
    public int NextNumber(string what)
    {
        SkipBlanks();
        int start = Position;
        int value = 0;
        while (Position < _data.Length && _data[Position] is >= (byte)'0' and <= (byte)'9')
        {
            value = (value * 10) + (_data[Position] - '0');
            if (++Position - start > 9)
                throw new ImageFormatException($"The PNM file holds a number of more than 9 digits for {what}.");
        }

        if (Position == start)
            throw new ImageFormatException($"The PNM file lacks {what} at byte {start}: a number was expected.");
        return value;
    }

    /// <summary>Reads one digit, 0 or 1.</summary>
    public int NextBit()
    {
        SkipBlanks();
        if (Position >= _data.Length || _data[Position] is not ((byte)'0' or (byte)'1'))
            throw new ImageFormatException($"The PNM file lacks a bit at byte {Position}: 0 or 1 was expected.");
        return _data[Position++] - '0';
    }

    private void SkipBlanks()
    {
        while (Position < _data.Length)
        {
            if (_data[Position] == '#')
            {
                int end = _data[Position..].IndexOfAny((byte)'\n', (byte)'\r');
                Position = end < 0 ? _data.Length : Position + end;
            }
            else if (PnmDecoder.IsBlank(_data[Position]))
            {
                Position++;
            }
            else
            {
                return;
            }
        }
    }
}
