using System.Text.Json;
using PaliSharp.Generation;
using PaliSharp.Models;
using PaliSharp.Tasks;
using PaliSharp.Tensors;
using PaliSharp.TestSupport;
using PaliSharp.Tests.Models;
using Xunit;

namespace PaliSharp.Tests.Generation;

/// <summary>Label likelihoods against teacher forcing in transformers.</summary>
[Trait("Category", "Golden")]
public sealed class LabelScorerGoldenTests
{
    private const string Topic = "retrieval";

    [SkippableFact]
    public void TokenLogProbabilitiesAndRankingsEqualTheReference()
    {
        string[] folders = [.. GoldenData.Topic(Topic).SelectMany(Directory.GetDirectories).Where(folder => File.Exists(Path.Combine(folder, "cases.json")))];
        Skip.If(folders.Length == 0 && GoldenData.Explicit is null, "The reference data of label scoring is not there.");
        GoldenData.RequireCases(Topic, folders);
        foreach (string folder in folders)
        {
            using var model = new ModelUnderTest(folder);
            using Tensor rows = model.Encode(GoldenTensors.Load(Path.Combine(folder, "images.safetensors"))["pixel_values"].Floats());
            using JsonDocument cases = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "cases.json")));
            foreach (JsonElement item in cases.RootElement.EnumerateArray())
            {
                int[] prompt = [.. Ints(item.GetProperty("prompt_ids")).Where(id => id != model.Config.ImageTokenId)];
                int[][] labels = [.. item.GetProperty("labels").EnumerateArray().Select(Ints)];
                foreach (JsonProperty variant in item.GetProperty("variants").EnumerateObject())
                {
                    var scorer = new LabelScorer(model.Model, model.Config.EosTokenIds[0], softCap: variant.Name != "no_final_cap");
                    float[][] scores = scorer.Score(prompt, model.Images(rows, item.GetProperty("image").GetInt32(), 1), labels).Last()!;
                    Check(variant.Value, scores);
                }
            }
        }
    }

    private static void Check(JsonElement expected, float[][] scores)
    {
        double[][] tokens = [.. expected.GetProperty("token_logprobs").EnumerateArray().Select(Doubles)];
        Assert.Equal(tokens.Select(label => label.Length), scores.Select(label => label.Length));
        for (int i = 0; i < tokens.Length; i++)
        {
            for (int j = 0; j < tokens[i].Length; j++)
                Assert.Equal(tokens[i][j], scores[i][j], 5e-4);
        }

        string[] names = [.. Enumerable.Range(0, scores.Length).Select(i => $"label {i}")];
        ClassificationResult sums = ClassificationResult.Rank(names, scores, null, LabelScoring.Sum, string.Empty);
        Assert.Equal(Ints(expected.GetProperty("ranking_by_sum")), sums.Labels.Select(label => label.Index));
        double[] sum = Doubles(expected.GetProperty("sum"));
        double[] probabilities = Doubles(expected.GetProperty("softmax_over_labels_of_sum"));
        foreach (LabelScore label in sums.Labels)
        {
            Assert.Equal(sum[label.Index], label.LogProbability, 2e-3);
            Assert.Equal(probabilities[label.Index], label.Probability, 1e-3);
        }

        ClassificationResult means = ClassificationResult.Rank(names, scores, null, LabelScoring.Mean, string.Empty);
        Assert.Equal(Ints(expected.GetProperty("ranking_by_mean")), means.Labels.Select(label => label.Index));
        double[] mean = Doubles(expected.GetProperty("mean"));
        foreach (LabelScore label in means.Labels)
            Assert.Equal(mean[label.Index], label.Score, 1e-3);
    }

    private static int[] Ints(JsonElement values) => [.. values.EnumerateArray().Select(value => value.GetInt32())];

    private static double[] Doubles(JsonElement values) => [.. values.EnumerateArray().Select(value => value.GetDouble())];
}
