using PaliSharp.Segmentation;
using PaliSharp.Tasks;

namespace PaliSharp.Evaluation;

/// <summary>A figure and what it is the mean of.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Value">The mean, 0 to 1 unless its name says otherwise.</param>
/// <param name="Count">The number of things it is the mean of.</param>
public sealed record SceneScore(string Name, double Value, int Count);

/// <summary>Computes the figures of answers to scene questions.</summary>
internal static class SceneScores
{
    /// <summary>All figures, in order.</summary>
    public static IReadOnlyList<SceneScore> Of(IReadOnlyList<SceneAnswer> answers)
    {
        var scores = new List<SceneScore>();
        AddTexts(answers, scores);
        AddBoxes([.. answers.Where(answer => answer.Question.Skill == SceneSkill.Detection)], scores);
        AddMasks([.. answers.Where(answer => answer.Question.Skill == SceneSkill.Segmentation)], scores);
        return scores;
    }

    private static void AddTexts(IReadOnlyList<SceneAnswer> answers, List<SceneScore> scores)
    {
        foreach (SceneSkill skill in (SceneSkill[])[
            SceneSkill.Caption, SceneSkill.Description, SceneSkill.Region, SceneSkill.Counting, SceneSkill.Color, SceneSkill.Position, SceneSkill.Presence, SceneSkill.Background])
        {
            Add($"{skill}: exact", [.. answers.Where(answer => answer.Question.Skill == skill).Select(answer => answer.IsExact ? 1.0 : 0)]);
        }

        SceneAnswer[] captions = [.. answers.Where(answer => answer.Question.Skill == SceneSkill.Caption)];
        Add("Caption: content words found", [.. captions.Select(answer => ContentRecall(answer.Question.Answer, answer.Text))]);
        Add("Caption: the same things in any order", [.. captions.Select(answer => Things(answer.Question.Answer).SequenceEqual(Things(answer.Text), StringComparer.Ordinal) ? 1.0 : 0)]);
        if (captions.Length > 1)
        {
            CaptionItem[] items =
            [
                .. CaptionTokenizer.Tokenize([.. captions.Select(answer => answer.Text)]).Zip(
                    CaptionTokenizer.Tokenize([.. captions.Select(answer => answer.Question.Answer)]), (hypothesis, reference) => new CaptionItem(hypothesis, [reference])),
            ];
            scores.Add(new SceneScore("Caption: CIDEr (0 to 10)", Cider.Score(items).Score, items.Length));
        }

        SceneAnswer[] words = [.. answers.Where(answer => answer.Question.Skill == SceneSkill.Reading && answer.Scene.Text is not null)];
        SceneAnswer[] blanks = [.. answers.Where(answer => answer.Question.Skill == SceneSkill.Reading && answer.Scene.Text is null)];
        Add("Reading: word exact", [.. words.Select(answer => answer.IsExact ? 1.0 : 0)]);
        Add("Reading: characters wrong (CER)", [.. words.Select(answer => Math.Min(1, EditDistance.Characters(answer.Question.Answer, answer.Text).Rate))]);
        Add("Reading: says that there is no text", [.. blanks.Select(answer => answer.IsExact ? 1.0 : 0)]);

        void Add(string name, double[] values)
        {
            if (values.Length > 0)
                scores.Add(new SceneScore(name, values.Average(), values.Length));
        }
    }

    private static void AddBoxes(SceneAnswer[] answers, List<SceneScore> scores)
    {
        if (answers.Length == 0)
            return;
        var truths = new List<CocoTruth>();
        var predictions = new List<CocoPrediction>();
        double overlap = 0;
        int exact = 0;
        for (int i = 0; i < answers.Length; i++)
        {
            IReadOnlyList<Detection> found = ((DetectionResult)answers[i].Result).Detections;
            SceneObject[] wanted = [.. answers[i].Scene.Matching(answers[i].Question.Phrase!)];
            long category = answers[i].Question.Phrase == "shape" ? 1 : 2;
            foreach (SceneObject item in wanted)
            {
                truths.Add(new CocoTruth(i, category, ToCoco(item.Box), item.Box.Area));
                overlap += found.Select(other => other.Box.IntersectionOverUnion(item.Box)).DefaultIfEmpty(0).Max();
            }

            predictions.AddRange(found.Select(item => new CocoPrediction(i, category, ToCoco(item.Box), item.Score)));
            bool areAllFound = wanted.All(item => found.Any(other => other.Box.IntersectionOverUnion(item.Box) > 0.5f));
            exact += areAllFound && found.Count == wanted.Length ? 1 : 0;
        }

        CocoScores coco = CocoEvaluator.Evaluate(truths, predictions, CocoKind.Boxes);
        scores.Add(new SceneScore("Detection: mAP at 0.5", coco.Ap50, truths.Count));
        scores.Add(new SceneScore("Detection: mAP at 0.5 to 0.95", coco.Ap, truths.Count));
        scores.Add(new SceneScore("Detection: mean IoU of wanted boxes", overlap / truths.Count, truths.Count));
        scores.Add(new SceneScore("Detection: all boxes at 0.5 and none too many", (double)exact / answers.Length, answers.Length));
    }

    private static void AddMasks(SceneAnswer[] answers, List<SceneScore> scores)
    {
        double overlap = 0;
        double boxOverlap = 0;
        int count = 0;
        foreach (SceneAnswer answer in answers)
        {
            IReadOnlyList<Segment> found = ((SegmentationResult)answer.Result).Segments;
            foreach (SceneObject item in answer.Scene.Matching(answer.Question.Phrase!))
            {
                overlap += found.Select(other => other.Mask.IntersectionOverUnion(item.Mask)).DefaultIfEmpty(0).Max();
                boxOverlap += found.Select(other => (double)other.Box.IntersectionOverUnion(item.Box)).DefaultIfEmpty(0).Max();
                count++;
            }
        }

        if (count == 0)
            return;
        scores.Add(new SceneScore("Segmentation: mean IoU of wanted masks", overlap / count, count));
        scores.Add(new SceneScore("Segmentation: mean IoU of wanted boxes", boxOverlap / count, count));
    }

    /// <summary>The share of a caption's words that carry content (all but articles and the like) that another has, too.</summary>
    private static double ContentRecall(string right, string text)
    {
        string[] content = [.. right.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries).Where(word => word is not ("a" or "an" or "the" or "on" or "and" or "background" or "text"))];
        HashSet<string> written = [.. text.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries)];
        return content.Length == 0 ? 1 : (double)content.Count(written.Contains) / content.Length;
    }

    /// <summary>What a caption lists, sorted: <c>a red circle</c>, <c>two blue stars</c>, the background.</summary>
    private static string[] Things(string caption) => [.. caption.Trim().Split([", ", " and ", " on "], StringSplitOptions.None).Order(StringComparer.Ordinal)];

    private static CocoBox ToCoco(BoundingBox box) => new(box.X1, box.Y1, box.Width, box.Height);
}
