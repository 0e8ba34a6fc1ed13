using PaliSharp.Imaging;
using PaliSharp.Imaging.Drawing;
using PaliSharp.Imaging.Text;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;

namespace PaliSharp.Evaluation;

/// <summary>Draws shapes with hard edges, and words.</summary>
internal sealed class ScenePainter
{
    private const double RingHole = 0.55;
    private const double StarWaist = 0.42;
    private const double CrossArm = 0.34;

    // No shape goes further from its middle than a rectangle's half width.
    private const double Reach = 1.2;

    private readonly byte[] _rgb;

    public ScenePainter(int width, int height, (byte R, byte G, byte B) background)
    {
        Width = width;
        Height = height;
        _rgb = new byte[width * height * 3];
        for (int i = 0; i < _rgb.Length; i += 3)
            (_rgb[i], _rgb[i + 1], _rgb[i + 2]) = background;
    }

    public int Width { get; }

    public int Height { get; }

    public Image ToImage() => Image.FromPixels(Width, Height, _rgb);

    /// <summary>Makes the picture lighter towards one end.</summary>
    public void Grade(double change)
    {
        for (int y = 0; y < Height; y++)
        {
            double add = -change + (2 * change * y / Math.Max(1, Height - 1));
            foreach (ref byte value in _rgb.AsSpan(y * Width * 3, Width * 3))
                value = (byte)Math.Clamp(value + add, 0, 255);
        }
    }

    /// <summary>Adds grey noise.</summary>
    public void AddNoise(SceneRandom random, double deviation)
    {
        for (int i = 0; i < _rgb.Length; i += 3)
        {
            double add = random.Normal() * deviation;
            foreach (ref byte value in _rgb.AsSpan(i, 3))
                value = (byte)Math.Clamp(value + add, 0, 255);
        }
    }

    /// <summary>The pixels of a shape.</summary>
    public Mask Outline(string shape, double x, double y, double radius)
    {
        (double X, double Y)[] corners = Corners(shape);
        var pixels = new bool[Width * Height];
        int left = (int)Math.Max(0, Math.Floor(x - (radius * Reach)));
        int right = (int)Math.Min(Width, Math.Ceiling(x + (radius * Reach)) + 1);
        int top = (int)Math.Max(0, Math.Floor(y - (radius * Reach)));
        int bottom = (int)Math.Min(Height, Math.Ceiling(y + (radius * Reach)) + 1);
        for (int row = top; row < bottom; row++)
        {
            for (int column = left; column < right; column++)
                pixels[(row * Width) + column] = IsInside(shape, corners, (column + 0.5 - x) / radius, (row + 0.5 - y) / radius);
        }

        return Mask.FromPixels(Width, Height, pixels);
    }

    /// <summary>Fills a shape.</summary>
    public void Fill(Mask mask, (byte R, byte G, byte B) color)
    {
        bool[] pixels = mask.ToPixels();
        for (int i = 0; i < pixels.Length; i++)
        {
            if (pixels[i])
                (_rgb[3 * i], _rgb[(3 * i) + 1], _rgb[(3 * i) + 2]) = color;
        }
    }

    /// <summary>Fills a rectangle, as far as it lies in the picture.</summary>
    public void Fill(int x, int y, int width, int height, (byte R, byte G, byte B) color)
    {
        for (int row = Math.Max(0, y); row < Math.Min(Height, y + height); row++)
        {
            for (int column = Math.Max(0, x); column < Math.Min(Width, x + width); column++)
            {
                int at = 3 * ((row * Width) + column);
                (_rgb[at], _rgb[at + 1], _rgb[at + 2]) = color;
            }
        }
    }

    /// <summary>The size of a word's pixels.</summary>
    public static (double Width, double Height) Measure(string text, Font font, float size)
    {
        TextLine line = TextLine.Create(text, font, size);
        var area = Area.Sized(0, 0, (int)MathF.Ceiling(line.Width) + 2, (int)MathF.Ceiling(line.Ascent + line.Descent) + 2);
        (int left, int top, int right, int bottom) = Ink(Render(line, area, 1, line.Ascent + 1), area);
        return (right - left, bottom - top);
    }

