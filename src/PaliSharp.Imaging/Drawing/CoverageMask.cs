namespace PaliSharp.Imaging.Drawing;

/// <summary>The radii of the corners of a rectangle, in pixels.</summary>
internal readonly record struct Corners(float TopLeft, float TopRight, float BottomRight, float BottomLeft)
{
    public Corners(float all)
        : this(all, all, all, all)
    {
    }
}

/// <summary>
/// How much of each pixel of a region is covered by shapes, computed exactly from their outlines: every edge adds the area to its right, with the
/// sign of its direction. Shapes of one direction may overlap; shapes of the other direction cut holes.
/// </summary>
internal sealed class CoverageMask
{
    private readonly Area _area;
    private readonly int _stride;
    private readonly float[] _changes;

    /// <summary>Makes an empty mask.</summary>
    public CoverageMask(Area area)
    {
        _area = area;

        // One more column takes what edges change to the right of the last pixel.
        _stride = area.Width + 1;
        _changes = new float[ImageLimits.ByteCount(_stride, area.Height, 1)];
    }

    /// <summary>The covered share of each pixel of a row, 0 to 1.</summary>
    public void ReadRow(int y, Span<float> coverage)
    {
        ReadOnlySpan<float> changes = _changes.AsSpan((y - _area.Top) * _stride, coverage.Length);
        float sum = 0;
        for (int x = 0; x < changes.Length; x++)
        {
            sum += changes[x];

            // Rounding leaves dust behind edges that cancel out.
            float share = Math.Min(Math.Abs(sum), 1);
            coverage[x] = share < 1e-3f ? 0 : share;
        }
    }

    /// <summary>Adds an edge.</summary>
    public void Line(float x0, float y0, float x1, float y1)
    {
        if (y0 == y1 || !float.IsFinite(x0 + y0 + x1 + y1))
            return;
        x0 -= _area.Left;
        x1 -= _area.Left;
        y0 -= _area.Top;
        y1 -= _area.Top;
        float sign = 1;
        if (y0 > y1)
        {
            (x0, y0, x1, y1) = (x1, y1, x0, y0);
            sign = -1;
        }

        float top = Math.Max(y0, 0);
        float bottom = Math.Min(y1, _area.Height);
        float slope = (x1 - x0) / (y1 - y0);
        float low = Math.Min(x0, x1);
        float high = Math.Max(x0, x1);
        for (int row = (int)top; row < bottom; row++)
        {
            float from = Math.Max(top, row);
            float to = Math.Min(bottom, row + 1);
            float xFrom = Math.Clamp(x0 + ((from - y0) * slope), low, high);
            float xTo = Math.Clamp(x0 + ((to - y0) * slope), low, high);
            AddToRow(row * _stride, Math.Min(xFrom, xTo), Math.Max(xFrom, xTo), (to - from) * sign);
        }
    }

    /// <summary>Adds a quadratic curve.</summary>
    public void Curve(float x0, float y0, float cx, float cy, float x1, float y1)
    {
        // The distance between a curve and its chords falls with the square of their number; a twentieth of a pixel is not seen.
        float bend = Math.Abs(x0 - (2 * cx) + x1) + Math.Abs(y0 - (2 * cy) + y1);
        int pieces = (int)Math.Clamp(MathF.Ceiling(MathF.Sqrt(bend * 2.5f)), 1, 64);
        float x = x0;
        float y = y0;
        for (int i = 1; i <= pieces; i++)
        {
            float t = (float)i / pieces;
            float s = 1 - t;
            float nextX = i == pieces ? x1 : (s * s * x0) + (2 * s * t * cx) + (t * t * x1);
            float nextY = i == pieces ? y1 : (s * s * y0) + (2 * s * t * cy) + (t * t * y1);
            Line(x, y, nextX, nextY);
            (x, y) = (nextX, nextY);
        }
    }

    /// <summary>Adds a rectangle; a hole if left and right are exchanged.</summary>
    public void Rectangle(float left, float top, float right, float bottom)
    {
        Line(left, bottom, left, top);
        Line(right, top, right, bottom);
    }

