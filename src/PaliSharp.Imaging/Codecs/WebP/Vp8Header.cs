using System.Buffers.Binary;

namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>The factors of the coefficients of one segment.</summary>
internal readonly record struct Vp8Quantizer(int LumaDc, int LumaAc, int SecondDc, int SecondAc, int ChromaDc, int ChromaAc);

/// <summary>The strength of the loop filter for one segment and kind of macroblock.</summary>
internal readonly record struct Vp8FilterStrength(int Limit, int InnerLimit, int HighVariance);

/// <summary>The frame header of VP8.</summary>
internal sealed class Vp8Header
{
    /// <summary>The first partition, from which the modes are read on.</summary>
    public Vp8BoolReader Modes;

    private Vp8Header()
    {
    }

    /// <summary>The number of columns.</summary>
    public required int Width { get; init; }

    /// <summary>The number of rows.</summary>
    public required int Height { get; init; }

    /// <summary>The partitions with the coefficients; rows of macroblocks take turns.</summary>
    public Vp8BoolReader[] Partitions { get; private set; } = [];

    /// <summary>Whether each macroblock names its segment.</summary>
    public bool HasSegmentMap { get; private set; }

    /// <summary>The probabilities of the segments.</summary>
    public int[] SegmentProbabilities { get; } = [255, 255, 255];

    /// <summary>The quantisers of the segments.</summary>
    public Vp8Quantizer[] Quantizers { get; } = new Vp8Quantizer[4];

    /// <summary>Whether the simple filter is used.</summary>
    public bool SimpleFilter { get; private set; }

    /// <summary>Whether anything is filtered.</summary>
    public bool IsFiltered { get; private set; }

    /// <summary>The filter strengths: by segment, then for macroblocks predicted as a whole and in blocks.</summary>
    public Vp8FilterStrength[] Filters { get; } = new Vp8FilterStrength[8];

    /// <summary>The probabilities of the coefficients.</summary>
    public byte[] Coefficients { get; } = Vp8Tables.Coefficients.ToArray();

    /// <summary>The probability that a macroblock has coefficients, or −1 if all may have.</summary>
    public int SkipProbability { get; private set; } = -1;

    /// <summary>Reads the size alone.</summary>
    /// <exception cref="ImageFormatException">This is no key frame.</exception>
    public static (int Width, int Height) ReadSize(ReadOnlySpan<byte> data)
    {
        if (data.Length < 10 || (data[0] & 1) != 0 || ((data[0] >> 1) & 7) > 3 || (data[0] & 0x10) == 0 || data[3] != 0x9D || data[4] != 0x01 || data[5] != 0x2A)
            throw Damaged("has no valid key frame header");
        int width = BinaryPrimitives.ReadUInt16LittleEndian(data[6..]) & 0x3FFF;
        int height = BinaryPrimitives.ReadUInt16LittleEndian(data[8..]) & 0x3FFF;
        return width > 0 && height > 0 ? (width, height) : throw Damaged($"declares {width}x{height} pixels");
    }

    /// <summary>Parses the header.</summary>
    /// <exception cref="ImageFormatException">The header is damaged.</exception>
    public static Vp8Header Parse(ReadOnlyMemory<byte> data)
    {
        (int width, int height) = ReadSize(data.Span);
        var header = new Vp8Header { Width = width, Height = height };
        int firstLength = (data.Span[0] | (data.Span[1] << 8) | (data.Span[2] << 16)) >> 5;
        ReadOnlyMemory<byte> rest = data[10..];
        if (firstLength > rest.Length)
            throw Damaged("ends inside its first partition");
        header.Modes = new Vp8BoolReader(rest[..firstLength]);
        header.Read(rest[firstLength..]);
        if (header.Modes.IsExhausted)
            throw Damaged("ends inside its header");
        return header;
    }

    /// <summary>The error of damaged data.</summary>
    public static ImageFormatException Damaged(string what) => new($"The lossy data of the WebP file {what}: it is damaged or truncated.");

    private void Read(ReadOnlyMemory<byte> partitions)
    {
        // Colour space and clamping: both change nothing for decoders.
        _ = Modes.TakeNumber(2);
        int[] segmentQuantizers = new int[4];
        int[] segmentFilters = new int[4];
        bool absolute = true;
        bool segmented = Modes.TakeFlag();
        if (segmented)
            absolute = ReadSegments(segmentQuantizers, segmentFilters);
        ReadFilter(segmented, absolute, segmentFilters);
        ReadPartitions(partitions);
        ReadQuantizers(segmented, absolute, segmentQuantizers);
        _ = Modes.TakeFlag();
        ReadOnlySpan<byte> updates = Vp8Tables.CoefficientUpdates;
        for (int i = 0; i < Coefficients.Length; i++)
        {
            if (Modes.Take(updates[i]))
                Coefficients[i] = (byte)Modes.TakeNumber(8);
        }

        if (Modes.TakeFlag())
            SkipProbability = Modes.TakeNumber(8);
    }

