using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using PaliSharp.Imaging.Simd;

namespace PaliSharp.Imaging.Codecs.Png;

/// <summary>Turns stored rows of any colour type and depth into RGB or RGBA.</summary>
internal sealed class PngPixelExpander
{
    private readonly PngHeader _header;
    private readonly bool _clipGray16;
    private readonly bool _hasKey;
    private readonly ushort _key0;
    private readonly ushort _key1;
    private readonly ushort _key2;

    // One entry for each value of a sample of at most 8 bits: red, green, blue, alpha.
    private readonly byte[] _table;
    private readonly uint[] _entries;

    public PngPixelExpander(PngFile file, bool clipGray16)
    {
        _header = file.Header;
        _clipGray16 = clipGray16;
        Channels = file.HasAlpha ? 4 : 3;
        ReadOnlySpan<byte> transparency = file.Transparency.Span;
        if (_header.ColorType is PngColorType.Gray or PngColorType.Rgb && !transparency.IsEmpty)
        {
            _hasKey = true;
            _key0 = BinaryPrimitives.ReadUInt16BigEndian(transparency);
            if (_header.ColorType == PngColorType.Rgb)
            {
                _key1 = BinaryPrimitives.ReadUInt16BigEndian(transparency[2..]);
                _key2 = BinaryPrimitives.ReadUInt16BigEndian(transparency[4..]);
            }
        }

        _table = _header.ColorType switch
        {
            PngColorType.Palette => PaletteTable(file),
            PngColorType.Gray when _header.BitDepth <= 8 => GrayTable(),
            _ => [],
        };
        _entries = new uint[_table.Length / 4];
        for (int i = 0; i < _entries.Length; i++)
            _entries[i] = BinaryPrimitives.ReadUInt32LittleEndian(_table.AsSpan(4 * i));
    }

    /// <summary>The bytes of a decoded pixel: 3 or 4.</summary>
    public int Channels { get; }

    /// <summary>Whether stored rows are decoded rows already.</summary>
    public bool IsIdentity => _header.BitDepth == 8 && !_hasKey && _header.ColorType is PngColorType.Rgb or PngColorType.Rgba;

    /// <summary>Expands one stored row.</summary>
    /// <param name="row">The stored row, filters undone.</param>
    /// <param name="count">The number of pixels in it.</param>
    /// <param name="target">Where the first pixel goes.</param>
    /// <param name="step">The distance in bytes between two pixels of the target.</param>
    public void Expand(ReadOnlySpan<byte> row, int count, Span<byte> target, int step)
    {
        int bytesOfSample = _header.BitDepth == 16 ? 2 : 1;
        switch (_header.ColorType)
        {
            case PngColorType.Palette:
            case PngColorType.Gray when _header.BitDepth <= 8:
                ExpandTable(row, count, target, step);
                break;
            case PngColorType.Gray:
                ExpandGray16(row, count, target, step);
                break;
            case PngColorType.Rgb when _hasKey:
                ExpandKeyedRgb(row, count, target, step);
                break;
            case PngColorType.GrayAlpha:
                for (int i = 0, to = 0, from = 0; i < count; i++, to += step, from += 2 * bytesOfSample)
                {
                    byte level = row[from];
                    Span<byte> pixel = target.Slice(to, 4);
                    pixel[0] = level;
                    pixel[1] = level;
                    pixel[2] = level;
                    pixel[3] = row[from + bytesOfSample];
                }

                break;
            case PngColorType.Rgb or PngColorType.Rgba when bytesOfSample == 2 && step == Channels:
                UpperBytes(row, target[..(count * step)]);
                break;
            default:
                for (int i = 0, to = 0, from = 0; i < count; i++, to += step)
                {
                    Span<byte> pixel = target.Slice(to, Channels);
                    for (int c = 0; c < pixel.Length; c++, from += bytesOfSample)
                        pixel[c] = row[from];
                }

                break;
        }
    }

    /// <summary>The upper bytes of samples of 16 bits, of which the file has the upper byte first.</summary>
    private static void UpperBytes(ReadOnlySpan<byte> samples, Span<byte> target)
    {
        int i = 0;
        for (; i <= target.Length - 16; i += 16)
        {
            ReadOnlySpan<byte> source = samples.Slice(2 * i, 32);
            Vector128<ushort> first = Upper(Vector128.Create(source[..16]).AsUInt16());
            Vector128<ushort> second = Upper(Vector128.Create(source[16..]).AsUInt16());
            Vector128.Narrow(first, second).CopyTo(target[i..]);
        }

        for (; i < target.Length; i++)
            target[i] = samples[2 * i];
    }

    private static Vector128<ushort> Upper(Vector128<ushort> samples) =>
        BitConverter.IsLittleEndian ? samples & Vector128.Create((ushort)255) : samples >> 8;

