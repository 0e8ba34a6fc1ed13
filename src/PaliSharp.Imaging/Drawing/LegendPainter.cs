using PaliSharp.Imaging.Text;

namespace PaliSharp.Imaging.Drawing;

/// <summary>Draws a panel that explains colours. It takes several columns, smaller text and at last fewer entries to fit the picture.</summary>
internal static class LegendPainter
{
    private const float RowHeight = 1.5f;
    private const float Swatch = 0.9f;
    private const float Gap = 0.45f;
    private const float PanelOpacity = 0.86f;
    private static readonly Color Panel = new(255, 255, 255);
    private static readonly Color Ink = new(20, 20, 20);

    /// <summary>Draws the panel; nothing if the picture is too small for any of it.</summary>
    public static void Draw(Canvas canvas, DrawingScale scale, IReadOnlyList<LegendEntry> entries, LegendCorner corner)
    {
        int margin = 2 * scale.Line;
        for (float size = scale.TextSize; size >= scale.LeastTextSize - 0.01f; size *= 0.9f)
        {
            if (TryLayout(canvas.Bounds, scale.Font, entries, size, margin) is { } layout)
            {
                Paint(canvas, scale, layout, Position(canvas.Bounds, layout, margin, corner));
                return;
            }
        }

        if (LayoutPart(canvas.Bounds, scale, entries, margin) is { } part)
            Paint(canvas, scale, part, Position(canvas.Bounds, part, margin, corner));
    }

    /// <summary>A layout that shows all the entries whole, in as few columns as possible.</summary>
    private static Layout? TryLayout(Area picture, Font font, IReadOnlyList<LegendEntry> entries, float size, int margin)
    {
        int rows = RowsThatFit(picture, size, margin);
        if (rows < 1)
            return null;

        // Long texts are not laid out in full only to find that they do not fit.
        if (entries.Any(entry => entry.Text.Length * size * 0.2f > picture.Width))
            return null;
        int columns = (entries.Count + rows - 1) / rows;
        var layout = new Layout(size, (entries.Count + columns - 1) / columns, [.. entries.Select(e => (TextLine.Create(e.Text, font, size), (Color?)e.Color))]);
        return layout.Width <= picture.Width - (2 * margin) ? layout : null;
    }

    /// <summary>One column of cut texts in the smallest size, with the number of entries that are left out.</summary>
    private static Layout? LayoutPart(Area picture, DrawingScale scale, IReadOnlyList<LegendEntry> entries, int margin)
    {
        float size = scale.LeastTextSize;
        int rows = RowsThatFit(picture, size, margin);
        float width = picture.Width - (2 * margin) - Layout.WidthBeside(size);
        if (rows < 1 || width < size)
            return null;
        int shown = entries.Count <= rows ? entries.Count : rows - 1;
        var lines = new List<(TextLine Text, Color? Color)>();
        foreach (LegendEntry entry in entries.Take(shown))
        {
            if (TextLine.Fit(entry.Text, string.Empty, scale.Font, size, width) is { } line)
                lines.Add((line, entry.Color));
        }

        TextLine more = TextLine.Create($"+{entries.Count - shown}", scale.Font, size);
        if (shown < entries.Count && more.Width <= width)
            lines.Add((more, null));
        return lines.Count == 0 ? null : new Layout(size, lines.Count, lines);
    }

    private static int RowsThatFit(Area picture, float size, int margin) => (int)((picture.Height - (2 * margin) - (2 * Gap * size)) / (RowHeight * size));

    private static Area Position(Area picture, Layout layout, int margin, LegendCorner corner)
    {
        int width = Math.Min((int)Math.Ceiling(layout.Width), picture.Width);
        int height = Math.Min((int)Math.Ceiling(layout.Height), picture.Height);
        bool isRight = corner is LegendCorner.BottomRight or LegendCorner.TopRight;
        bool isBottom = corner is LegendCorner.BottomRight or LegendCorner.BottomLeft;
        int left = isRight ? picture.Right - width - margin : margin;
        int top = isBottom ? picture.Bottom - height - margin : margin;
        return Area.Sized(Math.Max(left, 0), Math.Max(top, 0), width, height);
    }

    private static void Paint(Canvas canvas, DrawingScale scale, Layout layout, Area panel)
    {
        float size = layout.Size;
        canvas.Draw(panel, Panel, PanelOpacity, mask => mask.RoundedRectangle(panel, new Corners(size * 0.35f)));
        canvas.Frame(panel, Math.Max(1, scale.Line / 3), size * 0.35f, Ink, 0.35f);
        float left = panel.Left + (Gap * size);
        for (int first = 0; first < layout.Lines.Count; first += layout.Rows)
        {
            float top = panel.Top + (Gap * size);
            foreach ((TextLine text, Color? color) in layout.Lines.Skip(first).Take(layout.Rows))
            {
                if (color is { } known)
                    PaintSwatch(canvas, known, size, left, top);
                float x = left + ((Swatch + Gap) * size);
                float baseline = MathF.Round(top + (((RowHeight * size) - text.Ascent - text.Descent) / 2) + text.Ascent);
                canvas.Draw(panel, Ink, 1, mask => text.Draw(mask, x, baseline));
                top += RowHeight * size;
            }

            left += layout.ColumnWidth(first) + (2 * Gap * size);
        }
    }

    private static void PaintSwatch(Canvas canvas, Color color, float size, float left, float top)
    {
        int side = Math.Max(3, (int)Math.Round(Swatch * size));
        Area swatch = Area.Sized((int)Math.Round(left), (int)Math.Round(top + (((RowHeight * size) - side) / 2)), side, side);
        canvas.Draw(swatch, color, 1, mask => mask.RoundedRectangle(swatch, new Corners(size * 0.2f)));
        canvas.Frame(swatch, Math.Max(1, (int)(size / 20)), size * 0.2f, Ink, 0.5f);
    }

    private sealed record Layout(float Size, int Rows, IReadOnlyList<(TextLine Text, Color? Color)> Lines)
    {
        public float Height => ((Rows * RowHeight) + (2 * Gap)) * Size;

        public float Width
        {
            get
            {
                float sum = 2 * Gap * Size;
                for (int first = 0; first < Lines.Count; first += Rows)
                    sum += ColumnWidth(first) + (first > 0 ? 2 * Gap * Size : 0);
                return sum;
            }
        }

        public static float WidthBeside(float size) => (Swatch + (3 * Gap)) * size;

        public float ColumnWidth(int first) => Lines.Skip(first).Take(Rows).Max(line => line.Text.Width) + ((Swatch + Gap) * Size);
    }
}
