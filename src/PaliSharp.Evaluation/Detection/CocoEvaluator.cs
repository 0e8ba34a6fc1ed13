using PaliSharp.Segmentation;

namespace PaliSharp.Evaluation;

/// <summary>A thing that is there.</summary>
/// <param name="ImageId">The picture.</param>
/// <param name="CategoryId">What it is.</param>
/// <param name="Box">Where.</param>
/// <param name="Area">Its area in square pixels, by which things are small, medium or large.</param>
/// <param name="IsCrowd">Whether it stands for many things: what lies in it counts neither way.</param>
/// <param name="Mask">Its pixels; needed for masks only.</param>
public sealed record CocoTruth(long ImageId, long CategoryId, CocoBox Box, double Area, bool IsCrowd = false, RunLengths? Mask = null);

/// <summary>A thing that was found.</summary>
/// <param name="ImageId">The picture.</param>
/// <param name="CategoryId">What it is.</param>
/// <param name="Box">Where.</param>
/// <param name="Score">How sure; only the order counts, equal scores keep the order given.</param>
/// <param name="Mask">Its pixels; needed for masks only.</param>
public sealed record CocoPrediction(long ImageId, long CategoryId, CocoBox Box, double Score, RunLengths? Mask = null);

/// <summary>What is compared.</summary>
public enum CocoKind
{
    /// <summary>Boxes.</summary>
    Boxes,

    /// <summary>Masks.</summary>
    Masks,
}

/// <summary>The figures of COCO detection. −1 stands where there is nothing to average.</summary>
/// <param name="Ap">Average precision over intersections over union of 0.5 to 0.95, categories and 101 recalls.</param>
/// <param name="Ap50">At 0.5 alone.</param>
/// <param name="Ap75">At 0.75 alone.</param>
/// <param name="ApSmall">Of things below 32² pixels.</param>
/// <param name="ApMedium">Of things of 32² to 96² pixels.</param>
/// <param name="ApLarge">Of things above 96² pixels.</param>
/// <param name="Recall1">Average recall with one prediction a picture and category.</param>
/// <param name="Recall10">With ten.</param>
/// <param name="Recall100">With a hundred.</param>
/// <param name="RecallSmall">With a hundred, of things below 32² pixels.</param>
/// <param name="RecallMedium">With a hundred, of things of 32² to 96² pixels.</param>
/// <param name="RecallLarge">With a hundred, of things above 96² pixels.</param>
public sealed record CocoScores(
    double Ap,
    double Ap50,
    double Ap75,
    double ApSmall,
    double ApMedium,
    double ApLarge,
    double Recall1,
    double Recall10,
    double Recall100,
    double RecallSmall,
    double RecallMedium,
    double RecallLarge)
{
    /// <summary>Average precision of each category.</summary>
    public required IReadOnlyDictionary<long, double> ApByCategory { get; init; }

    /// <summary>Average precision at each intersection over union, 0.5 to 0.95 in steps of 0.05.</summary>
    public required IReadOnlyList<double> ApByThreshold { get; init; }
}

/// <summary>Detection scores as COCO's official evaluation computes them (pycocotools, default parameters).</summary>
public static class CocoEvaluator
{
    private const int Thresholds = 10;
    private const int RecallSteps = 101;
    private const double Epsilon = 2.220446049250313e-16;

    private static readonly double[] OverlapThresholds = [.. Enumerable.Range(0, Thresholds).Select(i => i == Thresholds - 1 ? 0.95 : 0.5 + (i * ((0.95 - 0.5) / (Thresholds - 1))))];
    private static readonly double[] RecallThresholds = [.. Enumerable.Range(0, RecallSteps).Select(i => i == RecallSteps - 1 ? 1.0 : i * 0.01)];
    private static readonly int[] MostPredictions = [1, 10, 100];
    private static readonly (double Least, double Most)[] AreaRanges = [(0, 1e10), (0, 32 * 32), (32 * 32, 96 * 96), (96 * 96, 1e10)];

    /// <summary>Compares predictions with what is there.</summary>
    /// <param name="truths">What is there.</param>
    /// <param name="predictions">What was found.</param>
    /// <param name="kind">What is compared.</param>
    /// <param name="categories">All categories, those included of which nothing is there; null for those that are.</param>
    /// <exception cref="ArgumentException">Masks are compared, but a mask is missing or has another size than its picture's others.</exception>
    public static CocoScores Evaluate(
        IReadOnlyList<CocoTruth> truths, IReadOnlyList<CocoPrediction> predictions, CocoKind kind, IReadOnlyList<long>? categories = null)
    {
        ArgumentNullException.ThrowIfNull(truths);
        ArgumentNullException.ThrowIfNull(predictions);
        long[] ids = [.. (categories ?? [.. truths.Select(truth => truth.CategoryId)]).Distinct().Order()];
        ILookup<(long, long), CocoTruth> truthsOf = truths.ToLookup(truth => (truth.CategoryId, truth.ImageId));
        ILookup<(long, long), CocoPrediction> predictionsOf = predictions.ToLookup(found => (found.CategoryId, found.ImageId));
        long[] images = [.. truths.Select(truth => truth.ImageId).Concat(predictions.Select(found => found.ImageId)).Distinct().Order()];
        var curves = new CocoCurve[ids.Length, AreaRanges.Length, MostPredictions.Length];
        for (int category = 0; category < ids.Length; category++)
        {
            CocoImage[] matched = [.. images.Select(image => CocoImage.Of([.. truthsOf[(ids[category], image)]], [.. predictionsOf[(ids[category], image)]], kind, MostPredictions[^1]))];
            for (int area = 0; area < AreaRanges.Length; area++)
            {
                CocoMatches[] matches = [.. matched.Select(image => image.Match(AreaRanges[area], OverlapThresholds))];
                for (int most = 0; most < MostPredictions.Length; most++)
                    curves[category, area, most] = CocoCurve.Of(matches, MostPredictions[most], Thresholds, RecallThresholds, Epsilon);
            }
        }

        return Summarize(ids, curves);
    }

    private static CocoScores Summarize(long[] ids, CocoCurve[,,] curves)
    {
        int all = MostPredictions.Length - 1;
        return new CocoScores(
            Precision(0),
            Precision(0, 0),
            Precision(0, 5),
            Precision(1),
            Precision(2),
            Precision(3),
            Recall(0, 0),
            Recall(0, 1),
            Recall(0, all),
            Recall(1, all),
            Recall(2, all),
            Recall(3, all))
        {
            ApByCategory = ids.Select((id, i) => (id, Ap: Mean(curves[i, 0, all].Precisions.SelectMany(row => row)))).ToDictionary(item => item.id, item => item.Ap),
            ApByThreshold = [.. Enumerable.Range(0, Thresholds).Select(i => Precision(0, i))],
        };

        double Precision(int area, int? threshold = null) => Mean(Enumerable.Range(0, ids.Length).SelectMany(
            i => threshold is { } only ? curves[i, area, all].Precisions[only] : curves[i, area, all].Precisions.SelectMany(row => row)));

        double Recall(int area, int most) => Mean(Enumerable.Range(0, ids.Length).SelectMany(i => curves[i, area, most].Recalls));
    }

    private static double Mean(IEnumerable<double> values)
    {
        double[] counted = [.. values.Where(value => value > -1)];
        return counted.Length == 0 ? -1 : counted.Average();
    }
}
