using System.Buffers.Binary;

namespace PaliSharp.Imaging.Codecs.Jpeg;

/// <summary>Walks over the segments of a JPEG file and keeps the tables in force.</summary>
internal sealed class JpegFile(ReadOnlyMemory<byte> file)
{
    private readonly ushort[]?[] _quantizers = new ushort[4][];
    private readonly JpegHuffmanTable?[] _dcTables = new JpegHuffmanTable[4];
    private readonly JpegHuffmanTable?[] _acTables = new JpegHuffmanTable[4];
    private JpegFrame? _frame;
    private int _restartInterval;

    /// <summary>What the application segments said so far.</summary>
    public JpegMetadataReader Metadata { get; } = new();

    /// <summary>The whole file.</summary>
    public ReadOnlyMemory<byte> Data { get; } = file;

    /// <summary>Where the next segment, or the entropy-coded data of the scan just found, starts.</summary>
    public int Position { get; set; } = 2;

    /// <summary>Whether the end-of-image marker was reached.</summary>
    public bool Ended { get; private set; }

    /// <summary>The frame.</summary>
    /// <exception cref="ImageFormatException">There is none.</exception>
    public JpegFrame Frame =>
        _frame ?? throw new ImageFormatException("The JPEG file has no frame header (SOF) before its end: it is truncated or damaged.");

    /// <summary>Reads segments up to the next scan.</summary>
    /// <returns>The scan, or null at the end of the picture or of the file.</returns>
    /// <exception cref="ImageFormatException">A segment is damaged.</exception>
    public JpegScan? NextScan()
    {
        while (true)
        {
            int marker = NextMarker();
            if (marker < 0)
                return null;
            switch (marker)
            {
                case 0xD9:
                    Ended = true;
                    return null;
                case 0x01 or (>= 0xD0 and <= 0xD7):
                    continue;
                case 0xD8:
                    throw new ImageFormatException("The JPEG file has a second start-of-image marker inside the picture: it is damaged.");
            }

            ReadOnlyMemory<byte> segment = ReadSegment(marker);
            switch (marker)
            {
                case 0xC4:
                    ReadHuffmanTables(segment.Span);
                    break;
                case 0xDB:
                    ReadQuantizers(segment.Span);
                    break;
                case 0xDD:
                    if (segment.Length != 2)
                    {
                        throw new ImageFormatException(
                            $"The restart interval segment of the JPEG file has {segment.Length} bytes; it needs 2.");
                    }

                    _restartInterval = BinaryPrimitives.ReadUInt16BigEndian(segment.Span);
                    break;
                case 0xDA:
                    return ReadScan(segment.Span);
                case (>= 0xC0 and <= 0xCF) and not (0xC8 or 0xCC):
                    if (_frame is not null)
                        throw new ImageFormatException("The JPEG file has two frame headers (SOF).");
                    _frame = JpegFrame.Parse(marker, segment.Span);
                    break;
                default:
                    if (marker is >= 0xE0 and <= 0xEF)
                        Metadata.Add(marker, segment);
                    break;
            }
        }
    }

    /// <summary>Finds the next marker and moves behind it. Bytes in between are skipped, as other readers do.</summary>
    private int NextMarker()
    {
        ReadOnlySpan<byte> data = Data.Span;
        while (Position < data.Length)
        {
            int found = data[Position..].IndexOf((byte)0xFF);
            if (found < 0)
                break;
            Position += found;
            while (Position < data.Length && data[Position] == 0xFF)
                Position++;
            if (Position < data.Length && data[Position++] is not 0 and byte marker)
                return marker;
        }

        Position = data.Length;
        return -1;
    }

    private ReadOnlyMemory<byte> ReadSegment(int marker)
    {
        ReadOnlyMemory<byte> rest = Data[Position..];
        if (rest.Length < 2)
            throw new ImageFormatException($"The JPEG file ends inside the segment FF{marker:X2}: it is truncated.");
        int length = BinaryPrimitives.ReadUInt16BigEndian(rest.Span);
        if (length < 2)
            throw new ImageFormatException($"The segment FF{marker:X2} of the JPEG file has length {length}; it must be at least 2.");
        if (length > rest.Length)
        {
            throw new ImageFormatException(
                $"The segment FF{marker:X2} of the JPEG file needs {length} bytes but {rest.Length} are left: it is truncated.");
        }

        Position += length;
        return rest[2..length];
    }

