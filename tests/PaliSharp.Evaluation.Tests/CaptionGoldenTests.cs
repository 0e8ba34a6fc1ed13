using System.Text.Json;
using Xunit;

namespace PaliSharp.Evaluation.Tests;

[Trait("Category", "Golden")]
public sealed class CaptionGoldenTests
{
    [SkippableFact]
    public void CiderBleuAndRougeEqualPycocoevalcap()
    {
        foreach (JsonElement root in MetricGoldens.Files("captions.json"))
        {
            foreach (JsonElement corpus in root.List("corpora"))
            {
                CaptionItem[] items = [.. corpus.List("items").Select(item => new CaptionItem(item.Text("hypothesis_tokenized"), item.Texts("references_tokenized")))];
                string name = corpus.Text("name");
                Check(corpus, "cider", Cider.Score(items), name);
                Check(corpus, "rouge_l", CaptionMetrics.RougeL(items), name);
                BleuScore bleu = CaptionMetrics.Bleu(items);
                double[] expected = corpus.GetProperty("bleu").Numbers();
                for (int n = 0; n < expected.Length; n++)
                    MetricGoldens.Close(expected[n], bleu.Scores[n], 1e-9, $"{name} BLEU-{n + 1}");
                for (int i = 0; i < items.Length; i++)
                {
                    double[] each = corpus.GetProperty("bleu_items")[i].Numbers();
                    for (int n = 0; n < each.Length; n++)
                        MetricGoldens.Close(each[n], bleu.Items[i][n], 1e-9, $"{name} {i} BLEU-{n + 1}");
                }
            }
        }
    }

    /// <summary>
    /// The tokens of the run, in its order. The tokenizer decides about a period at the end of a line by the first word of the next; a few such may differ.
    /// </summary>
    [SkippableFact]
    public void TokensEqualTheStanfordTokenizer()
    {
        foreach (JsonElement root in MetricGoldens.Files("captions.json"))
        {
            JsonElement[] cases = [.. root.List("ptb")];
            string[] texts = [.. cases.Select(item => item.Text("text"))];
            IReadOnlyList<string> all = CaptionTokenizer.TokenizeAll(texts);
            IReadOnlyList<string> kept = CaptionTokenizer.Tokenize(texts);
            var wrong = new List<string>();
            for (int i = 0; i < cases.Length; i++)
            {
                if (cases[i].Text("tokens_raw").Trim() != all[i] || cases[i].Text("tokenized").Trim() != kept[i])
                    wrong.Add($"{cases[i].Text("text")}\n  {all[i]}\n  {cases[i].Text("tokens_raw")}");
            }

            Assert.True(wrong.Count <= cases.Length / 100, $"{wrong.Count} of {cases.Length} differ:\n{string.Join('\n', wrong)}");
        }
    }

    private static void Check(JsonElement corpus, string key, CaptionScore score, string name)
    {
        MetricGoldens.Close(corpus.Number(key), score.Score, 1e-9, $"{name} {key}");
        double[] each = corpus.GetProperty($"{key}_items").Numbers();
        for (int i = 0; i < each.Length; i++)
            MetricGoldens.Close(each[i], score.Items[i], 1e-9, $"{name} {key} {i}");
    }
}
