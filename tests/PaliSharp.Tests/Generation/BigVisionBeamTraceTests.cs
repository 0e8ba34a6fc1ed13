using System.Text.Json;
using PaliSharp.Generation;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tests.Generation;

/// <summary>
/// Replays recorded beam searches of big_vision without the model: the log-probabilities that the trace mentions are put back into
/// distributions, and every step must then select what was selected.
/// </summary>
[Trait("Category", "Golden")]
public class BigVisionBeamTraceTests
{
    private const double Tolerance = 2e-4;

    public static TheoryData<string> Files()
    {
        string[] files =
        [
            .. GoldenData.Topic("big_vision").SelectMany(Directory.GetDirectories).Select(folder => Path.Combine(folder, "generate.json"))
                .Where(File.Exists),
        ];
        GoldenData.RequireCases("big_vision", files);
        return [.. files];
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_step_selects_the_recorded_texts(string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
        int endId = document.RootElement.GetProperty("eos_token").GetInt32();
        int limit = document.RootElement.GetProperty("max_decode_len").GetInt32();
        int replayed = 0;
        foreach (JsonElement item in document.RootElement.GetProperty("cases").EnumerateArray())
        {
            if (!item.TryGetProperty("trace", out JsonElement trace))
                continue;
            int beams = item.GetProperty("beam_size").GetInt32();
            for (int example = 0; example < item.GetProperty("examples").GetArrayLength(); example++)
            {
                Replay([.. trace.EnumerateArray().Select(step => RecordedStep.Read(step, example, endId))], beams, limit, endId);
                replayed++;
            }
        }

        Assert.True(replayed > 0, $"'{file}' holds no trace.");
    }

    private static void Replay(RecordedStep[] steps, int beams, int limit, int endId)
    {
        var recorded = new RecordedDistributions(steps);
        var options = new BeamOptions { Beams = beams, Rule = BeamRule.BigVision };
        var search = new BeamSearch(options, limit, [endId], VocabularyMask.Forbid(TokenSet.Of(recorded.Remainder)));
        List<int[]> live = [[]];
        foreach (RecordedStep step in steps)
        {
            BeamStep[] next = search.Advance(live.SelectMany(recorded.After).ToArray()).ToArray();
            BeamHypothesis best = search.Results()[0];
            Assert.Equal(step.Best.Tokens, best.Tokens);
            Assert.Equal(step.Best.LogProbabilities.Sum(value => (double)value), best.Score, Tolerance);
            if (search.IsDone)
            {
                // The recorded search goes on until the whole batch is decided; this text can no longer change.
                Assert.Equal(steps[^1].Best.Tokens, best.Tokens);
                return;
            }

            live = [.. next.Select(item => (int[])[.. live[item.Parent], item.Token])];
            Assert.Equal(step.Live.Select(text => text.Tokens), live);
        }

        Assert.Fail("The recorded search ended; this one did not.");
    }

    private sealed record Text(int[] Tokens, float[] LogProbabilities);

    private sealed record RecordedStep(Text Best, Text[] Live)
    {
        public static RecordedStep Read(JsonElement step, int example, int endId)
        {
            int[] tokens = Ints(step.GetProperty("best_tokens")[example]);
            int length = Array.IndexOf(tokens, endId) + 1;
            var best = new Text(tokens[..length], Floats(step.GetProperty("best_logp")[example])[..length]);
            Text[] live =
            [
                .. step.GetProperty("live_tokens")[example].EnumerateArray()
                    .Zip(step.GetProperty("live_logp")[example].EnumerateArray(), (ids, values) => new Text(Ints(ids), Floats(values))),
            ];
            return new RecordedStep(best, live);
        }

        private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetInt32())];

        private static float[] Floats(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetSingle())];
    }

    /// <summary>The distribution after each text, as far as the trace knows it; what it does not know is one more token.</summary>
    private sealed class RecordedDistributions
    {
        private readonly Dictionary<string, Dictionary<int, float>> _known = [];

        public RecordedDistributions(RecordedStep[] steps)
        {
            foreach (Text text in steps.SelectMany(step => step.Live.Append(step.Best)))
            {
                for (int i = 0; i < text.Tokens.Length; i++)
                {
                    string prefix = string.Join(' ', text.Tokens[..i]);
                    if (!_known.TryGetValue(prefix, out Dictionary<int, float>? continuations))
                        _known.Add(prefix, continuations = []);
                    continuations[text.Tokens[i]] = text.LogProbabilities[i];
                    Remainder = Math.Max(Remainder, text.Tokens[i] + 1);
                }
            }
        }

        public int Remainder { get; }

        public float[] After(int[] text)
        {
            var row = new float[Remainder + 1];
            Array.Fill(row, float.NegativeInfinity);
            double unknown = 1;
            foreach ((int token, float logProbability) in _known.GetValueOrDefault(string.Join(' ', text)) ?? [])
            {
                row[token] = logProbability;
                unknown -= Math.Exp(logProbability);
            }

            row[Remainder] = (float)Math.Log(Math.Max(unknown, 1e-12));
            return row;
        }
    }
}
