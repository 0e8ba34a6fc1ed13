namespace PaliSharp.Imaging.Drawing;

/// <summary>The line at which a mask reaches one half, between the pixels, smoothed so that binary masks show no stairs.</summary>
internal sealed class MaskContour
{
    private const float Level = 0.5f;
    private const int Border = 3;

    // Thin parts must not be smoothed away.
    private const float LeastInside = 0.55f;

    private readonly List<(float X0, float Y0, float X1, float Y1)> _segments = [];

    private MaskContour()
    {
    }

    /// <summary>Pieces of the line, in pixels of the mask, whose pixel centres lie at halves.</summary>
    public IReadOnlyList<(float X0, float Y0, float X1, float Y1)> Segments => _segments;

    /// <summary>Finds the line around the levels in a part of a mask.</summary>
    public static MaskContour Trace(ReadOnlySpan<byte> levels, int stride, Area part)
    {
        int width = part.Width + (2 * Border);
        int height = part.Height + (2 * Border);
        float[] field = new float[ImageLimits.ByteCount(width, height, 1)];
        for (int y = 0; y < part.Height; y++)
        {
            ReadOnlySpan<byte> row = levels.Slice(((part.Top + y) * stride) + part.Left, part.Width);
            for (int x = 0; x < row.Length; x++)
                field[((y + Border) * width) + x + Border] = row[x] / 255f;
        }

        Smooth(field, width, height);
        for (int y = 0; y < part.Height; y++)
        {
            ReadOnlySpan<byte> row = levels.Slice(((part.Top + y) * stride) + part.Left, part.Width);
            for (int x = 0; x < row.Length; x++)
            {
                if (row[x] >= 128)
                    field[((y + Border) * width) + x + Border] = Math.Max(field[((y + Border) * width) + x + Border], LeastInside);
            }
        }

        var contour = new MaskContour();
        for (int y = 0; y < height - 1; y++)
        {
            for (int x = 0; x < width - 1; x++)
                contour.AddCell(field, width, x, y, part.Left - Border + 0.5f, part.Top - Border + 0.5f);
        }

        return contour;
    }

    /// <summary>Two passes of weights 1 2 1 in each direction.</summary>
    private static void Smooth(float[] field, int width, int height)
    {
        float[] above = new float[width];
        for (int pass = 0; pass < 2; pass++)
        {
            for (int y = 0; y < height; y++)
            {
                float left = 0;
                Span<float> row = field.AsSpan(y * width, width);
                for (int x = 0; x < row.Length - 1; x++)
                {
                    float value = row[x];
                    row[x] = (left + (2 * value) + row[x + 1]) / 4;
                    left = value;
                }
            }

            above.AsSpan().Clear();
            for (int y = 0; y < height - 1; y++)
            {
                Span<float> row = field.AsSpan(y * width, width);
                ReadOnlySpan<float> below = field.AsSpan((y + 1) * width, width);
                for (int x = 0; x < row.Length; x++)
                {
                    float value = row[x];
                    row[x] = (above[x] + (2 * value) + below[x]) / 4;
                    above[x] = value;
                }
            }
        }
    }

    /// <summary>Adds the pieces of the line between four neighbouring pixels.</summary>
    private void AddCell(float[] field, int width, int x, int y, float shiftX, float shiftY)
    {
        float a = field[(y * width) + x];
        float b = field[(y * width) + x + 1];
        float c = field[((y + 1) * width) + x + 1];
        float d = field[((y + 1) * width) + x];
        int inside = (a >= Level ? 1 : 0) | (b >= Level ? 2 : 0) | (c >= Level ? 4 : 0) | (d >= Level ? 8 : 0);
        if (inside is 0 or 15)
            return;
        (float X, float Y) top = (shiftX + x + Crossing(a, b), shiftY + y);
        (float X, float Y) right = (shiftX + x + 1, shiftY + y + Crossing(b, c));
        (float X, float Y) bottom = (shiftX + x + Crossing(d, c), shiftY + y + 1);
        (float X, float Y) left = (shiftX + x, shiftY + y + Crossing(a, d));
        switch (inside)
        {
            case 1 or 14:
                Add(left, top);
                break;
            case 2 or 13:
                Add(top, right);
                break;
            case 4 or 11:
                Add(right, bottom);
                break;
            case 8 or 7:
                Add(bottom, left);
                break;
            case 3 or 12:
                Add(left, right);
                break;
            case 6 or 9:
                Add(top, bottom);
                break;
            default:
                // Two pixels across from each other: their mean decides whether they belong together.
                bool joined = (a + b + c + d) / 4 >= Level;
                bool cornersAreOnMainDiagonal = inside == 5;
                if (joined == cornersAreOnMainDiagonal)
                {
                    Add(top, right);
                    Add(bottom, left);
                }
                else
                {
                    Add(left, top);
                    Add(right, bottom);
                }

                break;
        }
    }

    private void Add((float X, float Y) from, (float X, float Y) to) => _segments.Add((from.X, from.Y, to.X, to.Y));

    private static float Crossing(float from, float to) => from == to ? 0.5f : Math.Clamp((Level - from) / (to - from), 0, 1);
}
