namespace PaliSharp.Imaging.Drawing;

/// <summary>Finds places for labels: inside the picture, near their boxes, beside each other and off small objects where that is possible.</summary>
/// <param name="picture">All of the picture.</param>
/// <param name="boxes">All the boxes that are drawn.</param>
/// <param name="line">The width of the boxes' lines, which labels overlap so that they look attached.</param>
internal sealed class LabelPlacer(Area picture, IReadOnlyList<Area> boxes, int line)
{
    // Bounds the time for crowded pictures.
    private const int MaxSearches = 200;
    private const int MaxRings = 12;

    private readonly List<Area> _placed = [];
    private int _searches;

    /// <summary>Chooses the place of the next label. Those placed before have precedence.</summary>
    /// <param name="box">The box that is labelled.</param>
    /// <param name="width">The width of the label, at most the picture's.</param>
    /// <param name="height">The height of the label, at most the picture's.</param>
    public Area Place(Area box, int width, int height)
    {
        Area best = default;
        double bestCost = double.PositiveInfinity;
        long bestOverlap = long.MaxValue;
        int order = 0;
        foreach (Area candidate in Candidates(box, width, height))
        {
            long overlap = OverlapWithLabels(candidate);
            double cost = order++ + (100.0 * overlap / candidate.Pixels) + Hidden(candidate, box);
            if (cost >= bestCost)
                continue;
            best = candidate;
            bestCost = cost;
            bestOverlap = overlap;
        }

        if (bestOverlap > 0 && _searches++ < MaxSearches)
            best = Search(box, width, height) ?? best;
        _placed.Add(best);
        return best;
    }

    /// <summary>The usual places, the best first. The last one always lies in the picture.</summary>
    private IEnumerable<Area> Candidates(Area box, int width, int height)
    {
        int left = Math.Clamp(box.Left, 0, picture.Right - width);
        int right = Math.Clamp(box.Right - width, 0, picture.Right - width);
        int above = box.Top + line - height;
        int below = box.Bottom - line;
        bool fitsAbove = above >= 0;
        bool fitsBelow = below + height <= picture.Bottom;
        if (fitsAbove)
            yield return Area.Sized(left, above, width, height);
        bool isRoomy = box.Width >= width && box.Height >= height;
        if (isRoomy)
            yield return Area.Sized(left, box.Top, width, height);
        if (fitsBelow)
            yield return Area.Sized(left, below, width, height);
        if (fitsAbove)
            yield return Area.Sized(right, above, width, height);
        if (isRoomy)
        {
            yield return Area.Sized(left, box.Bottom - height, width, height);
            yield return Area.Sized(right, box.Top, width, height);
        }

        if (fitsBelow)
            yield return Area.Sized(right, below, width, height);
        if (isRoomy)
            yield return Area.Sized(right, box.Bottom - height, width, height);
        int top = Math.Clamp(box.Top, 0, picture.Bottom - height);
        if (box.Right - line + width <= picture.Right)
            yield return Area.Sized(box.Right - line, top, width, height);
        if (box.Left + line - width >= 0)
            yield return Area.Sized(box.Left + line - width, top, width, height);
        yield return Area.Sized(left, top, width, height);
    }

    /// <summary>Looks around the box for the nearest place that is free of labels.</summary>
    private Area? Search(Area box, int width, int height)
    {
        for (int ring = 1; ring <= MaxRings; ring++)
        {
            Area? best = null;
            double bestCost = double.PositiveInfinity;
            for (int row = -ring; row <= ring; row++)
            {
                // The inner places of a ring were looked at before.
                int step = Math.Abs(row) == ring ? 1 : 2 * ring;
                for (int column = -ring; column <= ring; column += step)
                {
                    int x = Math.Clamp(box.Left + (column * width / 2), 0, picture.Right - width);
                    int y = Math.Clamp(box.Top - height + (row * height), 0, picture.Bottom - height);
                    Area candidate = Area.Sized(x, y, width, height);
                    double cost = Math.Abs(column) + Math.Abs(row) + Hidden(candidate, box);
                    if (cost < bestCost && OverlapWithLabels(candidate) == 0)
                        (best, bestCost) = (candidate, cost);
                }
            }

            if (best is not null)
                return best;
        }

        return null;
    }

    private long OverlapWithLabels(Area area)
    {
        long sum = 0;
        foreach (Area other in _placed)
            sum += area.Overlap(other);
        return sum;
    }

    /// <summary>How much of the objects would be hidden: the own box counts less, for its label may lie in it.</summary>
    private double Hidden(Area area, Area own)
    {
        double sum = 4.0 * area.Overlap(own) / own.Pixels;
        foreach (Area other in boxes)
        {
            if (other != own)
                sum += 8.0 * area.Overlap(other) / other.Pixels;
        }

        return sum;
    }
}
