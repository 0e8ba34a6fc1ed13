using PaliSharp.Tasks;

namespace PaliSharp.Evaluation;

/// <summary>A word and its box.</summary>
/// <param name="X1">The left edge in pixels.</param>
/// <param name="Y1">The top edge.</param>
/// <param name="X2">The right edge.</param>
/// <param name="Y2">The bottom edge.</param>
/// <param name="Text">The word.</param>
/// <param name="IsIgnored">For a right word: whether it does not count, and what lies in it neither.</param>
public readonly record struct SpottedWord(double X1, double Y1, double X2, double Y2, string Text, bool IsIgnored = false)
{
    /// <summary>A word that was found.</summary>
    /// <param name="region">What was found.</param>
    public static SpottedWord Of(TextRegion region)
    {
        ArgumentNullException.ThrowIfNull(region);
        return new SpottedWord(region.Box.X1, region.Box.Y1, region.Box.X2, region.Box.Y2, region.Text);
    }
}

/// <summary>Counts of text detection and reading by the rules of HierText; add them up over pages.</summary>
/// <param name="Detected">Words whose box was found.</param>
/// <param name="Read">Words found and read, every character right.</param>
/// <param name="Predictions">The words predicted.</param>
/// <param name="Truths">The right words.</param>
/// <param name="DetectedOverlap">The sum of intersection over union of the words found.</param>
/// <param name="ReadOverlap">The same of the words read.</param>
public readonly record struct TextSpotting(int Detected, int Read, int Predictions, int Truths, double DetectedOverlap, double ReadOverlap)
{
    private const double Threshold = 0.5;

    // Keeps divisions by an area above zero; part of the official scores.
    private const double Epsilon = 1e-5;

    /// <summary>The share of right words that were found; 1 if there are none.</summary>
    public double DetectionRecall => Share(Detected, Truths);

    /// <summary>The share of predicted words that were right; 1 if there are none.</summary>
    public double DetectionPrecision => Share(Detected, Predictions);

    /// <summary>The harmonic mean of both.</summary>
    public double DetectionF1 => Harmonic(DetectionRecall, DetectionPrecision);

    /// <summary>The mean intersection over union of the words found; 1 if there are none.</summary>
    public double DetectionTightness => Detected == 0 ? 1 : DetectedOverlap / Detected;

    /// <summary>As <see cref="DetectionRecall"/>, the text being right, too.</summary>
    public double ReadingRecall => Share(Read, Truths);

    /// <summary>As <see cref="DetectionPrecision"/>, the text being right, too.</summary>
    public double ReadingPrecision => Share(Read, Predictions);

    /// <summary>The harmonic mean of both.</summary>
    public double ReadingF1 => Harmonic(ReadingRecall, ReadingPrecision);

    /// <summary>The mean intersection over union of the words read; 1 if there are none.</summary>
    public double ReadingTightness => Read == 0 ? 1 : ReadOverlap / Read;

    /// <summary>Tightness times F1 of detection.</summary>
    public double DetectionQuality => DetectionTightness * DetectionF1;

    /// <summary>Tightness times F1 of reading.</summary>
    public double ReadingQuality => ReadingTightness * ReadingF1;

    /// <summary>The counts of two pages together.</summary>
    public static TextSpotting operator +(TextSpotting left, TextSpotting right) => new(
        left.Detected + right.Detected,
        left.Read + right.Read,
        left.Predictions + right.Predictions,
        left.Truths + right.Truths,
        left.DetectedOverlap + right.DetectedOverlap,
        left.ReadOverlap + right.ReadOverlap);

    /// <summary>
    /// Compares a page. A pair matches if each is the other's best partner by intersection over union, and that is at least 0.5. Predictions of
    /// which at least half lies in an ignored word do not count.
    /// </summary>
    /// <param name="truths">The right words.</param>
    /// <param name="predictions">The words predicted.</param>
    public static TextSpotting OfPage(IReadOnlyList<SpottedWord> truths, IReadOnlyList<SpottedWord> predictions)
    {
        ArgumentNullException.ThrowIfNull(truths);
        ArgumentNullException.ThrowIfNull(predictions);
        SpottedWord[] ignored = [.. truths.Where(word => word.IsIgnored)];
        SpottedWord[] right = [.. truths.Where(word => !word.IsIgnored)];
        SpottedWord[] found = [.. predictions.Where(word => !ignored.Any(other => Shared(word, other) / (Area(word) + Epsilon) >= Threshold))];
        var counts = new TextSpotting(0, 0, found.Length, right.Length, 0, 0);
        if (found.Length == 0)
            return counts;
        double[][] overlaps = [.. right.Select(word => Array.ConvertAll(found, other => Overlap(word, other)))];
        for (int i = 0; i < right.Length; i++)
        {
            int best = IndexOfMaximum(overlaps[i]);
            double overlap = overlaps[i][best];
            if (overlap < Threshold || IndexOfMaximum([.. overlaps.Select(row => row[best])]) != i)
                continue;
            bool isRead = found[best].Text == right[i].Text;
            counts += new TextSpotting(1, isRead ? 1 : 0, 0, 0, overlap, isRead ? overlap : 0);
        }

        return counts;
    }

    private static int IndexOfMaximum(double[] values) => Array.IndexOf(values, values.Max());

    private static double Area(SpottedWord word) => (word.X2 - word.X1) * (word.Y2 - word.Y1);

    private static double Shared(SpottedWord a, SpottedWord b)
    {
        double width = Math.Min(a.X2, b.X2) - Math.Max(a.X1, b.X1);
        double height = Math.Min(a.Y2, b.Y2) - Math.Max(a.Y1, b.Y1);
        return width > 0 && height > 0 && Area(a) >= Epsilon && Area(b) >= Epsilon ? width * height : 0;
    }

    private static double Overlap(SpottedWord a, SpottedWord b)
    {
        double shared = Shared(a, b);
        return shared / (Area(a) + Area(b) - shared + Epsilon);
    }

    private static double Share(int part, int whole) => whole == 0 ? 1 : (double)part / whole;

    private static double Harmonic(double a, double b) => a + b == 0 ? 0 : 2 * a * b / (a + b);
}
