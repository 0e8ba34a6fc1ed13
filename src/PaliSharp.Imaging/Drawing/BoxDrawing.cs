namespace PaliSharp.Imaging.Drawing;

/// <summary>A box to draw.</summary>
/// <param name="Left">The left edge in pixels.</param>
/// <param name="Top">The upper edge in pixels.</param>
/// <param name="Right">The right edge in pixels, exclusive.</param>
/// <param name="Bottom">The lower edge in pixels, exclusive.</param>
/// <param name="ColorIndex">The index into <see cref="Palette"/>, for instance the number of the label.</param>
public readonly record struct DrawnBox(double Left, double Top, double Right, double Bottom, int ColorIndex);

/// <summary>Draws boxes on pictures.</summary>
public static class BoxDrawing
{
    private static readonly Color Edge = new(16, 16, 16);

    /// <summary>The line width in pixels that fits a picture: about 1/200 of its size, at least 1.</summary>
    /// <param name="width">The columns of the picture.</param>
    /// <param name="height">The rows of the picture.</param>
    public static int LineWidth(int width, int height) => Math.Max(1, (int)Math.Round(Math.Sqrt((double)width * height) / 200));

    /// <summary>
    /// Draws the outlines of boxes on a copy of a picture: coloured lines between thin dark ones, visible on any background.
    /// Parts outside of the picture are left out; the outline of a box that leaves the picture runs along the picture's edge.
    /// </summary>
    /// <param name="image">The picture.</param>
    /// <param name="boxes">The boxes; later ones cover earlier ones. Boxes without area inside the picture are skipped.</param>
    /// <returns>A new picture of the same size without alpha.</returns>
    public static Image DrawBoxes(this Image image, IEnumerable<DrawnBox> boxes)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(boxes);
        Image rgb = image.ToRgb();
        byte[] pixels = rgb.Pixels.ToArray();
        var canvas = new Canvas(pixels, image.Width, image.Height);
        int line = LineWidth(image.Width, image.Height);
        int edge = Math.Max(1, line / 3);
        foreach (DrawnBox box in boxes)
        {
            if (Clip(box, image.Width, image.Height) is not var (left, top, right, bottom))
                continue;

            // Thin pictures and boxes leave no room for edges: the coloured line matters more.
            bool roomy = Math.Min(right - left, bottom - top) >= 2 * (line + (2 * edge));
            if (roomy)
                canvas.Frame(left - edge, top - edge, right + edge, bottom + edge, line + (2 * edge), Edge);
            canvas.Frame(left, top, right, bottom, line, Palette.Get(box.ColorIndex));
        }

        return new Image(image.Width, image.Height, 3, pixels, image.Metadata);
    }

    private static (int Left, int Top, int Right, int Bottom)? Clip(DrawnBox box, int width, int height)
    {
        bool finite = double.IsFinite(box.Left) && double.IsFinite(box.Top) && double.IsFinite(box.Right) && double.IsFinite(box.Bottom);
        if (!finite || box.Right <= box.Left || box.Bottom <= box.Top)
            return null;
        if (box.Right <= 0 || box.Bottom <= 0 || box.Left >= width || box.Top >= height)
            return null;
        int left = Math.Min((int)Math.Round(Math.Clamp(box.Left, 0, width)), width - 1);
        int top = Math.Min((int)Math.Round(Math.Clamp(box.Top, 0, height)), height - 1);
        int right = Math.Max((int)Math.Round(Math.Clamp(box.Right, 0, width)), left + 1);
        int bottom = Math.Max((int)Math.Round(Math.Clamp(box.Bottom, 0, height)), top + 1);
        return (left, top, right, bottom);
    }
}
