using System.Text.Json;
using Xunit;

namespace PaliSharp.Evaluation.Tests;

[Trait("Category", "Golden")]
public sealed class AnswerGoldenTests
{
    [SkippableFact]
    public void AnlsAndSimpleAnswersEqualBigVision()
    {
        foreach (JsonElement root in MetricGoldens.Files("answers.json"))
        {
            foreach (JsonElement item in root.List("anls"))
                MetricGoldens.Close(item.Number("score"), AnswerMetrics.Anls(item.Text("target"), item.Text("prediction")), 1e-12, item.Text("name"));
            foreach (bool isLower in (bool[])[false, true])
            {
                string variant = isLower ? "lower" : "cased";
                CheckMean(root, $"vqa_multi_{variant}", Simple(root.List("vqa_multi"), isLower, variant));
                CheckMean(root, $"vqa_single_{variant}", Simple(root.List("vqa_single"), isLower, variant));
            }
        }
    }

    [SkippableFact]
    public void ChartsCountsAndChoicesEqualBigVision()
    {
        foreach (JsonElement root in MetricGoldens.Files("answers.json"))
        {
            foreach (bool isLower in (bool[])[false, true])
            {
                foreach (JsonElement item in root.List("chartqa"))
                {
                    (string target, string prediction) = (Cased(item.Text("target"), isLower), Cased(item.Text("prediction"), isLower));
                    JsonElement expected = item.GetProperty(isLower ? "lower" : "cased");
                    Assert.Equal(expected.Number("relaxed_acc"), AnswerMetrics.IsRelaxedMatch(target, prediction) ? 1 : 0);
                    Assert.Equal(expected.Number("acc"), target == prediction ? 1 : 0);
                }
            }

            foreach (JsonElement item in root.List("tallyqa"))
                Assert.Equal(item.Number("acc"), AnswerMetrics.IsCountRight(item.Text("answer"), item.Text("prediction")) ? 1 : 0);
            foreach (JsonElement item in root.List("science_qa"))
            {
                Assert.Equal(item.Number("acc"), AnswerMetrics.IsScienceRight(item.Text("answer"), item.Text("prediction")) ? 1 : 0);
                Assert.Equal(item.Number("parsefail"), AnswerMetrics.ScienceLetter(item.Text("prediction")) is null ? 1 : 0);
            }

            foreach (JsonElement item in root.List("mmvp"))
                Assert.Equal(item.Number("pair_correct"), item.Texts("answers").SequenceEqual(item.Texts("predictions")) ? 1 : 0);
        }
    }

    [SkippableFact]
    public void PopeAndRemoteSensingEqualBigVision()
    {
        foreach (JsonElement root in MetricGoldens.Files("answers.json"))
        {
            JsonElement aggregate = root.GetProperty("aggregate");
            JsonElement[] pope = [.. root.List("pope")];
            foreach (JsonElement item in pope)
            {
                Assert.Equal(item.Number("acc"), AnswerMetrics.IsPopeRight(item.Text("answer"), item.Text("prediction")) ? 1 : 0);
                Assert.Equal(item.Number("valid_percent"), AnswerMetrics.IsPopeValid(item.Text("prediction")) ? 1 : 0);
            }

            var count = BinaryCount.Of(pope.Select(item => (AnswerMetrics.Lower(item.Text("prediction")) == "yes", item.Text("answer") == "yes")));
            JsonElement expected = aggregate.GetProperty("pope_yes_class");
            MetricGoldens.Close(expected.Number("precision"), count.Precision, 1e-12, "precision");
            MetricGoldens.Close(expected.Number("recall"), count.Recall, 1e-12, "recall");
            MetricGoldens.Close(expected.Number("f1"), count.F1, 1e-12, "f1");
            MetricGoldens.Close(expected.Number("yes_ratio"), count.PositiveRatio, 1e-12, "yes ratio");
            foreach (string set in (string[])["rsvqa_lr", "rsvqa_hr"])
            {
                RsvqaScore score = RsvqaScore.Of(root.List(set).Select(item => (
                    item.Text("question_type"), AnswerMetrics.SimpleVqa(AnswerMetrics.Lower(item.Text("prediction")), [.. item.Texts("answers").Select(AnswerMetrics.Lower)]).Any)));
                JsonElement right = aggregate.GetProperty(set);
                foreach ((string type, double accuracy) in score.ByType)
                    MetricGoldens.Close(right.Number($"acc_{type}"), accuracy, 1e-12, $"{set} {type}");
                MetricGoldens.Close(right.Number("acc_avg"), score.Average, 1e-12, set);
                if (right.TryGetProperty("acc_avg_nonum", out JsonElement without))
                    MetricGoldens.Close(without.GetDouble(), score.AverageWithoutNumbers!.Value, 1e-12, set);
            }
        }
    }

