namespace PaliSharp.Evaluation;

/// <summary>Finds where a polygon's outline crosses from one column of pixels to the next; between crossings a column is inside or outside.</summary>
internal static class PolygonOutline
{
    /// <summary>Coordinates are at most so far from 0.</summary>
    public const double MaximumCoordinate = 1e6;

    private const int Scale = 5;

    /// <summary>The lengths of the runs of a polygon's mask, column by column, outside first.</summary>
    public static List<int> ToCounts(ReadOnlySpan<double> polygon, int width, int height)
    {
        var crossings = new List<int>();
        int corners = polygon.Length / 2;
        (int X, int Y)? last = null;
        for (int i = 0; i < corners; i++)
        {
            int next = (i + 1) % corners;
            foreach ((int X, int Y) point in Line(Fine(polygon[2 * i]), Fine(polygon[(2 * i) + 1]), Fine(polygon[2 * next]), Fine(polygon[(2 * next) + 1])))
            {
                if (last is { } before && before.X != point.X && Crossing(before, point, width, height) is { } crossing)
                    crossings.Add(crossing);
                last = point;
            }
        }

        crossings.Add(width * height);
        crossings.Sort();
        return ToRuns(crossings);
    }

    private static int Fine(double value) => (int)((Scale * value) + 0.5);

    /// <summary>The points of a line on the fine grid, from its start to its end.</summary>
    private static IEnumerable<(int X, int Y)> Line(int startX, int startY, int endX, int endY)
    {
        int width = Math.Abs(endX - startX);
        int height = Math.Abs(endY - startY);
        bool isFlat = width >= height;

        // Always computed in the same direction, so that a line and its reverse have the same points.
        bool isReversed = isFlat ? startX > endX : startY > endY;
        (int fromX, int fromY, int toX, int toY) = isReversed ? (endX, endY, startX, startY) : (startX, startY, endX, endY);
        int steps = Math.Max(width, height);
        double slope = isFlat ? (double)(toY - fromY) / width : (double)(toX - fromX) / height;
        for (int i = 0; i <= steps; i++)
        {
            int step = isReversed ? steps - i : i;
            yield return isFlat
                ? (fromX + step, (int)(fromY + (slope * step) + 0.5))
                : ((int)(fromX + (slope * step) + 0.5), fromY + step);
        }
    }

    /// <summary>The pixel, counted column by column, from which on a column changes between outside and inside; null if none does here.</summary>
    private static int? Crossing((int X, int Y) before, (int X, int Y) point, int width, int height)
    {
        double x = (((point.X < before.X ? point.X : point.X - 1) + 0.5) / Scale) - 0.5;
        if (Math.Floor(x) != x || x < 0 || x > width - 1)
            return null;
        double y = Math.Ceiling(Math.Clamp(((Math.Min(point.Y, before.Y) + 0.5) / Scale) - 0.5, 0, height));
        return ((int)x * height) + (int)y;
    }

    /// <summary>Differences of ascending positions; where two are equal the runs around them join.</summary>
    private static List<int> ToRuns(List<int> positions)
    {
        var runs = new List<int>();
        int before = 0;
        bool isJoined = false;
        foreach (int position in positions)
        {
            int length = position - before;
            before = position;
            if (runs.Count == 0)
            {
                runs.Add(length);
            }
            else if (isJoined)
            {
                runs[^1] += length;
                isJoined = false;
            }
            else if (length > 0)
            {
                runs.Add(length);
            }
            else
            {
                isJoined = true;
            }
        }

        return runs;
    }
}
