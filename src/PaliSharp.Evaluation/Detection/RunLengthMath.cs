using PaliSharp.Segmentation;

namespace PaliSharp.Evaluation;

/// <summary>A box as COCO writes it.</summary>
/// <param name="X">The left edge in pixels.</param>
/// <param name="Y">The top edge.</param>
/// <param name="Width">The width.</param>
/// <param name="Height">The height.</param>
public readonly record struct CocoBox(double X, double Y, double Width, double Height)
{
    /// <summary>The area in square pixels.</summary>
    public double Area => Width * Height;

    /// <summary>
    /// The shared area divided by the area covered together or, for a crowd, by the area of this box: a box inside of a crowd fits it wholly.
    /// </summary>
    /// <param name="truth">The right box.</param>
    /// <param name="isCrowd">Whether the right box stands for many things.</param>
    public double Overlap(CocoBox truth, bool isCrowd = false)
    {
        double width = Math.Min(X + Width, truth.X + truth.Width) - Math.Max(X, truth.X);
        double height = Math.Min(Y + Height, truth.Y + truth.Height) - Math.Max(Y, truth.Y);
        if (width <= 0 || height <= 0)
            return 0;
        double shared = width * height;
        return shared / (isCrowd ? Area : Area + truth.Area - shared);
    }
}

/// <summary>Areas, boxes and combinations of run-length masks without unpacking them, and masks of polygons, as COCO's tools compute them.</summary>
public static class RunLengthMath
{
    /// <summary>The number of pixels inside.</summary>
    /// <param name="mask">The mask.</param>
    public static int Area(this RunLengths mask)
    {
        ArgumentNullException.ThrowIfNull(mask);
        int area = 0;
        for (int i = 1; i < mask.Counts.Count; i += 2)
            area += mask.Counts[i];
        return area;
    }

    /// <summary>The smallest box around the pixels inside; all zero if there are none.</summary>
    /// <param name="mask">The mask.</param>
    public static CocoBox Bounds(this RunLengths mask)
    {
        ArgumentNullException.ThrowIfNull(mask);
        int left = mask.Width;
        int top = mask.Height;
        int right = -1;
        int bottom = -1;
        int position = 0;
        for (int i = 0; i < mask.Counts.Count; i++)
        {
            int count = mask.Counts[i];
            if (i % 2 == 1 && count > 0)
            {
                int last = position + count - 1;
                bool isSeveralColumns = position / mask.Height != last / mask.Height;
                left = Math.Min(left, position / mask.Height);
                right = Math.Max(right, last / mask.Height);
                top = Math.Min(top, isSeveralColumns ? 0 : position % mask.Height);
                bottom = Math.Max(bottom, isSeveralColumns ? mask.Height - 1 : last % mask.Height);
            }

            position += count;
        }

        return right < 0 ? default : new CocoBox(left, top, right - left + 1, bottom - top + 1);
    }

    /// <summary>What is in any or in all of some masks.</summary>
    /// <param name="masks">The masks, of one size; at least one.</param>
    /// <param name="intersect">Whether a pixel must be in all of them.</param>
    /// <exception cref="ArgumentException">There is no mask, or they differ in size.</exception>
    public static RunLengths Merge(IReadOnlyList<RunLengths> masks, bool intersect)
    {
        ArgumentNullException.ThrowIfNull(masks);
        if (masks.Count == 0)
            throw new ArgumentException("There is no mask to merge.", nameof(masks));
        RunLengths merged = masks[0];
        foreach (RunLengths mask in masks.Skip(1))
        {
            CheckSize(merged, mask);
            merged = Merge(merged, mask, intersect);
        }

        return merged;
    }

    /// <summary>The shared pixels divided by those covered together or, for a crowd, by those of this mask.</summary>
    /// <param name="mask">The mask in question.</param>
    /// <param name="truth">The right mask.</param>
    /// <param name="isCrowd">Whether the right mask stands for many things.</param>
    /// <exception cref="ArgumentException">They differ in size.</exception>
    public static double Overlap(this RunLengths mask, RunLengths truth, bool isCrowd = false)
    {
        ArgumentNullException.ThrowIfNull(mask);
        ArgumentNullException.ThrowIfNull(truth);
        CheckSize(mask, truth);
        int shared = Merge(mask, truth, intersect: true).Area();
        if (shared == 0)
            return 0;
        int own = mask.Area();
        return (double)shared / (isCrowd ? own : own + truth.Area() - shared);
    }

    /// <summary>
    /// The mask of a polygon. The outline is followed on a grid five times as fine; a pixel is inside if its centre column enters the outline above it,
    /// which decides borders as COCO's annotations do.
    /// </summary>
    /// <param name="polygon">x and y of the corners in turn; at least three corners.</param>
    /// <param name="width">The mask's columns.</param>
    /// <param name="height">The mask's rows.</param>
    /// <exception cref="ArgumentException">There are fewer than three corners, an odd number of values, or one is not a number or far outside.</exception>
    public static RunLengths FromPolygon(ReadOnlySpan<double> polygon, int width, int height)
    {
        if (polygon.Length < 6 || polygon.Length % 2 != 0)
            throw new ArgumentException($"A polygon of {polygon.Length} values was given; x and y of at least three corners are needed.", nameof(polygon));
        foreach (double value in polygon)
        {
            if (!(Math.Abs(value) <= PolygonOutline.MaximumCoordinate))
                throw new ArgumentException($"A polygon has the coordinate {value}; at most {PolygonOutline.MaximumCoordinate} from 0 is possible.", nameof(polygon));
        }

        return RunLengths.FromCounts(width, height, PolygonOutline.ToCounts(polygon, width, height));
    }

    /// <summary>The mask of a box.</summary>
    /// <param name="box">The box.</param>
    /// <param name="width">The mask's columns.</param>
    /// <param name="height">The mask's rows.</param>
    public static RunLengths FromBox(CocoBox box, int width, int height) => FromPolygon(
        [box.X, box.Y, box.X, box.Y + box.Height, box.X + box.Width, box.Y + box.Height, box.X + box.Width, box.Y], width, height);

    private static RunLengths Merge(RunLengths first, RunLengths second, bool intersect)
    {
        var counts = new List<int>();
        int i = 0;
        int j = 0;
        int leftFirst = first.Counts[0];
        int leftSecond = second.Counts[0];
        bool isInside = false;
        int run = 0;
        long remaining = (long)first.Width * first.Height;
        while (remaining > 0)
        {
            while (leftFirst == 0)
                leftFirst = first.Counts[++i];
            while (leftSecond == 0)
                leftSecond = second.Counts[++j];
            int step = Math.Min(leftFirst, leftSecond);
            bool isNow = intersect ? (i & j & 1) == 1 : ((i | j) & 1) == 1;
            if (isNow != isInside)
            {
                counts.Add(run);
                (run, isInside) = (0, isNow);
            }

            run += step;
            leftFirst -= step;
            leftSecond -= step;
            remaining -= step;
        }

        counts.Add(run);
        return RunLengths.FromCounts(first.Width, first.Height, counts);
    }

    private static void CheckSize(RunLengths first, RunLengths second)
    {
        if (first.Width != second.Width || first.Height != second.Height)
            throw new ArgumentException($"Masks of {first.Width}x{first.Height} and {second.Width}x{second.Height} pixels cannot be compared.", nameof(second));
    }
}
