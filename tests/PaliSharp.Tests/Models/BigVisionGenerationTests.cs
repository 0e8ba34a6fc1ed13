using System.Text.Json;
using PaliSharp.Generation;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tests.Models;

/// <summary>Greedy decoding and beam search on big_vision's small models against the original program: tokens, log-probabilities and scores.</summary>
[Trait("Category", "Golden")]
public sealed class BigVisionGenerationTests
{
    public static TheoryData<string, string> Cases()
    {
        var data = new TheoryData<string, string>();
        foreach (string folder in BigVisionGoldenTests.ModelFolders)
        {
            using JsonDocument generate = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "generate.json")));
            foreach (JsonElement item in generate.RootElement.GetProperty("cases").EnumerateArray())
            {
                // The bfloat16 cache is a choice of that program; ours holds float32. Sampling needs its noise and is compared apart.
                if (item.GetProperty("cache").GetString() == "float32" && item.GetProperty("kind").GetString() != "sampling")
                    data.Add(folder, item.GetProperty("name").GetString()!);
            }
        }

        GoldenData.RequireCases("big_vision", BigVisionGoldenTests.ModelFolders);
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void TokensAndScoresEqualTheReference(string folder, string name)
    {
        using ModelUnderTest model = BigVisionGoldenTests.Load(folder, "params_f32.npz");
        using JsonDocument generate = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "generate.json")));
        JsonElement item = generate.RootElement.GetProperty("cases").EnumerateArray().Single(item => item.GetProperty("name").GetString() == name);
        int maxTokens = generate.RootElement.GetProperty("max_decode_len").GetInt32();
        int eos = generate.RootElement.GetProperty("eos_token").GetInt32();
        int[] forbidden = item.TryGetProperty("forbidden", out JsonElement ids) ? [.. ids.EnumerateArray().Select(id => id.GetInt32())] : [];
        VocabularyMask mask = VocabularyMask.Forbid(TokenSet.Of(forbidden));

        // Log-probabilities: 1e-4 for the Gemma 1 shape, 2e-3 for the others, as the reference's README allows.
        double tolerance = model.Config.Text.Version == GemmaVersion.Gemma1 ? 1e-4 : 2e-3;
        using Tensor images = BigVisionGoldenTests.EncodeInputs(model, folder);
        int row = 0;
        foreach (int example in item.GetProperty("examples").EnumerateArray().Select(value => value.GetInt32()))
        {
            SequenceInput prompt = BigVisionGoldenTests.Prompt(model, folder, images, example, maxTokens);
            int[] expectedTokens = UpToEnd(item.GetProperty("tokens")[row], eos);
            (int[] tokens, float[] logProbabilities, double score) = item.GetProperty("kind").GetString() == "beam"
                ? Beam(model, prompt, item.GetProperty("beam_size").GetInt32(), maxTokens, eos, mask)
                : Greedy(model, prompt, maxTokens, eos, mask);
            Assert.Equal(expectedTokens, tokens);
            for (int i = 0; i < tokens.Length; i++)
                Assert.Equal(item.GetProperty("logp")[row][i].GetDouble(), logProbabilities[i], tolerance);
            Assert.Equal(item.GetProperty("score")[row].GetDouble(), score, tolerance * expectedTokens.Length);
            prompt.Cache!.Dispose();
            row++;
        }

        Assert.True(row > 0);
    }

    private static int[] UpToEnd(JsonElement tokens, int eos)
    {
        int[] ids = [.. tokens.EnumerateArray().Select(id => id.GetInt32())];
        int end = Array.IndexOf(ids, eos);
        return end < 0 ? ids : ids[..(end + 1)];
    }

    private static (int[] Tokens, float[] LogProbabilities, double Score) Greedy(
        ModelUnderTest model, SequenceInput prompt, int maxTokens, int eos, VocabularyMask mask)
    {
        var sampler = new TokenSampler(SamplingOptions.Greedy, mask);
        var tokens = new List<int>();
        var logProbabilities = new List<float>();
        SequenceInput input = prompt;
        while (tokens.Count < maxTokens)
        {
            SampledToken token = sampler.Sample(LastLogits(model, [input], isFirst: tokens.Count == 0), [.. tokens]);
            tokens.Add(token.Id);
            logProbabilities.Add(token.LogProbability);
            if (token.Id == eos)
                break;
            input = new SequenceInput(new[] { token.Id }, prompt.Cache!.PrefixLength, default, prompt.Cache);
        }

        return ([.. tokens], [.. logProbabilities], logProbabilities.Sum(value => (double)value));
    }

    private static (int[] Tokens, float[] LogProbabilities, double Score) Beam(
        ModelUnderTest model, SequenceInput prompt, int beams, int maxTokens, int eos, VocabularyMask mask)
    {
        var search = new BeamSearch(new BeamOptions { Beams = beams, Rule = BeamRule.BigVision }, maxTokens, [eos], mask);
        int isGiven = 0;
        using var caches = new BeamCaches(() => isGiven++ == 0 ? prompt.Cache! : new KvCache(model.Config.Text, model.Backend.Pool, prompt.Cache!.Capacity));
        SequenceInput[] inputs = [prompt];
        int shared = 0;
        while (true)
        {
            float[] logits = LastLogits(model, inputs, isFirst: search.Length == 0);
            shared = shared == 0 ? prompt.Cache!.Length : shared;
            ReadOnlySpan<BeamStep> steps = search.Advance(logits);
            if (search.IsDone)
                break;
            caches.Follow(steps, shared);
            inputs = new SequenceInput[steps.Length];
            for (int i = 0; i < steps.Length; i++)
                inputs[i] = new SequenceInput(new[] { steps[i].Token }, caches[i].PrefixLength, default, caches[i]);
        }

        BeamHypothesis best = search.Results()[0];
        return ([.. best.Tokens], [.. best.LogProbabilities], best.Score);
    }

    /// <summary>The logits at the last position of each sequence; the first after the prompt are uncapped, as in big_vision.</summary>
    private static float[] LastLogits(ModelUnderTest model, SequenceInput[] inputs, bool isFirst)
    {
        using Tensor hidden = model.Model.Forward(inputs);
        var rows = new int[inputs.Length];
        for (int i = 0, row = 0; i < inputs.Length; i++)
        {
            row += inputs[i].Rows;
            rows[i] = row - 1;
        }

        using Tensor last = model.Model.SelectRows(hidden, rows);
        using Tensor logits = model.Model.Logits(last, softCap: !isFirst);
        return logits.Span.ToArray();
    }
}