    private bool ReadSegments(int[] quantizers, int[] filters)
    {
        bool absolute = true;
        HasSegmentMap = Modes.TakeFlag();
        if (Modes.TakeFlag())
        {
            absolute = Modes.TakeFlag();
            for (int i = 0; i < 4; i++)
                quantizers[i] = Modes.TakeOptional(7);
            for (int i = 0; i < 4; i++)
                filters[i] = Modes.TakeOptional(6);
        }

        for (int i = 0; HasSegmentMap && i < 3; i++)
            SegmentProbabilities[i] = Modes.TakeFlag() ? Modes.TakeNumber(8) : 255;
        return absolute;
    }

    private void ReadFilter(bool segmented, bool absolute, int[] segmentFilters)
    {
        SimpleFilter = Modes.TakeFlag();
        int level = Modes.TakeNumber(6);
        int sharpness = Modes.TakeNumber(3);
        IsFiltered = level > 0;
        int intraDelta = 0;
        int blockDelta = 0;
        bool hasDeltas = Modes.TakeFlag();
        if (hasDeltas && Modes.TakeFlag())
        {
            for (int i = 0; i < 8; i++)
            {
                int delta = Modes.TakeOptional(6);
                intraDelta = i == 0 ? delta : intraDelta;
                blockDelta = i == 4 ? delta : blockDelta;
            }
        }

        for (int i = 0; i < 8; i++)
        {
            int strength = !segmented ? level : segmentFilters[i >> 1] + (absolute ? 0 : level);
            if (hasDeltas)
                strength += intraDelta + ((i & 1) != 0 ? blockDelta : 0);
            Filters[i] = Strength(Math.Clamp(strength, 0, 63), sharpness);
        }
    }

    private static Vp8FilterStrength Strength(int level, int sharpness)
    {
        if (level == 0)
            return default;
        int inner = level;
        if (sharpness > 0)
            inner = Math.Min(inner >> (sharpness > 4 ? 2 : 1), 9 - sharpness);
        inner = Math.Max(inner, 1);
        return new Vp8FilterStrength((2 * level) + inner, inner, level >= 40 ? 2 : level >= 15 ? 1 : 0);
    }

    private void ReadPartitions(ReadOnlyMemory<byte> data)
    {
        int count = 1 << Modes.TakeNumber(2);
        int sizes = 3 * (count - 1);
        if (data.Length < sizes)
            throw Damaged("ends inside its list of partitions");
        ReadOnlySpan<byte> lengths = data.Span;
        data = data[sizes..];
        Partitions = new Vp8BoolReader[count];
        for (int i = 0; i < count; i++)
        {
            int length = data.Length;
            if (i < count - 1)
                length = Math.Min(length, lengths[3 * i] | (lengths[(3 * i) + 1] << 8) | (lengths[(3 * i) + 2] << 16));
            Partitions[i] = new Vp8BoolReader(data[..length]);
            data = data[length..];
        }
    }

    private void ReadQuantizers(bool segmented, bool absolute, int[] segmentQuantizers)
    {
        int level = Modes.TakeNumber(7);
        int lumaDc = Modes.TakeOptional(4);
        int secondDc = Modes.TakeOptional(4);
        int secondAc = Modes.TakeOptional(4);
        int chromaDc = Modes.TakeOptional(4);
        int chromaAc = Modes.TakeOptional(4);
        for (int i = 0; i < 4; i++)
        {
            int q = !segmented ? level : segmentQuantizers[i] + (absolute ? 0 : level);
            Quantizers[i] = new Vp8Quantizer(
                Dc(q + lumaDc, 127), Ac(q), 2 * Dc(q + secondDc, 127), Math.Max(Ac(q + secondAc) * 155 / 100, 8), Dc(q + chromaDc, 117), Ac(q + chromaAc));
        }

        static int Dc(int index, int largest) => Vp8Tables.DcSteps[Math.Clamp(index, 0, largest)];
        static int Ac(int index) => Vp8Tables.AcSteps[Math.Clamp(index, 0, 127)];
    }
}
