using System.Globalization;
using PaliSharp.Imaging.Text;

namespace PaliSharp.Imaging.Drawing;

/// <summary>A text at a box.</summary>
/// <param name="Box">The box inside the picture.</param>
/// <param name="Color">Its colour.</param>
/// <param name="Label">What it is.</param>
/// <param name="Score">How sure that is.</param>
/// <param name="IsFramed">Whether the box is drawn.</param>
internal sealed record LabelRequest(Area Box, Color Color, string? Label, double? Score, bool IsFramed);

/// <summary>Writes labels on tabs of their boxes' colours.</summary>
internal static class LabelPainter
{
    // Beyond this share of the picture under labels, all of them become smaller, and then do without scores.
    private const double MostHidden = 0.3;

    private const float EdgeOpacity = 0.45f;
    private static readonly Color Edge = new(0, 0, 0);

    /// <summary>Places and draws labels.</summary>
    /// <returns>Where they are, in the order of the drawing.</returns>
    public static IReadOnlyList<Area> Draw(Canvas canvas, DrawingScale scale, IReadOnlyList<LabelRequest> requests, IReadOnlyList<Area> boxes)
    {
        var placer = new LabelPlacer(canvas.Bounds, boxes, scale.Line);
        var drawn = new List<Area>();
        foreach ((LabelRequest request, TextLine text) in LayoutAll(canvas.Bounds, scale, requests))
        {
            Area tab = placer.Place(request.Box, TabWidth(text), TabHeight(text));
            drawn.Add(tab);
            DrawLeader(canvas, scale, tab, request);
            DrawTab(canvas, scale, tab, request);
            DrawText(canvas, text, tab, ColorContrast.TextOn(request.Color));
        }

        return drawn;
    }

    private static List<(LabelRequest Request, TextLine Text)> LayoutAll(Area picture, DrawingScale scale, IReadOnlyList<LabelRequest> requests)
    {
        // Small boxes have the fewest places and choose first; of equal ones the first.
        List<LabelRequest> ordered = [.. requests.OrderBy(request => request.Box.Pixels)];
        List<(LabelRequest, TextLine)> lines = LayoutAt(scale.TextSize, withScores: true);
        if (HidesMuch(lines))
            lines = LayoutAt(scale.LeastTextSize, withScores: true);
        return HidesMuch(lines) ? LayoutAt(scale.LeastTextSize, withScores: false) : lines;

        bool HidesMuch(List<(LabelRequest, TextLine Text)> laidOut) =>
            laidOut.Sum(line => (double)TabWidth(line.Text) * TabHeight(line.Text)) > MostHidden * picture.Pixels;

        List<(LabelRequest, TextLine)> LayoutAt(float size, bool withScores)
        {
            var result = new List<(LabelRequest, TextLine)>();
            foreach (LabelRequest request in ordered)
            {
                // A score that is all of a label stays.
                bool keepsScore = withScores || string.IsNullOrWhiteSpace(request.Label);
                if (Layout(keepsScore ? request : request with { Score = null }, scale, size, picture) is { } text)
                    result.Add((request, text));
            }

            return result;
        }
    }

    private static TextLine? Layout(LabelRequest request, DrawingScale scale, float largest, Area picture)
    {
        string score = request.Score is { } value && double.IsFinite(value) ? value.ToString("F2", CultureInfo.InvariantCulture) : string.Empty;
        string label = request.Label?.Trim() ?? string.Empty;
        if (label.Length == 0)
            (label, score) = (score, string.Empty);
        else if (score.Length > 0)
            score = " " + score;
        if (label.Length == 0)
            return null;

        // Smaller text first, then less of it.
        TextLine? line = null;
        foreach (float size in (ReadOnlySpan<float>)[largest, (largest + scale.LeastTextSize) / 2, scale.LeastTextSize])
        {
            line = TextLine.Fit(label, score, scale.Font, size, picture.Width - (2 * Padding(size)))
                ?? TextLine.Fit(label, string.Empty, scale.Font, size, picture.Width - (2 * Padding(size)));
            if (line is { IsCut: false })
                break;
        }

        return line is not null && TabHeight(line) <= picture.Height && TabWidth(line) <= picture.Width ? line : null;
    }

