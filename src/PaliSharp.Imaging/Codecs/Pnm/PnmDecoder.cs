using System.Buffers.Binary;

namespace PaliSharp.Imaging.Codecs.Pnm;

/// <summary>Decodes portable bitmaps, graymaps and pixmaps (P1 to P6), plain and raw, of 8 and 16 bits.</summary>
internal sealed class PnmDecoder : IImageDecoder
{
    public bool Matches(ReadOnlySpan<byte> data) =>
        data.Length > 2 && data[0] == 'P' && data[1] is >= (byte)'1' and <= (byte)'6' && (IsBlank(data[2]) || data[2] == '#');

    public ImageInfo Identify(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        PnmHeader header = PnmHeader.Parse(data.Span);
        return new ImageInfo(ImageFormat.Pnm, header.Width, header.Height, Orientation: 1);
    }

    public Image Decode(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        PnmHeader header = PnmHeader.Parse(data.Span);
        ImageLimits.CheckSize("PNM", header.Width, header.Height, options);
        ReadOnlySpan<byte> rest = data.Span[header.DataPosition..];
        long samples = (long)header.Width * header.Height * header.Channels;
        long needed = header switch
        {
            { IsBitmap: true, IsPlain: true } => samples,
            { IsBitmap: true } => (long)((header.Width + 7) / 8) * header.Height,
            { IsPlain: true } => (2 * samples) - 1,
            _ => samples * header.BytesOfSample,
        };
        if (rest.Length < needed)
            throw Truncated(rest.Length, needed);
        byte[] pixels = GC.AllocateUninitializedArray<byte>(ImageLimits.ByteCount(header.Width, header.Height, 3));
        var scale = new SampleScale(header, options.Clip16BitGray);
        if (header.IsPlain)
            ReadPlain(header, rest, scale, pixels);
        else if (header.IsBitmap)
            ReadRawBitmap(header, rest, pixels);
        else
            ReadRaw(header, rest, scale, pixels);
        return new Image(header.Width, header.Height, 3, pixels, ImageMetadata.ForPixels(header.Width, header.Height) with { Format = ImageFormat.Pnm });
    }

    internal static bool IsBlank(byte value) => value is (byte)' ' or (>= 9 and <= 13);

    private static ImageFormatException Truncated(long found, long needed) =>
        new($"The PNM file has {found} bytes of samples where at least {needed} are needed: it is truncated.");

    private static void ReadRawBitmap(PnmHeader header, ReadOnlySpan<byte> data, Span<byte> pixels)
    {
        int stride = (header.Width + 7) / 8;
        for (int y = 0, to = 0; y < header.Height; y++)
        {
            ReadOnlySpan<byte> row = data.Slice(y * stride, stride);
            for (int x = 0; x < header.Width; x++, to += 3)
                pixels.Slice(to, 3).Fill((byte)((row[x / 8] << (x % 8) & 128) != 0 ? 0 : 255));
        }
    }

    private static void ReadRaw(PnmHeader header, ReadOnlySpan<byte> data, SampleScale scale, Span<byte> pixels)
    {
        int repeat = header.Channels == 1 ? 3 : 1;
        for (int from = 0, to = 0; to < pixels.Length; from += header.BytesOfSample, to += repeat)
        {
            int value = header.BytesOfSample == 1 ? data[from] : BinaryPrimitives.ReadUInt16BigEndian(data[from..]);
            pixels.Slice(to, repeat).Fill(scale.Apply(Math.Min(value, header.Largest)));
        }
    }

    private static void ReadPlain(PnmHeader header, ReadOnlySpan<byte> data, SampleScale scale, Span<byte> pixels)
    {
        int repeat = header.Channels == 1 ? 3 : 1;
        var tokens = new PnmTokens(data, 0);
        for (int to = 0; to < pixels.Length; to += repeat)
        {
            int value = header.IsBitmap ? tokens.NextBit() : tokens.NextNumber("a sample");
            if (value > header.Largest)
                throw new ImageFormatException($"The PNM file holds the sample {value}; its largest is declared as {header.Largest}.");
            pixels.Slice(to, repeat).Fill(header.IsBitmap ? (byte)(value == 0 ? 255 : 0) : scale.Apply(value));
        }
    }

    /// <summary>From samples of the file to 8 bits.</summary>
    private readonly struct SampleScale(PnmHeader header, bool clipGray16)
    {
        private readonly int _largest = header.Largest;
        private readonly bool _wideGray = header is { Channels: 1, Largest: > 255 };

        public byte Apply(int value)
        {
            if (_largest == 255)
                return (byte)value;
            if (!_wideGray)
                return (byte)Math.Round(value * 255.0 / _largest, MidpointRounding.ToEven);

            // Grey of 16 bits is scaled to the whole range, of which the upper byte is kept.
            int wide = (int)Math.Round(value * 65535.0 / _largest, MidpointRounding.ToEven);
            return (byte)(clipGray16 ? Math.Min(wide, 255) : wide >> 8);
        }
    }
}
