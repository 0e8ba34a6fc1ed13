namespace PaliSharp.Imaging.Codecs.Jpeg;

/// <summary>The decoded samples of one component for three rows of MCUs: the one to be written and its neighbours, which upsampling needs.</summary>
internal sealed class JpegSamples
{
    private const int KeptRows = 3;

    private readonly byte[] _samples;
    private readonly int _rows;

    public JpegSamples(JpegComponent component)
    {
        Component = component;
        Stride = component.PaddedWidthInBlocks * component.BlockSide;
        _rows = component.V * component.BlockSide * KeptRows;
        _samples = new byte[Stride * _rows];
    }

    /// <summary>The component.</summary>
    public JpegComponent Component { get; }

    /// <summary>The distance between two rows.</summary>
    public int Stride { get; }

    /// <summary>The samples from the upper left corner of a block on.</summary>
    public Span<byte> Block(int x, int y)
    {
        int side = Component.BlockSide;
        return _samples.AsSpan((y * side % _rows * Stride) + (x * side));
    }

    /// <summary>A row of samples; rows outside of the picture are the nearest inside.</summary>
    public ReadOnlySpan<byte> Row(int y) => _samples.AsSpan(Math.Clamp(y, 0, Component.Height - 1) % _rows * Stride, Stride);
}
