namespace PaliSharp.Imaging.Drawing;

/// <summary>A box to draw, with what to write on it. Parts outside of the picture are left out.</summary>
/// <param name="Left">The left edge in pixels.</param>
/// <param name="Top">The upper edge in pixels.</param>
/// <param name="Right">The right edge in pixels, exclusive.</param>
/// <param name="Bottom">The lower edge in pixels, exclusive.</param>
public sealed record BoxAnnotation(double Left, double Top, double Right, double Bottom)
{
    /// <summary>What it is, such as "cat"; null for nothing.</summary>
    public string? Label { get; init; }

    /// <summary>How sure that is, written with two decimals behind the label; null for nothing.</summary>
    public double? Score { get; init; }

    /// <summary>The index into <see cref="Palette"/>; null to give each label its own colour, in order of appearance.</summary>
    public int? ColorIndex { get; init; }

    /// <summary>The colour, if it shall not come from <see cref="Palette"/>.</summary>
    public Color? Color { get; init; }
}

/// <summary>A mask to draw, with what to write on it. Parts outside of the picture are left out.</summary>
/// <param name="Left">The column of the picture at which the mask begins; may be negative.</param>
/// <param name="Top">The row of the picture at which the mask begins; may be negative.</param>
/// <param name="Width">The columns of the mask, at least 1.</param>
/// <param name="Height">The rows of the mask, at least 1.</param>
/// <param name="Coverage">Height × width levels, row after row: 0 outside, 255 inside; levels between make soft edges.</param>
public sealed record MaskAnnotation(int Left, int Top, int Width, int Height, ReadOnlyMemory<byte> Coverage)
{
    /// <summary>What it is, such as "cat"; null for nothing.</summary>
    public string? Label { get; init; }

    /// <summary>How sure that is, written with two decimals behind the label; null for nothing.</summary>
    public double? Score { get; init; }

    /// <summary>The index into <see cref="Palette"/>; null to give each label its own colour, in order of appearance.</summary>
    public int? ColorIndex { get; init; }

    /// <summary>The colour, if it shall not come from <see cref="Palette"/>.</summary>
    public Color? Color { get; init; }
}

/// <summary>An entry of a legend.</summary>
/// <param name="Text">What the colour stands for.</param>
/// <param name="Color">The colour.</param>
public sealed record LegendEntry(string Text, Color Color)
{
    /// <summary>An entry with a colour of the palette.</summary>
    /// <param name="text">What the colour stands for.</param>
    /// <param name="colorIndex">The index into <see cref="Palette"/>.</param>
    public LegendEntry(string text, int colorIndex)
        : this(text, Palette.Get(colorIndex))
    {
    }
}

/// <summary>The corner of the picture that holds the legend.</summary>
public enum LegendCorner
{
    /// <summary>Bottom right.</summary>
    BottomRight,

    /// <summary>Bottom left.</summary>
    BottomLeft,

    /// <summary>Top right.</summary>
    TopRight,

    /// <summary>Top left.</summary>
    TopLeft,
}