    private static float Padding(float size) => size * 0.3f;

    private static int TabWidth(TextLine text) => (int)Math.Ceiling(text.Width + (2 * Padding(text.Size)) - 0.01f);

    private static int TabHeight(TextLine text) => (int)Math.Ceiling((text.Ascent + text.Descent) * 1.1f);

    private static void DrawTab(Canvas canvas, DrawingScale scale, Area tab, LabelRequest request)
    {
        float radius = Math.Max(1, scale.TextSize * 0.16f);
        Area box = request.Box;
        bool isAbove = tab.Bottom == box.Top + scale.Line;
        bool isBelow = tab.Top == box.Bottom - scale.Line;
        bool touchesLeft = tab.Left == box.Left;
        bool touchesRight = tab.Right == box.Right;

        // Corners that meet the lines of the box are square, so that tab and box look like one.
        var corners = new Corners(
            (isBelow || tab.Top == box.Top) && touchesLeft ? 0 : radius,
            (isBelow || tab.Top == box.Top) && touchesRight ? 0 : radius,
            (isAbove || tab.Bottom == box.Bottom) && touchesRight ? 0 : radius,
            (isAbove || tab.Bottom == box.Bottom) && touchesLeft ? 0 : radius);
        Area around = tab.Grow(scale.Edge);
        canvas.Draw(around, Edge, EdgeOpacity, mask =>
        {
            mask.RoundedRectangle(around, new Corners(radius + scale.Edge));
            mask.RoundedRectangle(tab, corners, isHole: true);
        });

        // The edge of the tab must not cut the lines of its own box.
        if (request.IsFramed)
            canvas.Frame(box, scale.Line, scale.Line * Annotator.CornerRadius, request.Color, 1, around);
        canvas.Draw(tab, request.Color, 1, mask => mask.RoundedRectangle(tab, corners));
    }

    private static void DrawText(Canvas canvas, TextLine text, Area tab, Color color)
    {
        float baseline = MathF.Round(tab.Top + ((tab.Height - text.Ascent - text.Descent) / 2) + text.Ascent);
        float left = tab.Left + ((tab.Width - text.Width) / 2);
        canvas.Draw(tab, color, 1, mask => text.Draw(mask, left, baseline));
    }

    /// <summary>A thin line from a label to its box, if they do not touch.</summary>
    private static void DrawLeader(Canvas canvas, DrawingScale scale, Area tab, LabelRequest request)
    {
        Area box = request.Box;
        if (!tab.Grow(scale.Edge).Intersect(box).IsEmpty)
            return;
        float tabX = Math.Clamp((box.Left + box.Right) / 2f, tab.Left, tab.Right);
        float tabY = Math.Clamp((box.Top + box.Bottom) / 2f, tab.Top, tab.Bottom);
        float boxX = Math.Clamp(tabX, box.Left, box.Right);
        float boxY = Math.Clamp(tabY, box.Top, box.Bottom);
        float width = Math.Max(1, scale.Line * 0.6f);
        int reach = scale.Line + scale.Edge + 1;
        Area around = new Area(
            (int)Math.Min(tabX, boxX), (int)Math.Min(tabY, boxY), (int)Math.Ceiling(Math.Max(tabX, boxX)), (int)Math.Ceiling(Math.Max(tabY, boxY))).Grow(reach);
        canvas.Draw(around, Edge, EdgeOpacity, mask => mask.Stroke(tabX, tabY, boxX, boxY, width + (2 * scale.Edge)));
        canvas.Draw(around, request.Color, 1, mask => mask.Stroke(tabX, tabY, boxX, boxY, width));
    }
}
