namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>The samples of one component with the border that prediction needs: one row above, one column to the left, four to the right.</summary>
internal sealed class Vp8Plane
{
    private const byte AboveBorder = 127;
    private const byte LeftBorder = 129;

    public Vp8Plane(int width, int height)
    {
        Stride = width + 8;
        Samples = new byte[Stride * (height + 1)];
        Samples.AsSpan(0, Stride).Fill(AboveBorder);
        for (int y = 0; y < height; y++)
            Samples[At(-1, y)] = LeftBorder;
    }

    /// <summary>All samples with the border.</summary>
    public byte[] Samples { get; }

    /// <summary>The distance between two rows.</summary>
    public int Stride { get; }

    /// <summary>The index of a sample; −1 is the border.</summary>
    public int At(int x, int y) => ((y + 1) * Stride) + x + 4;
}
