using System.Globalization;
using PaliSharp.Imaging;
using PaliSharp.Imaging.Drawing;
using PaliSharp.Imaging.Text;

namespace PaliSharp.Training.Running;

/// <summary>Draws the losses of a training: every update thin, their running mean thick.</summary>
internal static class LossCurve
{
    private const int Width = 960;
    private const int Height = 540;
    private const int Margin = 64;
    private const int MostPoints = 800;
    private static readonly Color Ink = new(40, 40, 40);
    private static readonly Color Faint = new(205, 205, 205);
    private static readonly Color Single = new(150, 180, 220);
    private static readonly Color Mean = new(20, 80, 170);

    /// <summary>Draws the curve.</summary>
    /// <param name="steps">The updates; none draws an empty frame.</param>
    public static Image Draw(IReadOnlyList<TrainingStep> steps)
    {
        byte[] white = new byte[Width * Height * 3];
        Array.Fill(white, byte.MaxValue);
        var canvas = new Canvas(white, Width, Height);
        (double Step, double Loss)[] points = Thin([.. steps.Where(step => double.IsFinite(step.Loss)).Select(step => ((double)step.Step, step.Loss))]);
        double low = points.Length == 0 ? 0 : points.Min(point => point.Loss);
        double high = points.Length == 0 ? 1 : points.Max(point => point.Loss);
        if (high - low < 1e-9)
            (low, high) = (low - 0.5, high + 0.5);
        double last = points.Length == 0 ? 1 : points[^1].Step;

        for (int i = 0; i <= 4; i++)
        {
            double value = low + ((high - low) * i / 4);
            float y = Y(value, low, high);
            Stroke(canvas, Margin, y, Width - Margin, y, 1, Faint);
            Write(canvas, value.ToString("g4", CultureInfo.InvariantCulture), 8, y + 5);
            double step = last * i / 4;
            Write(canvas, step.ToString("f0", CultureInfo.InvariantCulture), X(step, last) - 12, Height - Margin + 24);
        }

        Write(canvas, "loss by update", Margin, Margin - 24);
        Draw(canvas, points, low, high, last, 1, Single);
        Draw(canvas, Smooth(points), low, high, last, 3, Mean);
        return canvas.ToImage(ImageMetadata.ForPixels(Width, Height));
    }

    private static void Draw(Canvas canvas, (double Step, double Loss)[] points, double low, double high, double last, float width, Color color)
    {
        for (int i = 1; i < points.Length; i++)
            Stroke(canvas, X(points[i - 1].Step, last), Y(points[i - 1].Loss, low, high), X(points[i].Step, last), Y(points[i].Loss, low, high), width, color);
    }

    private static float X(double step, double last) => (float)(Margin + ((Width - (2 * Margin)) * step / Math.Max(1, last)));

    private static float Y(double value, double low, double high) => (float)(Height - Margin - ((Height - (2 * Margin)) * (value - low) / (high - low)));

    // As many points as the picture has room for; each the mean of its run.
    private static (double Step, double Loss)[] Thin((double Step, double Loss)[] points)
    {
        if (points.Length <= MostPoints)
            return points;
        int run = (points.Length + MostPoints - 1) / MostPoints;
        return [.. points.Chunk(run).Select(chunk => (chunk[^1].Step, chunk.Average(point => point.Loss)))];
    }

    private static (double Step, double Loss)[] Smooth((double Step, double Loss)[] points)
    {
        const double Keep = 0.95;
        double sum = 0;
        double weight = 0;
        return [.. points.Select(point =>
        {
            sum = (Keep * sum) + point.Loss;
            weight = (Keep * weight) + 1;
            return (point.Step, sum / weight);
        })];
    }

    private static void Stroke(Canvas canvas, float x0, float y0, float x1, float y1, float width, Color color)
    {
        var area = new Area(
            (int)Math.Min(x0, x1) - 4, (int)Math.Min(y0, y1) - 4, (int)Math.Max(x0, x1) + 5, (int)Math.Max(y0, y1) + 5);
        canvas.Draw(area.Intersect(canvas.Bounds), color, 1, mask => mask.Stroke(x0, y0, x1, y1, width));
    }

    private static void Write(Canvas canvas, string text, float x, float baseline)
    {
        TextLine line = TextLine.Create(text, Font.Default, 15);
        var area = new Area((int)x - 2, (int)(baseline - line.Ascent) - 2, (int)(x + line.Width) + 3, (int)(baseline + line.Descent) + 3);
        canvas.Draw(area.Intersect(canvas.Bounds), Ink, 1, mask => line.Draw(mask, x, baseline));
    }
}
