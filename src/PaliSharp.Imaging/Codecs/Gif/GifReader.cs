using System.Buffers.Binary;

namespace PaliSharp.Imaging.Codecs.Gif;

/// <summary>Walks over the blocks of a GIF file.</summary>
internal sealed class GifReader
{
    private readonly ReadOnlyMemory<byte> _data;
    private readonly byte[]? _globalPalette;
    private int _position;

    // A frame that says nothing keeps the disposal of the one before; that is how Pillow reads it.
    private GifDisposal _disposal;

    /// <summary>Reads the screen descriptor.</summary>
    /// <exception cref="ImageFormatException">The file is shorter than the descriptor and the palette.</exception>
    public GifReader(ReadOnlyMemory<byte> data)
    {
        _data = data;
        ReadOnlySpan<byte> span = data.Span;
        if (span.Length < 13)
            throw Truncated();
        Width = BinaryPrimitives.ReadUInt16LittleEndian(span[6..]);
        Height = BinaryPrimitives.ReadUInt16LittleEndian(span[8..]);
        _position = 13;
        if ((span[10] & 0x80) == 0)
            return;
        Background = span[11];
        _globalPalette = ReadPalette(span[10] & 7);
    }

    /// <summary>The size of the screen.</summary>
    public int Width { get; }

    /// <inheritdoc cref="Width"/>
    public int Height { get; }

    /// <summary>The index of the background.</summary>
    public int Background { get; }

    /// <summary>Reads up to the data of the next frame.</summary>
    /// <returns>The frame, or null at the end of the file.</returns>
    /// <exception cref="ImageFormatException">The file ends inside the frame's description.</exception>
    public GifFrame? NextFrame()
    {
        int transparent = -1;
        int delay = 0;
        ReadOnlySpan<byte> data = _data.Span;
        while (_position < data.Length)
        {
            switch (data[_position++])
            {
                case 0x3B:
                    return null;
                case 0x21:
                    if (_position >= data.Length)
                        return null;
                    bool isControl = data[_position++] == 0xF9;
                    if (isControl && data.Length - _position >= 5 && data[_position] >= 4)
                    {
                        int flags = data[_position + 1];
                        transparent = (flags & 1) != 0 ? data[_position + 4] : -1;
                        delay = BinaryPrimitives.ReadUInt16LittleEndian(data[(_position + 2)..]);
                        if (((flags >> 2) & 7) is not 0 and int disposal)
                            _disposal = (GifDisposal)disposal;
                    }

                    SkipBlocks();
                    break;
                case 0x2C:
                    return ReadFrame(transparent, delay);
            }
        }

        return null;
    }

    /// <summary>Decompresses a frame and moves behind its data.</summary>
    /// <param name="frame">The frame that <see cref="NextFrame"/> has just returned.</param>
    /// <returns>Width × height indices, top row first.</returns>
    /// <exception cref="ImageFormatException">The data is damaged or too short.</exception>
    public byte[] ReadIndices(GifFrame frame)
    {
        ReadOnlySpan<byte> data = _data.Span;
        int codeSize = data[frame.DataPosition];
        _position = frame.DataPosition + 1;
        byte[] compressed = JoinBlocks();
        if ((long)frame.Width * frame.Height > (long)compressed.Length * GifLzw.LargestExpansion)
        {
            throw new ImageFormatException(
                $"A frame of the GIF file has {frame.Width}x{frame.Height} pixels but only {compressed.Length} bytes of data.");
        }

        byte[] indices = new byte[frame.Width * frame.Height];
        GifLzw.Decode(compressed, codeSize, indices);
        return frame.Interlaced ? Deinterlace(indices, frame.Width, frame.Height) : indices;
    }

    private static ImageFormatException Truncated() => new("The GIF file ends in the middle of a block: it is truncated.");

    private static byte[] Deinterlace(byte[] rows, int width, int height)
    {
        byte[] result = new byte[rows.Length];
        int from = 0;
        foreach ((int start, int step) in ((int, int)[])[(0, 8), (4, 8), (2, 4), (1, 2)])
        {
            for (int y = start; y < height; y += step, from += width)
                rows.AsSpan(from, width).CopyTo(result.AsSpan(y * width));
        }

        return result;
    }

    private static byte[] GrayPalette()
    {
        byte[] palette = new byte[768];
        for (int i = 0; i < palette.Length; i++)
            palette[i] = (byte)(i / 3);
        return palette;
    }

    private GifFrame ReadFrame(int transparent, int delay)
    {
        ReadOnlySpan<byte> data = _data.Span;
        if (data.Length - _position < 10)
            throw Truncated();
        ReadOnlySpan<byte> descriptor = data.Slice(_position, 9);
        _position += 9;
        byte[] palette = (descriptor[8] & 0x80) != 0 ? ReadPalette(descriptor[8] & 7) : _globalPalette ?? GrayPalette();
        if (_position >= data.Length)
            throw Truncated();
        int width = BinaryPrimitives.ReadUInt16LittleEndian(descriptor[4..]);
        int height = BinaryPrimitives.ReadUInt16LittleEndian(descriptor[6..]);
        if (width == 0 || height == 0)
            throw new ImageFormatException($"A frame of the GIF file has {width}x{height} pixels; both sides must be at least 1.");
        return new GifFrame
        {
            Left = BinaryPrimitives.ReadUInt16LittleEndian(descriptor),
            Top = BinaryPrimitives.ReadUInt16LittleEndian(descriptor[2..]),
            Width = width,
            Height = height,
            Interlaced = (descriptor[8] & 0x40) != 0,
            Palette = palette,
            Transparent = transparent,
            Disposal = _disposal,
            Delay = delay,
            DataPosition = _position,
        };
    }

    /// <summary>Reads a palette of 2 to 256 colours; the rest is black.</summary>
    private byte[] ReadPalette(int sizeBits)
    {
        int length = 3 << (sizeBits + 1);
        if (_data.Length - _position < length)
            throw Truncated();
        byte[] palette = new byte[768];
        _data.Span.Slice(_position, length).CopyTo(palette);
        _position += length;
        return palette;
    }

    private void SkipBlocks()
    {
        ReadOnlySpan<byte> data = _data.Span;
        while (_position < data.Length)
        {
            int length = data[_position++];
            if (length == 0)
                return;
            _position = Math.Min(_position + length, data.Length);
        }
    }

    private byte[] JoinBlocks()
    {
        ReadOnlySpan<byte> data = _data.Span;
        int start = _position;
        SkipBlocks();
        byte[] joined = new byte[_position - start];
        int length = 0;
        for (int at = start; at < _position;)
        {
            int count = Math.Min(data[at], _position - at - 1);
            data.Slice(at + 1, count).CopyTo(joined.AsSpan(length));
            length += count;
            at += count + 1;
        }

        return joined[..length];
    }
}