    /// <summary>Adds a rectangle with rounded corners.</summary>
    public void RoundedRectangle(Area area, Corners corners, bool isHole = false)
    {
        float most = Math.Min(area.Width, area.Height) / 2f;
        (float left, float right) = isHole ? (area.Right, area.Left) : ((float)area.Left, area.Right);
        float topLeft = Math.Min(isHole ? corners.TopRight : corners.TopLeft, most);
        float topRight = Math.Min(isHole ? corners.TopLeft : corners.TopRight, most);
        float bottomRight = Math.Min(isHole ? corners.BottomLeft : corners.BottomRight, most);
        float bottomLeft = Math.Min(isHole ? corners.BottomRight : corners.BottomLeft, most);
        float inwards = isHole ? -1 : 1;
        Line(left, area.Bottom - bottomLeft, left, area.Top + topLeft);
        Corner(left, area.Top + topLeft, left + (inwards * topLeft), area.Top, isTurnFromSide: true);
        Corner(right - (inwards * topRight), area.Top, right, area.Top + topRight, isTurnFromSide: false);
        Line(right, area.Top + topRight, right, area.Bottom - bottomRight);
        Corner(right, area.Bottom - bottomRight, right - (inwards * bottomRight), area.Bottom, isTurnFromSide: true);
        Corner(left + (inwards * bottomLeft), area.Bottom, left, area.Bottom - bottomLeft, isTurnFromSide: false);
    }

    /// <summary>Adds a line of some width with round ends.</summary>
    public void Stroke(float x0, float y0, float x1, float y1, float width)
    {
        float radius = width / 2;
        float dx = x1 - x0;
        float dy = y1 - y0;
        float length = MathF.Sqrt((dx * dx) + (dy * dy));
        (float nx, float ny) = length > 0 ? (dy / length * radius, -dx / length * radius) : (0, -radius);
        int steps = (int)Math.Clamp(MathF.Ceiling(radius * 2) + 3, 4, 32);
        Line(x0 + nx, y0 + ny, x1 + nx, y1 + ny);
        Line(x1 - nx, y1 - ny, x0 - nx, y0 - ny);
        HalfTurn(x0, y0, nx, ny, steps);
        HalfTurn(x1, y1, -nx, -ny, steps);
    }

    /// <summary>Half a circle around a point, from the other side of a line to this one.</summary>
    private void HalfTurn(float x, float y, float nx, float ny, int steps)
    {
        float lastX = x + nx;
        float lastY = y + ny;
        for (int i = 1; i <= steps; i++)
        {
            (float sin, float cos) = MathF.SinCos(MathF.PI * i / steps);
            float nextX = i == steps ? x - nx : x + (nx * cos) + (ny * sin);
            float nextY = i == steps ? y - ny : y + (ny * cos) - (nx * sin);
            Line(nextX, nextY, lastX, lastY);
            (lastX, lastY) = (nextX, nextY);
        }
    }

    /// <summary>A quarter of a circle, by two curves.</summary>
    private void Corner(float x0, float y0, float x1, float y1, bool isTurnFromSide)
    {
        // The centre lies across from the corner: the curve leaves a vertical side vertically, a horizontal one horizontally.
        (float cornerX, float cornerY) = isTurnFromSide ? (x0, y1) : (x1, y0);
        (float centerX, float centerY) = isTurnFromSide ? (x1, y0) : (x0, y1);
        const float Diagonal = 0.70710678f;
        const float Control = 0.41421356f;
        float middleX = centerX + ((cornerX - centerX) * Diagonal);
        float middleY = centerY + ((cornerY - centerY) * Diagonal);
        Curve(x0, y0, x0 + ((cornerX - x0) * Control), y0 + ((cornerY - y0) * Control), middleX, middleY);
        Curve(middleX, middleY, x1 + ((cornerX - x1) * Control), y1 + ((cornerY - y1) * Control), x1, y1);
    }

    /// <summary>Adds the part of an edge within one row: between two columns, of a signed height.</summary>
    private void AddToRow(int row, float left, float right, float height)
    {
        int width = _area.Width;
        if (left >= width)
            return;
        if (right <= 0)
        {
            _changes[row] += height;
            return;
        }

        float perColumn = right > left ? height / (right - left) : 0;
        if (left < 0)
        {
            float before = -left * perColumn;
            _changes[row] += before;
            height -= before;
            left = 0;
        }

        int first = (int)left;
        int last = Math.Min((int)right, width - 1);
        for (int column = first; column <= last; column++)
        {
            float from = Math.Max(left, column);
            float to = Math.Min(right, column + 1);
            float part = first == last && right <= width ? height : (to - from) * perColumn;

            // Of the pixel itself, the area to the right of the edge; of all later ones, everything.
            float shareLeft = ((from + to) / 2) - column;
            _changes[row + column] += part * (1 - shareLeft);
            _changes[row + column + 1] += part * shareLeft;
        }
    }
}
