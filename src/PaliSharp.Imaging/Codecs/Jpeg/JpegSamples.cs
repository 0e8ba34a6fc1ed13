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
        Stride = component.PaddedWidthInBlocks * 8;
        _rows = component.V * 8 * KeptRows;
        _samples = new byte[Stride * _rows];
    }

    /// <summary>The component.</summary>
    public JpegComponent Component { get; }

    /// <summary>The distance between two rows.</summary>
    public int Stride { get; }

    /// <summary>The samples from the upper left corner of a block on.</summary>
    public Span<byte> Block(int x, int y) => _samples.AsSpan((y * 8 % _rows * Stride) + (x * 8));

    /// <summary>A row of samples; rows outside of the picture are the nearest inside.</summary>
    public ReadOnlySpan<byte> Row(int y) => _samples.AsSpan(Math.Clamp(y, 0, Component.Height - 1) % _rows * Stride, Stride);
}
