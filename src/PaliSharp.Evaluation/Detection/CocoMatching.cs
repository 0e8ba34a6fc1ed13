using PaliSharp.Segmentation;

namespace PaliSharp.Evaluation;

/// <summary>What became of a picture's predictions of one category, the surest first.</summary>
/// <param name="Scores">Their scores.</param>
/// <param name="IsMatched">By threshold and prediction: whether it is right.</param>
/// <param name="IsIgnored">By threshold and prediction: whether it counts neither way.</param>
/// <param name="Truths">How many things were to be found.</param>
internal sealed record CocoMatches(double[] Scores, bool[][] IsMatched, bool[][] IsIgnored, int Truths);

/// <summary>One picture and category: things, predictions and how much they overlap.</summary>
internal sealed class CocoImage
{
    private readonly CocoTruth[] _truths;
    private readonly CocoPrediction[] _predictions;
    private readonly double[][] _overlaps;
    private readonly double[] _areas;

    private CocoImage(CocoTruth[] truths, CocoPrediction[] predictions, CocoKind kind)
    {
        _truths = truths;
        _predictions = predictions;
        _areas = Array.ConvertAll(predictions, found => kind == CocoKind.Boxes ? found.Box.Area : MaskOf(found.Mask).Area());
        _overlaps = Array.ConvertAll(predictions, found => Array.ConvertAll(truths, truth => kind == CocoKind.Boxes
            ? found.Box.Overlap(truth.Box, truth.IsCrowd)
            : MaskOf(found.Mask).Overlap(MaskOf(truth.Mask), truth.IsCrowd)));
    }

    /// <summary>Prepares a picture.</summary>
    /// <param name="truths">The things of the category.</param>
    /// <param name="predictions">The predictions.</param>
    /// <param name="kind">What is compared.</param>
    /// <param name="most">How many of the surest predictions count.</param>
    public static CocoImage Of(CocoTruth[] truths, CocoPrediction[] predictions, CocoKind kind, int most) =>
        new(truths, [.. predictions.OrderByDescending(found => found.Score).Take(most)], kind);

    /// <summary>Gives each prediction, the surest first, the free thing that it overlaps most.</summary>
    /// <param name="range">The areas that count; other things and what fits them count neither way.</param>
    /// <param name="thresholds">How much must overlap.</param>
    public CocoMatches Match((double Least, double Most) range, double[] thresholds)
    {
        bool[] isIgnored = Array.ConvertAll(_truths, truth => truth.IsCrowd || IsOutside(truth.Area, range));
        int[] order = [.. Enumerable.Range(0, _truths.Length).OrderBy(i => isIgnored[i])];
        var matched = new bool[thresholds.Length][];
        var ignored = new bool[thresholds.Length][];
        for (int t = 0; t < thresholds.Length; t++)
            (matched[t], ignored[t]) = MatchAt(thresholds[t], order, isIgnored, range);
        return new CocoMatches(Array.ConvertAll(_predictions, found => found.Score), matched, ignored, isIgnored.Count(value => !value));
    }

    private (bool[] Matched, bool[] Ignored) MatchAt(double threshold, int[] order, bool[] isIgnored, (double Least, double Most) range)
    {
        var matched = new bool[_predictions.Length];
        var ignored = new bool[_predictions.Length];
        var isTaken = new bool[_truths.Length];
        for (int i = 0; i < _predictions.Length; i++)
        {
            int best = -1;
            double overlap = Math.Min(threshold, 1 - 1e-10);
            foreach (int truth in order)
            {
                if (isTaken[truth] && !_truths[truth].IsCrowd)
                    continue;

                // Things that count come first: once one fits, one that does not count is no rival.
                if (best >= 0 && !isIgnored[best] && isIgnored[truth])
                    break;
                if (_overlaps[i][truth] < overlap)
                    continue;
                overlap = _overlaps[i][truth];
                best = truth;
            }

            if (best >= 0)
            {
                isTaken[best] = true;
                matched[i] = true;
                ignored[i] = isIgnored[best];
            }
            else
            {
                ignored[i] = IsOutside(_areas[i], range);
            }
        }

        return (matched, ignored);
    }

    private static bool IsOutside(double area, (double Least, double Most) range) => area < range.Least || area > range.Most;

    private static RunLengths MaskOf(RunLengths? mask) => mask ?? throw new ArgumentException("Masks are compared, but one is missing.", nameof(mask));
}

/// <summary>Precision over recall of one category, area range and number of predictions.</summary>
/// <param name="Precisions">By threshold and recall; −1 if there is nothing to find.</param>
/// <param name="Recalls">The recall reached, by threshold; −1 if there is nothing to find.</param>
internal sealed record CocoCurve(double[][] Precisions, double[] Recalls)
{
    /// <summary>Joins the pictures of a category.</summary>
    public static CocoCurve Of(CocoMatches[] images, int most, int thresholds, double[] recalls, double epsilon)
    {
        int truths = images.Sum(image => image.Truths);
        if (truths == 0)
        {
            double[] nothing = [.. Enumerable.Repeat(-1.0, recalls.Length)];
            return new CocoCurve([.. Enumerable.Repeat(nothing, thresholds)], [.. Enumerable.Repeat(-1.0, thresholds)]);
        }

        (int Image, int Index)[] order =
        [
            .. images
                .SelectMany((image, i) => Enumerable.Range(0, Math.Min(image.Scores.Length, most)).Select(index => (Image: i, Index: index)))
                .OrderByDescending(item => images[item.Image].Scores[item.Index]),
        ];
        var precisions = new double[thresholds][];
        double[] reached = new double[thresholds];
        for (int t = 0; t < thresholds; t++)
            (precisions[t], reached[t]) = At(images, order, t, truths, recalls, epsilon);
        return new CocoCurve(precisions, reached);
    }

    private static (double[] Precisions, double Recall) At(
        CocoMatches[] images, (int Image, int Index)[] order, int threshold, int truths, double[] recalls, double epsilon)
    {
        var recall = new List<double>();
        var precision = new List<double>();
        double right = 0;
        double wrong = 0;
        foreach ((int image, int index) in order)
        {
            if (!images[image].IsIgnored[threshold][index])
            {
                if (images[image].IsMatched[threshold][index])
                    right++;
                else
                    wrong++;
            }

            recall.Add(right / truths);
            precision.Add(right / (wrong + right + epsilon));
        }

        // From the end on the best precision at this recall or a higher one.
        for (int i = precision.Count - 2; i >= 0; i--)
            precision[i] = Math.Max(precision[i], precision[i + 1]);
        double[] sampled = new double[recalls.Length];
        int at = 0;
        for (int i = 0; i < recalls.Length; i++)
        {
            while (at < recall.Count && recall[at] < recalls[i])
                at++;
            sampled[i] = at < precision.Count ? precision[at] : 0;
        }

        return (sampled, recall.Count == 0 ? 0 : recall[^1]);
    }
}
