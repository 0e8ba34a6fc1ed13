using PaliSharp.Imaging.Text;

namespace PaliSharp.Imaging.Drawing;

/// <summary>The sizes of a style for one picture.</summary>
internal sealed class DrawingScale
{
    private const float SmallestText = 7;

    /// <summary>Computes the sizes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A size of the style is out of its range.</exception>
    public DrawingScale(DrawingStyle style, int width, int height)
    {
        if (style.LineWidth is < 1 or > 1000)
            throw new ArgumentOutOfRangeException(nameof(style), style.LineWidth, "Lines are 1 to 1000 pixels wide.");
        if (style.TextSize is not (null or (>= 4 and <= 4000)))
            throw new ArgumentOutOfRangeException(nameof(style), style.TextSize, "Text has 4 to 4000 pixels an em.");
        if (style.MaskOpacity is not (>= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(style), style.MaskOpacity, "The opacity of masks is 0 to 1.");

        // In proportion to the picture, for large ones are scaled down to be looked at; but never too small to read.
        double side = Math.Sqrt((double)width * height);
        Line = style.LineWidth ?? Math.Max(1, (int)Math.Round(0.8 + (side * 0.003)));
        TextSize = style.TextSize ?? (float)(7 + (side * 0.015));
        Edge = Math.Max(1, (int)Math.Round(Line / 4.0));
        Font = style.Font ?? Font.Default;
    }

    /// <summary>The width of lines.</summary>
    public int Line { get; }

    /// <summary>The width of the dark edge that keeps lines visible on any background.</summary>
    public int Edge { get; }

    /// <summary>The pixels of an em.</summary>
    public float TextSize { get; }

    /// <summary>The smallest text that labels shrink to where they would not fit.</summary>
    public float LeastTextSize => Math.Min(TextSize, Math.Max(SmallestText, TextSize * 0.7f));

    /// <summary>The font.</summary>
    public Font Font { get; }
}
