using System.Text.Json;
using PaliSharp.Tasks;
using Xunit;

namespace PaliSharp.Evaluation.Tests;

[Trait("Category", "Golden")]
public sealed class TextGoldenTests
{
    [SkippableFact]
    public void EditDistancesAndErrorRatesEqualTheLibraries()
    {
        foreach (JsonElement root in MetricGoldens.Files("edit_distance.json"))
        {
            ErrorCount characters = default;
            ErrorCount words = default;
            foreach (JsonElement item in root.List("edit"))
            {
                (string reference, string hypothesis) = (item.Text("reference"), item.Text("hypothesis"));
                Assert.Equal(item.Integer("levenshtein"), EditDistance.OfCharacters(reference, hypothesis));
                MetricGoldens.Close(item.Number("normalized_distance"), EditDistance.Normalized(reference, hypothesis), 1e-12, item.Text("name"));
                if (item.TryGetProperty("cer", out JsonElement cer))
                    MetricGoldens.Close(cer.GetDouble(), EditDistance.Characters(reference, hypothesis).Rate, 1e-12, item.Text("name"));
                if (!item.TryGetProperty("wer", out JsonElement wer))
                    continue;
                MetricGoldens.Close(wer.GetDouble(), EditDistance.Words(reference, hypothesis).Rate, 1e-12, item.Text("name"));
                characters += EditDistance.Characters(reference, hypothesis);
                words += EditDistance.Words(reference, hypothesis);
            }

            JsonElement aggregate = root.GetProperty("aggregate");
            MetricGoldens.Close(aggregate.Number("corpus_cer"), characters.Rate, 1e-12, "corpus_cer");
            MetricGoldens.Close(aggregate.Number("corpus_wer"), words.Rate, 1e-12, "corpus_wer");
        }
    }

    [SkippableFact]
    public void MusicErrorsEqualTheReference()
    {
        foreach (JsonElement root in MetricGoldens.Files("edit_distance.json"))
        {
            MusicErrors total = default;
            foreach (JsonElement item in root.List("music"))
            {
                MusicErrors errors = MusicErrors.Of(item.Text("reference"), item.Text("hypothesis"));
                Assert.Equal((item.Integer("edits_c"), item.Integer("length_c")), (errors.Characters.Edits, errors.Characters.Length));
                Assert.Equal((item.Integer("edits_s"), item.Integer("length_s")), (errors.Symbols.Edits, errors.Symbols.Length));
                Assert.Equal((item.Integer("edits_l"), item.Integer("length_l")), (errors.Lines.Edits, errors.Lines.Length));
                total += errors;
            }

            JsonElement expected = root.GetProperty("aggregate").GetProperty("music");
            MetricGoldens.Close(expected.Number("cer"), 100 * total.Characters.Rate, 1e-12, "cer");
            MetricGoldens.Close(expected.Number("ser"), 100 * total.Symbols.Rate, 1e-12, "ser");
            MetricGoldens.Close(expected.Number("ler"), 100 * total.Lines.Rate, 1e-12, "ler");
        }
    }

    /// <summary>Equality of strings, and that what a chemistry library reads is SMILES for us, too. The library's canonical form is not ours.</summary>
    [SkippableFact]
    public void MoleculesThatTheLibraryReadsParse()
    {
        foreach (JsonElement root in MetricGoldens.Files("edit_distance.json"))
        {
            foreach (JsonElement item in root.List("molecules"))
            {
                string prediction = item.Text("prediction");
                Assert.Equal(item.Number("exact"), prediction == item.Text("reference") ? 1 : 0);
                Assert.Null(SmilesParser.Parse(item.Text("reference")).Problem);
                if (item.GetProperty("valid").GetBoolean() && prediction.Length > 0)
                    Assert.Null(SmilesParser.Parse(prediction).Problem);
            }
        }
    }

    [SkippableFact]
    public void TextSpottingEqualsHierText()
    {
        foreach (JsonElement root in MetricGoldens.Files("text_spotting.json"))
        {
            TextSpotting total = default;
            foreach (JsonElement item in root.List("cases"))
            {
                TextSpotting page = TextSpotting.OfPage([.. item.List("ground_truth").Select(Word)], [.. item.List("predictions").Select(Word)]);
                CheckCounts(item.GetProperty("counts"), page, item.Text("name"));
                CheckRates(item.GetProperty("metrics"), page, item.Text("name"));
                total += page;
            }

            CheckCounts(root.GetProperty("aggregate").GetProperty("counts"), total, "all");
            CheckRates(root.GetProperty("aggregate").GetProperty("metrics"), total, "all");
        }
    }

    private static SpottedWord Word(JsonElement item)
    {
        double[] box = item.GetProperty("box_xyxy").Numbers();
        return new SpottedWord(box[0], box[1], box[2], box[3], item.Text("text"), item.TryGetProperty("ignore", out JsonElement ignore) && ignore.GetBoolean());
    }

    private static void CheckCounts(JsonElement expected, TextSpotting actual, string name)
    {
        Assert.Equal(
            (expected.Integer("tp_det_cnt"), expected.Integer("num_prediction"), expected.Integer("num_groundtruth"), expected.Integer("tp_e2e_cnt")),
            (actual.Detected, actual.Predictions, actual.Truths, actual.Read));
        MetricGoldens.Close(expected.Number("tp_det_tightness_sum"), actual.DetectedOverlap, 1e-12, name);
        MetricGoldens.Close(expected.Number("tp_e2e_tightness_sum"), actual.ReadOverlap, 1e-12, name);
    }

    private static void CheckRates(JsonElement expected, TextSpotting actual, string name)
    {
        (string Key, double Value)[] rates =
        [
            ("Det-Recall", actual.DetectionRecall),
            ("Det-Precision", actual.DetectionPrecision),
            ("Det-Fscore", actual.DetectionF1),
            ("Det-Tightness", actual.DetectionTightness),
            ("Det-PQ", actual.DetectionQuality),
            ("E2E-Recall", actual.ReadingRecall),
            ("E2E-Precision", actual.ReadingPrecision),
            ("E2E-Fscore", actual.ReadingF1),
            ("E2E-Tightness", actual.ReadingTightness),
            ("E2E-PQ", actual.ReadingQuality),
        ];
        foreach ((string key, double value) in rates)
            MetricGoldens.Close(expected.Number(key), value, 1e-12, $"{name} {key}");
    }
}
