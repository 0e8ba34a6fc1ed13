using System.Collections;

namespace PaliSharp.Segmentation;

/// <summary>A corner between pixels.</summary>
/// <param name="X">Pixels from the left edge of the picture.</param>
/// <param name="Y">Pixels from its top.</param>
public readonly record struct GridPoint(int X, int Y);

/// <summary>
/// One closed border of a mask, along the edges of its pixels. The borders of a mask together describe it exactly: what lies inside an odd
/// number of them is inside the mask.
/// </summary>
/// <param name="Points">The corners, the last joined to the first: clockwise around a part of the mask, counter-clockwise around a hole.</param>
/// <param name="IsHole">Whether it surrounds a hole.</param>
public sealed record MaskContour(IReadOnlyList<GridPoint> Points, bool IsHole)
{
    /// <summary>The enclosed area in pixels, holes within not subtracted.</summary>
    public long Area => Math.Abs(SignedArea(Points));

    /// <summary>The coordinates as COCO's polygons list them: x, y, x, y, …</summary>
    public int[] ToCoordinates() => [.. Points.SelectMany(point => (int[])[point.X, point.Y])];

    /// <summary>Follows every border of a mask. Pixels that touch at a corner only belong to different parts.</summary>
    /// <param name="mask">The mask.</param>
    /// <returns>The borders, in the order in which their first edge occurs, row after row. They are as long together as the mask's edges.</returns>
    public static IReadOnlyList<MaskContour> Trace(Mask mask)
    {
        ArgumentNullException.ThrowIfNull(mask);
        var contours = new List<MaskContour>();
        var seen = new BitArray(mask.Width * mask.Height);
        for (int y = 0; y < mask.Height; y++)
        {
            for (int x = 0; x < mask.Width; x++)
            {
                // Every border has an edge along the top of an inside pixel, followed to the right.
                if (mask.IsInside(x, y) && !mask.IsInside(x, y - 1) && !seen[(y * mask.Width) + x])
                    contours.Add(Follow(mask, new GridPoint(x, y), seen));
            }
        }

        return contours;
    }

    private static MaskContour Follow(Mask mask, GridPoint start, BitArray seen)
    {
        var points = new List<GridPoint>();
        GridPoint at = start;
        (int dx, int dy) = (1, 0);
        do
        {
            if (dx == 1)
                seen[(at.Y * mask.Width) + at.X] = true;
            at = new GridPoint(at.X + dx, at.Y + dy);

            // The mask lies on the right hand. A pixel ahead on the right that is outside means a turn to the right; else one ahead on the
            // left that is inside means a turn to the left.
            (int rightX, int rightY) = (at.X + ((dx - dy - 1) / 2), at.Y + ((dx + dy - 1) / 2));
            (int leftX, int leftY) = (at.X + ((dx + dy - 1) / 2), at.Y + ((dy - dx - 1) / 2));
            if (!mask.IsInside(rightX, rightY))
            {
                points.Add(at);
                (dx, dy) = (-dy, dx);
            }
            else if (mask.IsInside(leftX, leftY))
            {
                points.Add(at);
                (dx, dy) = (dy, -dx);
            }
        }
        while (at != start || dx != 1);

        return new MaskContour(points, SignedArea(points) < 0);
    }

    // Positive for clockwise, as y points down.
    private static long SignedArea(IReadOnlyList<GridPoint> points)
    {
        long doubled = 0;
        for (int i = 0; i < points.Count; i++)
        {
            GridPoint next = points[(i + 1) % points.Count];
            doubled += ((long)points[i].X * next.Y) - ((long)next.X * points[i].Y);
        }

        return doubled / 2;
    }
}
