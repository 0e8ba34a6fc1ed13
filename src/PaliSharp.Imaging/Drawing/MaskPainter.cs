namespace PaliSharp.Imaging.Drawing;

/// <summary>Fills masks and draws the lines around them.</summary>
internal static class MaskPainter
{
    /// <summary>Blends a colour over the pixels of a mask.</summary>
    public static void Fill(Canvas canvas, MaskAnnotation mask, Color color, float opacity)
    {
        Area visible = Placed(mask).Intersect(canvas.Bounds);
        ReadOnlySpan<byte> levels = mask.Coverage.Span;
        for (int y = visible.Top; y < visible.Bottom; y++)
        {
            int at = ((y - mask.Top) * mask.Width) - mask.Left;
            for (int x = visible.Left; x < visible.Right; x++)
            {
                if (levels[at + x] != 0)
                    canvas.Blend(x, y, color, opacity * levels[at + x] / 255);
            }
        }
    }

    /// <summary>Draws a smooth line along the edge of a mask.</summary>
    public static void Outline(Canvas canvas, MaskAnnotation mask, Color color, float width)
    {
        if (Covered(mask) is not { } covered)
            return;
        MaskContour contour = MaskContour.Trace(mask.Coverage.Span, mask.Width, covered);
        Area around = Area.Sized(mask.Left + covered.Left, mask.Top + covered.Top, covered.Width, covered.Height).Grow((int)Math.Ceiling(width) + 2);
        canvas.Draw(around, color, 1, target =>
        {
            foreach ((float x0, float y0, float x1, float y1) in contour.Segments)
                target.Stroke(mask.Left + x0, mask.Top + y0, mask.Left + x1, mask.Top + y1, width);
        });
    }

    /// <summary>The smallest rectangle of the picture that holds the mask; null when nothing of it lies in the picture.</summary>
    public static Area? Bounds(Canvas canvas, MaskAnnotation mask)
    {
        if (Covered(mask) is not { } covered)
            return null;
        Area visible = new Area(mask.Left + covered.Left, mask.Top + covered.Top, mask.Left + covered.Right, mask.Top + covered.Bottom).Intersect(canvas.Bounds);
        return visible.IsEmpty ? null : visible;
    }

    private static Area Placed(MaskAnnotation mask) => Area.Sized(mask.Left, mask.Top, mask.Width, mask.Height);

    /// <summary>The rectangle of the levels above the middle, in the mask.</summary>
    private static Area? Covered(MaskAnnotation mask)
    {
        Area? found = null;
        ReadOnlySpan<byte> levels = mask.Coverage.Span;
        for (int y = 0; y < mask.Height; y++)
        {
            ReadOnlySpan<byte> row = levels.Slice(y * mask.Width, mask.Width);
            int first = row.IndexOfAnyInRange((byte)128, (byte)255);
            if (first < 0)
                continue;
            int end = row.LastIndexOfAnyInRange((byte)128, (byte)255) + 1;
            found = found is { } area
                ? new Area(Math.Min(area.Left, first), area.Top, Math.Max(area.Right, end), y + 1)
                : new Area(first, y, end, y + 1);
        }

        return found;
    }
}
