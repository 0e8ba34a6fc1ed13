namespace PaliSharp.Tasks;

/// <summary>Removes boxes that stand for the same thing as a surer one (non-maximum suppression).</summary>
public static class BoxSuppression
{
    /// <summary>Goes through the boxes from the surest on and keeps those that overlap no kept one too much.</summary>
    /// <param name="detections">The boxes.</param>
    /// <param name="maxOverlap">The largest intersection over union that two kept boxes may have, 0 to 1.</param>
    /// <param name="acrossLabels">Whether boxes of different labels are compared, too.</param>
    /// <returns>The kept boxes, in the order given.</returns>
    public static IReadOnlyList<Detection> Apply(IReadOnlyList<Detection> detections, double maxOverlap, bool acrossLabels = false)
    {
        ArgumentNullException.ThrowIfNull(detections);
        ArgumentOutOfRangeException.ThrowIfNegative(maxOverlap);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxOverlap, 1);
        var kept = new List<int>();
        foreach (int i in Enumerable.Range(0, detections.Count).OrderByDescending(i => detections[i].Score))
        {
            Detection candidate = detections[i];
            if (!kept.Exists(j => Conflicts(detections[j], candidate)))
                kept.Add(i);
        }

        kept.Sort();
        return [.. kept.Select(i => detections[i])];

        bool Conflicts(Detection surer, Detection other) =>
            (acrossLabels || surer.Label == other.Label) && surer.Box.IntersectionOverUnion(other.Box) > maxOverlap;
    }
}
