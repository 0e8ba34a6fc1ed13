using PaliSharp.Imaging.Text;

namespace PaliSharp.Imaging.Drawing;

/// <summary>How results are drawn. What is not given is chosen to fit the picture.</summary>
public sealed record DrawingStyle
{
    /// <summary>The style that is used when none is given.</summary>
    public static DrawingStyle Default { get; } = new();

    /// <summary>The width of lines in pixels, at least 1; null to fit the picture: 1 at 112 pixels a side, 13 at 4000.</summary>
    public int? LineWidth { get; init; }

    /// <summary>The size of text in pixels an em, at least 4; null to fit the picture: 9 at 112 pixels a side, 67 at 4000.</summary>
    public float? TextSize { get; init; }

    /// <summary>How much a mask hides of the picture, 0 to 1.</summary>
    public float MaskOpacity { get; init; } = 0.45f;

    /// <summary>Whether masks get a line around them.</summary>
    public bool DrawContours { get; init; } = true;

    /// <summary>Whether labels and scores are written.</summary>
    public bool DrawLabels { get; init; } = true;

    /// <summary>The font of labels and legend; null for <see cref="Font.Default"/>.</summary>
    public Font? Font { get; init; }
}