    [SkippableFact]
    public void VqaAccuracyEqualsTheOfficialScorer()
    {
        foreach (JsonElement root in MetricGoldens.Files("vqa_accuracy.json"))
        {
            foreach (JsonElement item in root.List("normalization"))
            {
                string stripped = VqaAccuracy.Strip(item.Text("text"));
                Assert.Equal(item.Text("stripped"), stripped);
                Assert.Equal(item.Text("big_vision"), VqaAccuracy.Normalize(stripped));
                Assert.Equal(item.Text("official"), VqaAccuracy.Normalize(stripped, isOfficial: true));
            }

            var byType = new Dictionary<string, List<double>>();
            foreach (JsonElement item in root.List("items"))
            {
                double score = VqaAccuracy.Score(item.Text("prediction"), item.Texts("answers"));
                MetricGoldens.Close(item.Number("accuracy"), score, 1e-12, item.Text("name"));
                MetricGoldens.Close(item.Number("accuracy_official"), score, 5e-9, item.Text("name"));
                if (!byType.TryGetValue(item.Text("answer_type"), out List<double>? scores))
                    byType.Add(item.Text("answer_type"), scores = []);
                scores.Add(score);
            }

            JsonElement aggregate = root.GetProperty("aggregate").GetProperty("big_vision");
            MetricGoldens.Close(aggregate.Number("acc"), byType.Values.SelectMany(scores => scores).Average(), 1e-12, "mean");
            foreach ((string type, List<double> scores) in byType)
                MetricGoldens.Close(aggregate.Number($"acc/{type.Replace("/", string.Empty, StringComparison.Ordinal)}"), scores.Average(), 1e-12, type);
        }
    }

    private static string Cased(string text, bool isLower) => isLower ? AnswerMetrics.Lower(text) : text;

    private static SimpleVqaScore[] Simple(IEnumerable<JsonElement> items, bool isLower, string variant)
    {
        var scores = new List<SimpleVqaScore>();
        foreach (JsonElement item in items)
        {
            JsonElement expected = item.GetProperty(variant);
            bool isSingle = item.TryGetProperty("answer", out JsonElement answer);
            string[] answers = isSingle ? [answer.GetString()!] : item.Texts("answers");
            SimpleVqaScore score = AnswerMetrics.SimpleVqa(Cased(item.Text("prediction"), isLower), [.. answers.Select(text => Cased(text, isLower))]);
            if (isSingle)
                score = score with { Accuracy = score.Any }; // one right answer: equal or not
            MetricGoldens.Close(expected.Number("acc"), score.Accuracy, 1e-12, item.Text("name"));
            MetricGoldens.Close(expected.Number("anls"), score.Anls, 1e-12, item.Text("name"));
            if (expected.TryGetProperty("acc_any", out JsonElement any))
                Assert.Equal(any.GetDouble(), score.Any);
            scores.Add(score);
        }

        return [.. scores];
    }

    private static void CheckMean(JsonElement root, string name, SimpleVqaScore[] scores)
    {
        JsonElement expected = root.GetProperty("aggregate").GetProperty(name);
        MetricGoldens.Close(expected.Number("acc"), scores.Average(score => score.Accuracy), 1e-12, name);
        MetricGoldens.Close(expected.Number("anls"), scores.Average(score => score.Anls), 1e-12, name);
    }
}
