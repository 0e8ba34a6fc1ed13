namespace PaliSharp.Imaging.Text;

/// <summary>A point of an outline, in font units, y upwards.</summary>
/// <param name="X">To the right.</param>
/// <param name="Y">Upwards.</param>
/// <param name="OnCurve">Whether the outline passes through the point; else it is the control point of a quadratic curve.</param>
internal readonly record struct OutlinePoint(float X, float Y, bool OnCurve);

/// <summary>The closed contours of a glyph.</summary>
internal sealed class GlyphOutline
{
    /// <summary>The contours, each a closed ring of points.</summary>
    public List<OutlinePoint[]> Contours { get; } = [];

    /// <summary>Adds the contours of another outline under a linear map and a shift.</summary>
    public void Add(GlyphOutline other, float xx, float xy, float yx, float yy, float dx, float dy)
    {
        foreach (OutlinePoint[] contour in other.Contours)
            Contours.Add(Array.ConvertAll(contour, p => new OutlinePoint((p.X * xx) + (p.Y * yx) + dx, (p.X * xy) + (p.Y * yy) + dy, p.OnCurve)));
    }
}
