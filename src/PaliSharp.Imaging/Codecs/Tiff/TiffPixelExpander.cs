using System.Buffers.Binary;

namespace PaliSharp.Imaging.Codecs.Tiff;

/// <summary>Turns stored samples of any kind into RGB or RGBA.</summary>
internal sealed class TiffPixelExpander
{
    private readonly TiffPage _page;
    private readonly bool _littleEndian;
    private readonly bool _clipGray16;
    private readonly byte[] _palette;

    // The samples of a row as 8 bits.
    private readonly byte[] _samples;

    public TiffPixelExpander(TiffPage page, bool littleEndian, bool clipGray16)
    {
        _page = page;
        _littleEndian = littleEndian;

        // The reference opens lone 16-bit grey as a wide mode; with alpha it keeps the upper byte.
        _clipGray16 = clipGray16 && page is { Bits: 16, Samples: 1 };
        HasAlpha = page.Extra is TiffExtra.Alpha or TiffExtra.PremultipliedAlpha && page.Photometric is not (TiffPhotometric.Cmyk or TiffPhotometric.Palette);
        _palette = page.Photometric == TiffPhotometric.Palette ? Palette() : [];
        _samples = new byte[ImageLimits.ByteCount(Math.Min(page.SegmentWidth, page.Width), 1, page.Colors + 1)];
    }

    /// <summary>The bytes of a decoded pixel.</summary>
    public int Channels => HasAlpha ? 4 : 3;

    /// <summary>The samples of a pixel that are looked at: the first ones.</summary>
    public int UsedSamples => HasAlpha ? _page.Colors + 1 : _page.Colors;

    private bool HasAlpha { get; }

    /// <summary>Expands one row of a strip or tile.</summary>
    /// <param name="planes">The samples: one buffer, or one for each sample.</param>
    /// <param name="start">The position of the row in the buffers.</param>
    /// <param name="count">The number of pixels.</param>
    /// <param name="target">Where the first pixel goes.</param>
    public void Expand(ReadOnlyMemory<byte>[] planes, int start, int count, Span<byte> target)
    {
        int channels = Channels;
        int needed = UsedSamples;
        Span<byte> samples = _samples.AsSpan(0, count * needed);
        for (int s = 0; s < needed; s++)
        {
            ReadOnlySpan<byte> row = planes[planes.Length == 1 ? 0 : s].Span[start..];
            int step = planes.Length == 1 ? _page.Samples : 1;
            for (int x = 0, from = planes.Length == 1 ? s : 0, to = s; x < count; x++, from += step, to += needed)
                samples[to] = Sample(row, from);
        }

        for (int x = 0, to = 0; x < count; x++, to += channels)
        {
            ReadOnlySpan<byte> of = samples.Slice(x * needed, needed);
            Span<byte> pixel = target.Slice(to, channels);
            Convert(of, pixel);
            if (HasAlpha)
                ApplyAlpha(pixel, of[_page.Colors]);
        }
    }

    private void ApplyAlpha(Span<byte> pixel, byte alpha)
    {
        pixel[3] = alpha;
        if (_page.Extra != TiffExtra.PremultipliedAlpha || alpha == 255)
            return;
        for (int c = 0; c < 3; c++)
            pixel[c] = (byte)(alpha == 0 ? 0 : Math.Min(pixel[c] * 255 / alpha, 255));
    }

    private void Convert(ReadOnlySpan<byte> samples, Span<byte> pixel)
    {
        switch (_page.Photometric)
        {
            case TiffPhotometric.Palette:
                _palette.AsSpan(samples[0] * 3, 3).CopyTo(pixel);
                break;
            case TiffPhotometric.WhiteIsZero:
                pixel[..3].Fill((byte)(255 - samples[0]));
                break;
            case TiffPhotometric.BlackIsZero:
                pixel[..3].Fill(samples[0]);
                break;
            case TiffPhotometric.Cmyk:
                int white = 255 - samples[3];
                for (int c = 0; c < 3; c++)
                {
                    int product = (samples[c] * white) + 128;
                    pixel[c] = (byte)Math.Clamp(white - ((product + (product >> 8)) >> 8), 0, 255);
                }

                break;
            default:
                samples[..3].CopyTo(pixel);
                break;
        }
    }

    /// <summary>One sample as 8 bits; indices of palettes are not scaled.</summary>
    private byte Sample(ReadOnlySpan<byte> row, int index)
    {
        switch (_page.Bits)
        {
            case 8:
                return row[index];
            case 16:
                ReadOnlySpan<byte> wide = row.Slice(2 * index, 2);
                int value = _littleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(wide) : BinaryPrimitives.ReadUInt16BigEndian(wide);
                return (byte)(_clipGray16 ? Math.Min(value, 255) : value >> 8);
            default:
                int bits = _page.Bits;
                int perByte = 8 / bits;
                int mask = (1 << bits) - 1;
                int small = (row[index / perByte] >> (8 - bits - (index % perByte * bits))) & mask;
                return (byte)(_page.Photometric == TiffPhotometric.Palette ? small : small * 255 / mask);
        }
    }

    private byte[] Palette()
    {
        int count = 1 << _page.Bits;
        byte[] palette = new byte[768];
        for (int i = 0; i < count; i++)
        {
            for (int c = 0; c < 3; c++)
                palette[(3 * i) + c] = (byte)(_page.Palette[(c * count) + i] >> 8);
        }

        return palette;
    }
}