    private void ReadQuantizers(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            int precision = data[0] >> 4;
            int index = data[0] & 15;
            int size = precision == 0 ? 64 : 128;
            if (precision > 1 || index > 3 || data.Length < 1 + size)
            {
                throw new ImageFormatException(
                    $"A quantiser table of the JPEG file is damaged (table {index}, precision {precision}, {data.Length - 1} bytes of {size}).");
            }

            ushort[] table = new ushort[64];
            for (int i = 0; i < 64; i++)
                table[JpegZigzag.Natural[i]] = precision == 0 ? data[1 + i] : BinaryPrimitives.ReadUInt16BigEndian(data[(1 + (2 * i))..]);
            _quantizers[index] = table;
            data = data[(1 + size)..];
        }
    }

    private void ReadHuffmanTables(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            if (data.Length < 17)
            {
                throw new ImageFormatException(
                    $"A Huffman table segment of the JPEG file ends after {data.Length} bytes of a table; 17 are needed at least.");
            }

            bool isDc = data[0] >> 4 == 0;
            int index = data[0] & 15;
            ReadOnlySpan<byte> counts = data.Slice(1, 16);
            int total = 0;
            foreach (byte count in counts)
                total += count;
            if (data[0] >> 4 > 1 || index > 3 || total > 256 || data.Length < 17 + total)
            {
                throw new ImageFormatException(
                    $"A Huffman table of the JPEG file is damaged (class and index {data[0]:X2}, {total} symbols).");
            }

            ReadOnlySpan<byte> symbols = data.Slice(17, total);
            (isDc ? _dcTables : _acTables)[index] = JpegHuffmanTable.Create(counts, symbols, isDc);
            data = data[(17 + total)..];
        }
    }

    private JpegScan ReadScan(ReadOnlySpan<byte> data)
    {
        JpegFrame frame = Frame;
        int count = data.Length > 0 ? data[0] : 0;
        if (count is < 1 or > 4 || data.Length != 4 + (2 * count))
        {
            throw new ImageFormatException(
                $"A scan header of the JPEG file has {data.Length} bytes for {count} components; 1 to 4 components need 4 + 2 each.");
        }

        ReadOnlySpan<byte> parameters = data[(1 + (2 * count))..];
        var components = new JpegComponent[count];
        var scan = new JpegScan(components, parameters[0], parameters[1], parameters[2] >> 4, parameters[2] & 15, _restartInterval);
        int blocks = 0;
        for (int i = 0; i < count; i++)
        {
            int id = data[1 + (2 * i)];
            int tables = data[2 + (2 * i)];
            JpegComponent component = Array.Find(frame.Components, c => c.Id == id)
                ?? throw new ImageFormatException($"A scan of the JPEG file names component {id}, which the frame does not have.");
            if (Array.IndexOf(components, component) >= 0)
                throw new ImageFormatException($"A scan of the JPEG file names component {id} twice.");
            components[i] = component;
            blocks += component.H * component.V;
            component.Quantizer ??= _quantizers[component.QuantizerIndex]
                ?? throw new ImageFormatException($"The JPEG file uses quantiser table {component.QuantizerIndex}, which it does not define.");
            component.DcPrediction = 0;
            SelectTables(frame, scan, component, tables >> 4, tables & 15);
        }

        if (count > 1 && blocks > 10)
            throw new ImageFormatException($"A scan of the JPEG file has {blocks} blocks in an MCU; at most 10 are allowed.");
        if (frame.Progressive)
            scan.CheckProgression();
        return scan;
    }

    private void SelectTables(JpegFrame frame, JpegScan scan, JpegComponent component, int dc, int ac)
    {
        bool needsDc = !frame.Progressive || (scan.First == 0 && scan.High == 0);
        bool needsAc = !frame.Progressive || scan.First != 0;
        if (needsDc)
            component.DcTable = Table(_dcTables, dc) ?? (IsStandard(frame, dc) ? JpegStandardTables.Dc(dc) : throw Undefined("DC", dc));
        if (needsAc)
            component.AcTable = Table(_acTables, ac) ?? (IsStandard(frame, ac) ? JpegStandardTables.Ac(ac) : throw Undefined("AC", ac));

        static JpegHuffmanTable? Table(JpegHuffmanTable?[] tables, int index) => index < tables.Length ? tables[index] : null;
        static bool IsStandard(JpegFrame frame, int index) => !frame.Progressive && index < 2;
        static ImageFormatException Undefined(string kind, int index) =>
            new($"The JPEG file uses {kind} Huffman table {index}, which it does not define.");
    }
}
