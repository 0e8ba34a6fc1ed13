using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using PaliSharp.Generation;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tests.Generation;

/// <summary>big_vision's samplers on recorded logits and noise, and its choice among samples.</summary>
[Trait("Category", "Golden")]
public class BigVisionSamplerTests
{
    public static TheoryData<string> SamplerFiles() => Files(root => [Path.Combine(root, "samplers.json")]);

    public static TheoryData<string> GenerationFiles() =>
        Files(root => Directory.GetDirectories(root).Select(folder => Path.Combine(folder, "generate.json")));

    [Theory]
    [MemberData(nameof(SamplerFiles))]
    public void Samplers_choose_the_recorded_tokens(string file)
    {
        IReadOnlyDictionary<string, GoldenTensor> tensors = GoldenTensors.Load(Path.ChangeExtension(file, ".safetensors"));
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
        Assert.NotEqual(0, document.RootElement.GetArrayLength());
        foreach (JsonElement item in document.RootElement.EnumerateArray())
        {
            GoldenTensor logits = tensors[item.GetProperty("logits").GetString()!];
            float[] values = logits.Floats();
            float[] noise = tensors[item.GetProperty("gumbel").GetString()!].Floats();
            int[] tokens = Ints(item.GetProperty("tokens"));
            int vocabulary = logits.Shape[^1];
            var sampler = new TokenSampler(OptionsFor(item.GetProperty("sampler").GetString()!));
            for (int row = 0; row < tokens.Length; row++)
            {
                ReadOnlySpan<float> current = values.AsSpan(row * vocabulary, vocabulary);
                SampledToken token = sampler.SampleWithNoise(current, [], noise.AsSpan(row * vocabulary, vocabulary));
                Assert.True(tokens[row] == token.Id, $"{item.GetProperty("name")}, row {row}: {token.Id} instead of {tokens[row]}.");
                Assert.Equal(Math.Log(PropertyChecks.Probabilities(current)[token.Id]), token.LogProbability, 5);
            }
        }
    }

    [Theory]
    [MemberData(nameof(GenerationFiles))]
    public void Scores_and_the_best_of_several_samples_are_as_recorded(string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
        int[] endIds = [document.RootElement.GetProperty("eos_token").GetInt32()];
        int compared = 0;
        foreach (JsonElement item in document.RootElement.GetProperty("cases").EnumerateArray())
        {
            bool samples = item.TryGetProperty("all_tokens", out JsonElement all);
            int[][] tokens = [.. (samples ? all : item.GetProperty("tokens")).EnumerateArray().Select(Ints)];
            float[][] logProbabilities = [.. item.GetProperty(samples ? "all_logp" : "logp").EnumerateArray().Select(Floats)];
            float[] expected = Floats(item.GetProperty(samples ? "all_scores" : "score"));
            double[] scores = [.. tokens.Zip(logProbabilities, (ids, values) => BestOf.Score(ids, values, endIds))];
            for (int row = 0; row < scores.Length; row++)
                Assert.Equal(expected[row], scores[row], 1e-5 * Math.Max(1, Math.Abs(expected[row])));
            if (samples)
                CheckSelection(item, tokens, scores);
            compared += scores.Length;
        }

        Assert.True(compared > 0, $"'{file}' holds no case.");
    }

    private static void CheckSelection(JsonElement item, int[][] tokens, double[] scores)
    {
        int count = item.GetProperty("best_of").GetInt32();
        int[][] best = [.. item.GetProperty("tokens").EnumerateArray().Select(Ints)];
        for (int example = 0; example < best.Length; example++)
            Assert.Equal(best[example], tokens[(example * count) + BestOf.Select(scores.AsSpan(example * count, count))]);
    }

    private static SamplingOptions OptionsFor(string sampler)
    {
        if (sampler == "greedy")
            return SamplingOptions.Greedy;
        var options = new SamplingOptions { Temperature = 1, NucleusRule = NucleusRule.BigVision };
        Assert.Matches(@"^(temperature|nucleus)\(", sampler);
        foreach (Match match in Regex.Matches(sampler, "([pt])=([0-9.]+)"))
        {
            double value = double.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture);
            options = match.Groups[1].Value == "p" ? options with { TopP = value } : options with { Temperature = value };
        }

        return options;
    }

    private static TheoryData<string> Files(Func<string, IEnumerable<string>> candidates)
    {
        string[] files = [.. GoldenData.Topic("big_vision").SelectMany(candidates).Where(File.Exists)];
        GoldenData.RequireCases("big_vision", files);
        return [.. files];
    }

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetInt32())];

    private static float[] Floats(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetSingle())];
}
