namespace PaliSharp.Imaging.Codecs.Jpeg;

/// <summary>One component (colour channel) of a JPEG frame: its geometry, tables and, for several scans, its coefficients.</summary>
internal sealed class JpegComponent(int id, int horizontal, int vertical, int quantizerIndex)
{
    /// <summary>The number by which scans name the component.</summary>
    public int Id { get; } = id;

    /// <summary>The horizontal sampling factor, 1 to 4.</summary>
    public int H { get; } = horizontal;

    /// <summary>The vertical sampling factor, 1 to 4.</summary>
    public int V { get; } = vertical;

    /// <summary>The index of the quantiser table.</summary>
    public int QuantizerIndex { get; } = quantizerIndex;

    /// <summary>The quantiser in natural order, taken when the component's first scan starts; null before.</summary>
    public ushort[]? Quantizer { get; set; }

    /// <summary>The number of blocks that hold some of the picture, in each direction.</summary>
    public int WidthInBlocks { get; private set; }

    /// <inheritdoc cref="WidthInBlocks"/>
    public int HeightInBlocks { get; private set; }

    /// <summary>The number of blocks stored in a row: whole MCUs.</summary>
    public int PaddedWidthInBlocks { get; private set; }

    /// <summary>The number of stored block rows: whole MCUs.</summary>
    public int PaddedHeightInBlocks { get; private set; }

    /// <summary>The number of samples that belong to the picture, in each direction.</summary>
    public int Width { get; private set; }

    /// <inheritdoc cref="Width"/>
    public int Height { get; private set; }

    /// <summary>How many picture columns one sample covers; 0 when the factors do not divide.</summary>
    public int ExpandX { get; private set; }

    /// <summary>How many picture rows one sample covers; 0 when the factors do not divide.</summary>
    public int ExpandY { get; private set; }

    /// <summary>The coefficients of the whole picture, 64 a block in natural order; empty when blocks are not kept.</summary>
    public short[] Coefficients { get; set; } = [];

    /// <summary>For each coefficient in zigzag order the number of low bits not sent yet, or −1 when nothing was sent.</summary>
    public int[] MissingBits { get; } = NothingSent();

    /// <summary>The DC table of the current scan.</summary>
    public JpegHuffmanTable DcTable { get; set; } = JpegHuffmanTable.Empty;

    /// <summary>The AC table of the current scan.</summary>
    public JpegHuffmanTable AcTable { get; set; } = JpegHuffmanTable.Empty;

    /// <summary>The DC value of the previous block of the current scan.</summary>
    public int DcPrediction { get; set; }

    /// <summary>The samples of a side of a decoded block: 8, or 4, 2 or 1 when the picture is scaled down.</summary>
    public int BlockSide { get; private set; }

    /// <summary>Computes the geometry.</summary>
    /// <param name="width">The columns of the picture as stored.</param>
    /// <param name="height">The rows of the picture as stored.</param>
    /// <param name="maxH">The largest horizontal sampling factor.</param>
    /// <param name="maxV">The largest vertical sampling factor.</param>
    /// <param name="side">The side of blocks of components with these factors; other components take larger ones where that replaces upsampling.</param>
    public void Measure(int width, int height, int maxH, int maxV, int side)
    {
        BlockSide = side;
        while (BlockSide < 8 && maxH * side % (H * BlockSide * 2) == 0 && maxV * side % (V * BlockSide * 2) == 0)
            BlockSide *= 2;
        Width = DivideUp(width * H * BlockSide, maxH * 8);
        Height = DivideUp(height * V * BlockSide, maxV * 8);
        WidthInBlocks = DivideUp(width * H, maxH * 8);
        HeightInBlocks = DivideUp(height * V, maxV * 8);
        PaddedWidthInBlocks = DivideUp(width, maxH * 8) * H;
        PaddedHeightInBlocks = DivideUp(height, maxV * 8) * V;
        ExpandX = maxH * side % (H * BlockSide) == 0 ? maxH * side / (H * BlockSide) : 0;
        ExpandY = maxV * side % (V * BlockSide) == 0 ? maxV * side / (V * BlockSide) : 0;
    }

    /// <summary>The quotient rounded up.</summary>
    public static int DivideUp(int value, int divisor) => (value + divisor - 1) / divisor;

    private static int[] NothingSent()
    {
        int[] bits = new int[64];
        bits.AsSpan().Fill(-1);
        return bits;
    }
}
