using System.Globalization;
using System.Text;
using PaliSharp.Imaging.Drawing;

namespace PaliSharp.Imaging.Text;

/// <summary>A line of text laid out in a font and a size. Characters that the font lacks become visible boxes.</summary>
internal sealed class TextLine
{
    private const int Missing = -1;
    private const string Ellipsis = "…";

    private readonly Font _font;
    private readonly List<(int Glyph, float X)> _glyphs = [];
    private readonly float _scale;

    private TextLine(Font font, float size)
    {
        _font = font;
        Size = size;
        _scale = size / font.UnitsPerEm;
    }

    /// <summary>The size: the pixels of one em.</summary>
    public float Size { get; }

    /// <summary>Whether some of the text was left out.</summary>
    public bool IsCut { get; private init; }

    /// <summary>The width in pixels.</summary>
    public float Width { get; private set; }

    /// <summary>How far letters reach above the line, in pixels.</summary>
    public float Ascent => _font.Ascent * _scale;

    /// <summary>How far letters reach below the line, in pixels.</summary>
    public float Descent => _font.Descent * _scale;

    /// <summary>Lays out a text.</summary>
    /// <param name="text">The text; line breaks and other white space become spaces, invisible characters vanish.</param>
    /// <param name="font">The font.</param>
    /// <param name="size">The pixels of one em.</param>
    public static TextLine Create(string text, Font font, float size) => Create(text, font, size, isCut: false);

    private static TextLine Create(string text, Font font, float size, bool isCut)
    {
        var line = new TextLine(font, size) { IsCut = isCut };
        foreach (Rune rune in text.EnumerateRunes())
            line.Add(rune);
        return line;
    }

    /// <summary>Lays out as much of a text as fits into a width, with an ellipsis where it was cut.</summary>
    /// <param name="text">The part that may be cut.</param>
    /// <param name="suffix">The part behind it that is kept whole.</param>
    /// <param name="font">The font.</param>
    /// <param name="size">The pixels of one em.</param>
    /// <param name="width">The pixels there are.</param>
    /// <returns>The line, or null when not even one character and the ellipsis fit.</returns>
    public static TextLine? Fit(string text, string suffix, Font font, float size, float width)
    {
        // Labels come from models and files: text that cannot fit anyway is not laid out in full.
        int most = (int)Math.Clamp(width / size * 16, 8, 4096);
        Rune[] runes = [.. (text.Length > most ? text[..most] : text).EnumerateRunes()];
        if (text.Length <= most)
        {
            TextLine whole = Create(text + suffix, font, size);
            if (whole.Width <= width)
                return whole;
        }

        int low = 0;
        int high = runes.Length;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (Cut(runes, middle, suffix, font, size).Width <= width)
                low = middle;
            else
                high = middle - 1;
        }

        return low == 0 ? null : Cut(runes, low, suffix, font, size);
    }

    /// <summary>Adds the shapes of the text to a mask.</summary>
    /// <param name="mask">Where to draw.</param>
    /// <param name="x">The left end of the text.</param>
    /// <param name="baseline">The row of the line that letters stand on.</param>
    public void Draw(CoverageMask mask, float x, float baseline)
    {
        foreach ((int glyph, float at) in _glyphs)
        {
            if (glyph == Missing)
                DrawMissing(mask, x + at, baseline);
            else
                DrawGlyph(mask, _font.Outline(glyph), x + at, baseline);
        }
    }

    private static TextLine Cut(Rune[] runes, int count, string suffix, Font font, float size) =>
        Create(string.Concat(runes.Take(count)).TrimEnd() + Ellipsis + suffix, font, size, isCut: true);

    private void Add(Rune rune)
    {
        UnicodeCategory category = Rune.GetUnicodeCategory(rune);
        bool isSpace = Rune.IsWhiteSpace(rune) || category == UnicodeCategory.Control;
        bool isVariation = rune.Value is >= 0xFE00 and <= 0xFE0F;
        if (category == UnicodeCategory.Format || isVariation)
            return;
        int glyph = _font.GlyphOf(isSpace ? new Rune(' ') : rune);
        if (glyph != 0)
        {
            _glyphs.Add((glyph, Width));
            Width += _font.Advance(glyph) * _scale;
        }
        else if (isSpace)
        {
            Width += 0.3f * Size;
        }
        else
        {
            _glyphs.Add((Missing, Width));
            Width += 0.7f * Size;
        }
    }

    /// <summary>A hollow box as high as a capital.</summary>
    private void DrawMissing(CoverageMask mask, float x, float baseline)
    {
        float stroke = Math.Max(1, Size * 0.07f);
        float left = x + (0.08f * Size);
        float right = x + (0.62f * Size);
        float top = baseline - (0.73f * Size);
        mask.Rectangle(left, top, right, baseline);
        mask.Rectangle(right - stroke, top + stroke, left + stroke, baseline - stroke);
    }

    private void DrawGlyph(CoverageMask mask, GlyphOutline outline, float x, float baseline)
    {
        foreach (OutlinePoint[] contour in outline.Contours)
        {
            if (contour.Length < 2)
                continue;

            // Between two control points the curve passes through their middle; a ring without any point on the curve starts there too.
            OutlinePoint first = contour[0];
            OutlinePoint last = contour[^1];
            OutlinePoint start = first.OnCurve ? first : last.OnCurve ? last : Middle(first, last);
            OutlinePoint from = start;
            OutlinePoint? control = null;
            foreach (OutlinePoint point in contour)
            {
                if (point.OnCurve)
                {
                    Segment(mask, from, control, point, x, baseline);
                    from = point;
                    control = null;
                    continue;
                }

                if (control is { } before)
                {
                    OutlinePoint middle = Middle(before, point);
                    Segment(mask, from, control, middle, x, baseline);
                    from = middle;
                }

                control = point;
            }

            Segment(mask, from, control, start, x, baseline);
        }
    }

    private void Segment(CoverageMask mask, OutlinePoint from, OutlinePoint? control, OutlinePoint to, float x, float baseline)
    {
        (float x0, float y0) = ((from.X * _scale) + x, baseline - (from.Y * _scale));
        (float x1, float y1) = ((to.X * _scale) + x, baseline - (to.Y * _scale));
        if (control is { } c)
            mask.Curve(x0, y0, (c.X * _scale) + x, baseline - (c.Y * _scale), x1, y1);
        else
            mask.Line(x0, y0, x1, y1);
    }

    private static OutlinePoint Middle(OutlinePoint a, OutlinePoint b) => new((a.X + b.X) / 2, (a.Y + b.Y) / 2, OnCurve: true);
}