    private void ExpandTable(ReadOnlySpan<byte> row, int count, Span<byte> target, int step)
    {
        int depth = _header.BitDepth;
        int channels = Channels;
        int i = 0;
        int to = 0;
        if (depth == 8 && step == 3 && _header.ColorType == PngColorType.Gray)
        {
            for (; i <= count - 16; i += 16, to += 48)
            {
                Vector128<byte> values = Vector128.Create(row.Slice(i, 16));
                Interleaving.Rgb(values, values, values, target.Slice(to, 48));
            }
        }

        ReadOnlySpan<byte> table = _table;
        ReadOnlySpan<uint> entries = _entries;
        if (depth == 8 && step == 3)
        {
            // Four pixels are twelve bytes, written as eight and four.
            for (; i <= count - 4; i += 4, to += 12)
            {
                ReadOnlySpan<byte> four = row.Slice(i, 4);
                ulong third = entries[four[2]] & 0xFFFFFF;
                BinaryPrimitives.WriteUInt64LittleEndian(target[to..], (entries[four[0]] & 0xFFFFFF) | ((ulong)(entries[four[1]] & 0xFFFFFF) << 24) | (third << 48));
                BinaryPrimitives.WriteUInt32LittleEndian(target[(to + 8)..], (uint)(third >> 16) | (entries[four[3]] << 8));
            }
        }

        for (; depth == 8 && step == 4 && channels == 4 && i < count; i++, to += 4)
            BinaryPrimitives.WriteUInt32LittleEndian(target[to..], entries[row[i]]);

        int shiftOfCount = depth switch { 8 => 0, 4 => 1, 2 => 2, _ => 3 };
        int mask = (1 << depth) - 1;

        // Four bytes are written also for three: the next pixel overwrites the fourth. Interlaced rows have others' pixels there.
        for (; step == channels && i < count && target.Length - to >= 4; i++, to += step)
        {
            int shift = 8 - depth - ((i & ((1 << shiftOfCount) - 1)) * depth);
            BinaryPrimitives.WriteUInt32LittleEndian(target[to..], entries[(row[i >> shiftOfCount] >> shift) & mask]);
        }

        for (; i < count; i++, to += step)
        {
            int shift = 8 - depth - ((i & ((1 << shiftOfCount) - 1)) * depth);
            table.Slice(((row[i >> shiftOfCount] >> shift) & mask) * 4, channels).CopyTo(target[to..]);
        }
    }

    private void ExpandGray16(ReadOnlySpan<byte> row, int count, Span<byte> target, int step)
    {
        int i = 0;
        int to = 0;
        for (; !_clipGray16 && step == 3 && i <= count - 16; i += 16, to += 48)
        {
            ReadOnlySpan<byte> source = row.Slice(2 * i, 32);
            Vector128<byte> levels = Vector128.Narrow(Upper(Vector128.Create(source[..16]).AsUInt16()), Upper(Vector128.Create(source[16..]).AsUInt16()));
            Interleaving.Rgb(levels, levels, levels, target.Slice(to, 48));
        }

        for (; i < count; i++, to += step)
        {
            ushort value = BinaryPrimitives.ReadUInt16BigEndian(row[(2 * i)..]);
            Span<byte> pixel = target.Slice(to, Channels);
            pixel[..3].Fill((byte)(_clipGray16 ? Math.Min(value, (ushort)255) : value >> 8));
            if (pixel.Length == 4)
                pixel[3] = (byte)(value == _key0 ? 0 : 255);
        }
    }

    private void ExpandKeyedRgb(ReadOnlySpan<byte> row, int count, Span<byte> target, int step)
    {
        bool wide = _header.BitDepth == 16;
        for (int i = 0, to = 0; i < count; i++, to += step)
        {
            Span<byte> pixel = target.Slice(to, 4);
            bool matches;
            if (wide)
            {
                ReadOnlySpan<byte> source = row.Slice(6 * i, 6);
                (pixel[0], pixel[1], pixel[2]) = (source[0], source[2], source[4]);
                matches = BinaryPrimitives.ReadUInt16BigEndian(source) == _key0
                    && BinaryPrimitives.ReadUInt16BigEndian(source[2..]) == _key1
                    && BinaryPrimitives.ReadUInt16BigEndian(source[4..]) == _key2;
            }
            else
            {
                ReadOnlySpan<byte> source = row.Slice(3 * i, 3);
                source.CopyTo(pixel);
                matches = source[0] == _key0 && source[1] == _key1 && source[2] == _key2;
            }

            pixel[3] = (byte)(matches ? 0 : 255);
        }
    }

    private byte[] GrayTable()
    {
        int values = 1 << _header.BitDepth;
        byte[] table = new byte[values * 4];
        for (int i = 0; i < values; i++)
        {
            table.AsSpan(4 * i, 3).Fill((byte)(i * 255 / (values - 1)));
            table[(4 * i) + 3] = (byte)(_hasKey && i == _key0 ? 0 : 255);
        }

        return table;
    }

    private static byte[] PaletteTable(PngFile file)
    {
        ReadOnlySpan<byte> palette = file.Palette.Span;
        if (palette.IsEmpty)
            throw new ImageFormatException("The PNG file has colour type 3 but no PLTE chunk before its data.");
        ReadOnlySpan<byte> alpha = file.Transparency.Span;
        byte[] table = new byte[1024];
        for (int i = 0; i < 256; i++)
        {
            // Indices beyond the palette are errors of the writer; black is what readers show.
            if ((3 * i) + 2 < palette.Length)
                palette.Slice(3 * i, 3).CopyTo(table.AsSpan(4 * i));
            table[(4 * i) + 3] = i < alpha.Length ? alpha[i] : (byte)255;
        }

        return table;
    }
}
