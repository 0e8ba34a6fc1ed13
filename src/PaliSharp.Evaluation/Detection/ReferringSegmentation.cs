using PaliSharp.Segmentation;
using PaliSharp.Tasks;

namespace PaliSharp.Evaluation;

/// <summary>How well one referred-to object was segmented, by the rules of big_vision's RefCOCO evaluator; add items up for the means.</summary>
/// <param name="Items">The number of items.</param>
/// <param name="Overlap">The sum of intersection over union of the masks; 0 for an invalid answer.</param>
/// <param name="BoxHits50">Boxes that overlap by at least 0.5.</param>
/// <param name="BoxHits75">Boxes that overlap by at least 0.75.</param>
/// <param name="Invalid">Answers that are no valid object, or whose box has no pixel.</param>
/// <param name="Intersection">The shared pixels.</param>
/// <param name="Union">The pixels covered together; those of the right mask for an invalid answer.</param>
public readonly record struct ReferringSegmentation(int Items, double Overlap, int BoxHits50, int BoxHits75, int Invalid, long Intersection, long Union)
{
    /// <summary>The mean intersection over union.</summary>
    public double MeanOverlap => Overlap / Items;

    /// <summary>All shared pixels divided by all covered ones.</summary>
    public double CumulativeOverlap => (double)Intersection / Union;

    /// <summary>The items of both.</summary>
    public static ReferringSegmentation operator +(ReferringSegmentation left, ReferringSegmentation right) => new(
        left.Items + right.Items,
        left.Overlap + right.Overlap,
        left.BoxHits50 + right.BoxHits50,
        left.BoxHits75 + right.BoxHits75,
        left.Invalid + right.Invalid,
        left.Intersection + right.Intersection,
        left.Union + right.Union);

    /// <summary>Compares an answer with the right mask and box.</summary>
    /// <param name="bins">The four location bins, y before x, min before max; null if the answer has no valid object.</param>
    /// <param name="decoded">The 64×64 values of the decoded mask; not used without bins.</param>
    /// <param name="truth">The right mask, of the picture's size.</param>
    /// <param name="truthBox">The right box as shares of the picture: y min, x min, y max, x max.</param>
    /// <exception cref="ArgumentException">There are not four bins, or not 64×64 values.</exception>
    public static ReferringSegmentation Of(IReadOnlyList<int>? bins, ReadOnlySpan<float> decoded, Mask truth, (double YMin, double XMin, double YMax, double XMax) truthBox)
    {
        ArgumentNullException.ThrowIfNull(truth);
        if (bins is null)
            return new ReferringSegmentation(1, 0, 0, 0, 1, 0, truth.Area);
        if (bins.Count != 4)
            throw new ArgumentException($"A box has four bins, not {bins.Count}.", nameof(bins));
        PixelBox pixels = LocationGrid.ToPixels(bins[0], bins[1], bins[2], bins[3], truth.Width, truth.Height);
        double boxOverlap = BoxOverlap(bins, truthBox);
        var item = new ReferringSegmentation(1, 0, boxOverlap >= 0.5 ? 1 : 0, boxOverlap >= 0.75 ? 1 : 0, 1, 0, truth.Area);
        if (pixels.IsEmpty)
            return item;
        Mask found = MaskPasting.Paste(decoded, pixels, truth.Width, truth.Height);
        long shared = 0;
        for (int y = pixels.Y1; y < pixels.Y2; y++)
        {
            for (int x = pixels.X1; x < pixels.X2; x++)
                shared += found[x, y] && truth[x, y] ? 1 : 0;
        }

        long union = found.Area + truth.Area - shared;
        return item with { Invalid = 0, Overlap = union == 0 ? 0 : (double)shared / union, Intersection = shared, Union = union };
    }

    private static double BoxOverlap(IReadOnlyList<int> bins, (double YMin, double XMin, double YMax, double XMax) truth)
    {
        const double Last = LocationGrid.Bins - 1;
        (double y1, double x1, double y2, double x2) = (bins[0] / Last, bins[1] / Last, bins[2] / Last, bins[3] / Last);
        double height = Math.Max(0, Math.Min(y2, truth.YMax) - Math.Max(y1, truth.YMin));
        double width = Math.Max(0, Math.Min(x2, truth.XMax) - Math.Max(x1, truth.XMin));
        double shared = height * width;
        return shared / (((y2 - y1) * (x2 - x1)) + ((truth.YMax - truth.YMin) * (truth.XMax - truth.XMin)) - shared);
    }
}
