namespace PaliSharp.Imaging.Codecs.Jpeg;

/// <summary>The content of the start-of-frame segment.</summary>
internal sealed class JpegFrame
{
    private JpegFrame(bool progressive, int width, int height, JpegComponent[] components)
    {
        Progressive = progressive;
        Width = width;
        Height = height;
        Components = components;
        MaxH = components.Max(c => c.H);
        MaxV = components.Max(c => c.V);
        Scale(8);
        McuColumns = JpegComponent.DivideUp(width, MaxH * 8);
        McuRows = JpegComponent.DivideUp(height, MaxV * 8);
    }

    /// <summary>Whether coefficients come in several scans of bands and bits.</summary>
    public bool Progressive { get; }

    /// <summary>The side of decoded blocks of the components with the largest factors: 8, or less when the picture is scaled down.</summary>
    public int BlockSide { get; private set; }

    /// <summary>The number of columns after scaling.</summary>
    public int OutputWidth => JpegComponent.DivideUp(Width * BlockSide, 8);

    /// <summary>The number of rows after scaling.</summary>
    public int OutputHeight => JpegComponent.DivideUp(Height * BlockSide, 8);

    /// <summary>The number of columns.</summary>
    public int Width { get; }

    /// <summary>The number of rows.</summary>
    public int Height { get; }

    /// <summary>The components: 1 (grey), 3 or 4.</summary>
    public JpegComponent[] Components { get; }

    /// <summary>The largest sampling factors.</summary>
    public int MaxH { get; }

    /// <inheritdoc cref="MaxH"/>
    public int MaxV { get; }

    /// <summary>The number of MCUs of an interleaved scan, in each direction.</summary>
    public int McuColumns { get; }

    /// <inheritdoc cref="McuColumns"/>
    public int McuRows { get; }

    /// <summary>Chooses the side of decoded blocks.</summary>
    /// <param name="side">8, 4, 2 or 1.</param>
    public void Scale(int side)
    {
        BlockSide = side;
        foreach (JpegComponent component in Components)
            component.Measure(Width, Height, MaxH, MaxV, side);
    }

    /// <summary>Parses the segment.</summary>
    /// <param name="marker">The second byte of the marker: 0xC0 to 0xCF.</param>
    /// <param name="data">The content after the length.</param>
    /// <exception cref="ImageFormatException">The process is not supported or a field is invalid.</exception>
    public static JpegFrame Parse(int marker, ReadOnlySpan<byte> data)
    {
        if (marker is not (0xC0 or 0xC1 or 0xC2))
        {
            string process = marker switch
            {
                0xC3 => "lossless",
                0xC5 or 0xC6 or 0xC7 => "hierarchical",
                0xC9 or 0xCA => "arithmetic-coded",
                _ => "hierarchical or lossless arithmetic-coded",
            };
            throw new ImageFormatException(
                $"The JPEG file is {process} (SOF{marker - 0xC0}), which is not supported. Convert it to baseline or progressive JPEG, or to PNG.");
        }

        if (data.Length < 6)
            throw new ImageFormatException($"The frame header of the JPEG file has {data.Length} bytes; it needs at least 6.");
        int precision = data[0];
        int height = (data[1] << 8) | data[2];
        int width = (data[3] << 8) | data[4];
        int count = data[5];
        if (precision != 8)
            throw new ImageFormatException($"The JPEG file has {precision} bits a sample; only 8 are supported. Convert it to 8 bits.");
        if (width == 0 || height == 0)
            throw new ImageFormatException($"The JPEG file declares {width}x{height} pixels; both sides must be at least 1.");
        if (count is not (1 or 3 or 4))
            throw new ImageFormatException($"The JPEG file has {count} components; 1, 3 or 4 are supported.");
        if (data.Length != 6 + (3 * count))
        {
            throw new ImageFormatException(
                $"The frame header of the JPEG file has {data.Length} bytes; {count} components need {6 + (3 * count)}.");
        }

        var components = new JpegComponent[count];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = data.Slice(6 + (3 * i), 3);
            int h = entry[1] >> 4;
            int v = entry[1] & 15;
            if (h is < 1 or > 4 || v is < 1 or > 4)
                throw new ImageFormatException($"Component {i} of the JPEG file has sampling factors {h}x{v}; each must be 1 to 4.");
            if (entry[2] > 3)
                throw new ImageFormatException($"Component {i} of the JPEG file uses quantiser table {entry[2]}; there are tables 0 to 3.");
            if (HasId(components.AsSpan(0, i), entry[0]))
                throw new ImageFormatException($"Two components of the JPEG file have the number {entry[0]}.");
            components[i] = new JpegComponent(entry[0], h, v, entry[2]);
        }

        return new JpegFrame(marker == 0xC2, width, height, components);
    }

    private static bool HasId(ReadOnlySpan<JpegComponent> components, int id)
    {
        foreach (JpegComponent component in components)
        {
            if (component.Id == id)
                return true;
        }

        return false;
    }
}