    /// <summary>Writes a word so that its pixels begin at a place.</summary>
    /// <returns>The box of its pixels.</returns>
    public BoundingBox Write(string text, Font font, float size, int x, int y, (byte R, byte G, byte B) color)
    {
        TextLine line = TextLine.Create(text, font, size);
        var area = Area.Sized(0, 0, (int)MathF.Ceiling(line.Width) + 2, (int)MathF.Ceiling(line.Ascent + line.Descent) + 2);
        float[] coverage = Render(line, area, 1, line.Ascent + 1);
        (int left, int top, int right, int bottom) = Ink(coverage, area);
        for (int row = top; row < bottom; row++)
        {
            for (int column = left; column < right; column++)
            {
                int target = 3 * (((y + row - top) * Width) + x + column - left);
                float share = coverage[(row * area.Width) + column];
                if (x + column - left >= Width || y + row - top >= Height)
                    continue;
                _rgb[target] = Blend(_rgb[target], color.R, share);
                _rgb[target + 1] = Blend(_rgb[target + 1], color.G, share);
                _rgb[target + 2] = Blend(_rgb[target + 2], color.B, share);
            }
        }

        return new BoundingBox(x, y, Math.Min(Width, x + right - left), Math.Min(Height, y + bottom - top));
    }

    private static byte Blend(byte below, byte above, float share) => (byte)Math.Round(below + ((above - below) * share));

    private static float[] Render(TextLine line, Area area, float x, float baseline)
    {
        var mask = new CoverageMask(area);
        line.Draw(mask, x, baseline);
        float[] coverage = new float[area.Width * area.Height];
        for (int row = 0; row < area.Height; row++)
            mask.ReadRow(row, coverage.AsSpan(row * area.Width, area.Width));
        return coverage;
    }

    private static (int Left, int Top, int Right, int Bottom) Ink(float[] coverage, Area area)
    {
        (int left, int top, int right, int bottom) = (area.Width, area.Height, 0, 0);
        for (int i = 0; i < coverage.Length; i++)
        {
            if (coverage[i] == 0)
                continue;
            left = Math.Min(left, i % area.Width);
            right = Math.Max(right, (i % area.Width) + 1);
            top = Math.Min(top, i / area.Width);
            bottom = Math.Max(bottom, (i / area.Width) + 1);
        }

        return right == 0 ? (0, 0, 1, 1) : (left, top, right, bottom);
    }

    private static bool IsInside(string shape, (double X, double Y)[] corners, double x, double y) => shape switch
    {
        "circle" => (x * x) + (y * y) <= 1,
        "ring" => (x * x) + (y * y) is <= 1 and > RingHole * RingHole,
        "square" => Math.Abs(x) <= 0.85 && Math.Abs(y) <= 0.85,
        "rectangle" => Math.Abs(x) <= 1.2 && Math.Abs(y) <= 0.55,
        "cross" => (Math.Abs(x) <= CrossArm && Math.Abs(y) <= 1) || (Math.Abs(x) <= 1 && Math.Abs(y) <= CrossArm),
        _ => IsInside(corners, x, y),
    };

    private static (double X, double Y)[] Corners(string shape)
    {
        int count = shape switch
        {
            "star" => 10,
            "triangle" => 3,
            "hexagon" => 6,
            _ => 0,
        };
        var corners = new (double, double)[count];
        for (int i = 0; i < count; i++)
        {
            double angle = (-Math.PI / 2) + (2 * Math.PI * i / count);
            double radius = shape == "star" && i % 2 == 1 ? StarWaist : 1;
            corners[i] = (Math.Cos(angle) * radius, Math.Sin(angle) * radius);
        }

        return corners;
    }

    private static bool IsInside((double X, double Y)[] corners, double x, double y)
    {
        bool isInside = false;
        for (int i = 0, j = corners.Length - 1; i < corners.Length; j = i++)
        {
            (double x1, double y1) = corners[i];
            (double x2, double y2) = corners[j];
            if (y1 > y != y2 > y && x < ((x2 - x1) * (y - y1) / (y2 - y1)) + x1)
                isInside = !isInside;
        }

        return isInside;
    }
}
