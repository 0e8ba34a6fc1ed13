namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>
/// Some rows of one component, with the border that prediction needs: one row above, one column to the left, four to the right.
/// The rows move down over the picture.
/// </summary>
internal sealed class Vp8Plane
{
    private const byte AboveBorder = 127;
    private const byte LeftBorder = 129;

    private int _first;

    /// <summary>Makes a plane.</summary>
    /// <param name="width">The columns.</param>
    /// <param name="rows">The rows kept.</param>
    public Vp8Plane(int width, int rows)
    {
        Stride = width + 8;
        Samples = new byte[Stride * (rows + 1)];
        Samples.AsSpan(0, Stride).Fill(AboveBorder);
        for (int y = 0; y < rows; y++)
            Samples[At(-1, y)] = LeftBorder;
    }

    /// <summary>The rows kept, with the border.</summary>
    public byte[] Samples { get; }

    /// <summary>The distance between two rows.</summary>
    public int Stride { get; }

    /// <summary>The index of a sample; −1 is the border.</summary>
    public int At(int x, int y) => ((y - _first + 1) * Stride) + x + 4;

    /// <summary>Drops the first rows to make room for as many new ones. The last dropped row stays as the row above.</summary>
    public void Advance(int rows)
    {
        Samples.AsSpan(rows * Stride).CopyTo(Samples);
        _first += rows;
    }
}
