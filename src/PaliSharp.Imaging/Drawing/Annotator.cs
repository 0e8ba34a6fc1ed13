namespace PaliSharp.Imaging.Drawing;

/// <summary>
/// Draws results on pictures for people to look at: boxes, labels, masks and legends. Each method leaves its picture as it is and returns a new one
/// of the same size without alpha, so calls can be chained: masks first, then boxes, then a legend.
/// </summary>
public static class Annotator
{
    /// <summary>The radius of the corners of boxes, in widths of their lines.</summary>
    internal const float CornerRadius = 0.9f;

    private const float EdgeOpacity = 0.45f;
    private static readonly Color Edge = new(0, 0, 0);

    /// <summary>
    /// Draws boxes and their labels. Lines have a dark edge, so that they are visible on any background; labels stay inside the picture and off each
    /// other where there is room, and are shortened where they do not fit.
    /// </summary>
    /// <param name="image">The picture.</param>
    /// <param name="boxes">The boxes; later ones cover earlier ones. Those without area inside the picture are skipped.</param>
    /// <param name="style">How to draw; null for the default.</param>
    /// <returns>A new picture without alpha.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A size in the style is out of its range.</exception>
    public static Image DrawDetections(this Image image, IEnumerable<BoxAnnotation> boxes, DrawingStyle? style = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(boxes);
        style ??= DrawingStyle.Default;
        var scale = new DrawingScale(style, image.Width, image.Height);
        var canvas = Canvas.CopyOf(image);
        var colors = new LabelColors();
        var requests = new List<LabelRequest>();
        foreach (BoxAnnotation box in boxes)
        {
            Color color = colors.Choose(box.Color, box.ColorIndex, box.Label);
            if (Area.Clip(box.Left, box.Top, box.Right, box.Bottom, image.Width, image.Height) is { } area)
                requests.Add(new LabelRequest(area, color, box.Label, box.Score, IsFramed: true));
        }

        foreach (LabelRequest request in requests)
            DrawBox(canvas, scale, request.Box, request.Color);
        if (style.DrawLabels)
            LabelPainter.Draw(canvas, scale, requests, [.. requests.Select(r => r.Box)]);
        return canvas.ToImage(image.Metadata);
    }

    /// <summary>Draws translucent masks with a line around each, and their labels if they have some.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="masks">The masks; later ones cover earlier ones.</param>
    /// <param name="style">How to draw; null for the default.</param>
    /// <returns>A new picture without alpha.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A size in the style is out of its range.</exception>
    /// <exception cref="ArgumentException">A mask has another number of levels than its size says.</exception>
    public static Image DrawMasks(this Image image, IEnumerable<MaskAnnotation> masks, DrawingStyle? style = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(masks);
        style ??= DrawingStyle.Default;
        var scale = new DrawingScale(style, image.Width, image.Height);
        var canvas = Canvas.CopyOf(image);
        var colors = new LabelColors();
        List<(MaskAnnotation Mask, Color Color)> drawn = [.. masks.Select(mask => (Check(mask), colors.Choose(mask.Color, mask.ColorIndex, mask.Label)))];
        foreach ((MaskAnnotation mask, Color color) in drawn)
            MaskPainter.Fill(canvas, mask, color, style.MaskOpacity);
        if (style.DrawContours)
        {
            foreach ((MaskAnnotation mask, Color color) in drawn)
                MaskPainter.Outline(canvas, mask, color, scale.Line);
        }

        var requests = new List<LabelRequest>();
        foreach ((MaskAnnotation mask, Color color) in drawn)
        {
            if (MaskPainter.Bounds(canvas, mask) is { } bounds)
                requests.Add(new LabelRequest(bounds, color, mask.Label, mask.Score, IsFramed: false));
        }

        if (style.DrawLabels)
            LabelPainter.Draw(canvas, scale, requests, [.. requests.Select(r => r.Box)]);
        return canvas.ToImage(image.Metadata);
    }

    /// <summary>Draws a panel that says what the colours stand for. Nothing is drawn when the picture is too small for it.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="entries">The entries, in the order of the panel.</param>
    /// <param name="corner">Where to put it.</param>
    /// <param name="style">How to draw; null for the default.</param>
    /// <returns>A new picture without alpha.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A size in the style is out of its range.</exception>
    public static Image DrawLegend(
        this Image image, IEnumerable<LegendEntry> entries, LegendCorner corner = LegendCorner.BottomRight, DrawingStyle? style = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(entries);
        var scale = new DrawingScale(style ?? DrawingStyle.Default, image.Width, image.Height);
        var canvas = Canvas.CopyOf(image);
        List<LegendEntry> list = [.. entries];
        if (list.Count > 0)
            LegendPainter.Draw(canvas, scale, list, corner);
        return canvas.ToImage(image.Metadata);
    }

    private static void DrawBox(Canvas canvas, DrawingScale scale, Area box, Color color)
    {
        float radius = scale.Line * CornerRadius;

        // Thin boxes leave no room for inner edges: the coloured line matters more.
        bool isRoomy = Math.Min(box.Width, box.Height) >= 2 * (scale.Line + (2 * scale.Edge));
        if (isRoomy)
        {
            canvas.Frame(box.Grow(scale.Edge), scale.Edge, radius + scale.Edge, Edge, EdgeOpacity);
            canvas.Frame(box.Grow(-scale.Line), scale.Edge, 0, Edge, EdgeOpacity);
        }

        canvas.Frame(box, scale.Line, radius, color, 1);
    }

    private static MaskAnnotation Check(MaskAnnotation mask)
    {
        if (mask.Width < 1 || mask.Height < 1 || mask.Coverage.Length != (long)mask.Width * mask.Height)
            throw new ArgumentException($"The mask of {mask.Width}x{mask.Height} pixels has {mask.Coverage.Length} levels.", nameof(mask));

        // Beyond these positions no picture lies, and sums could overflow.
        if (Math.Abs((long)mask.Left) > 1 << 30 || Math.Abs((long)mask.Top) > 1 << 30)
            throw new ArgumentOutOfRangeException(nameof(mask), $"The mask begins at {mask.Left}, {mask.Top}, far outside of any picture.");
        return mask;
    }

    /// <summary>Gives each label its own colour.</summary>
    private sealed class LabelColors
    {
        private readonly Dictionary<string, int> _indices = new(StringComparer.Ordinal);

        public Color Choose(Color? color, int? index, string? label)
        {
            if (color is { } given)
                return given;
            string key = label ?? string.Empty;
            if (index is null && !_indices.TryGetValue(key, out int known))
                _indices.Add(key, known = _indices.Count);
            else
                known = index ?? _indices[key];
            return Palette.Get(known);
        }
    }
}
