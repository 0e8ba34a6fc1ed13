using System.Globalization;
using System.Text.RegularExpressions;
using PaliSharp.Generation;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tests.Generation;

/// <summary>Every distribution that transformers' logits processors were recorded to make.</summary>
[Trait("Category", "Golden")]
public class SamplingGoldenTests
{
    public static TheoryData<string> Files()
    {
        IEnumerable<string> candidates = GoldenData.Topic("paligemma").Select(root => Path.Combine(root, "sampling", "sampling.safetensors"));
        string[] files = [.. candidates.Where(File.Exists)];
        GoldenData.RequireCases("paligemma", files);
        return [.. files];
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Distributions_equal_those_of_transformers(string file)
    {
        IReadOnlyDictionary<string, GoldenTensor> tensors = GoldenTensors.Load(file);
        int compared = 0;
        foreach ((string name, GoldenTensor expected) in tensors)
        {
            string entry = name[..name.IndexOf('/', StringComparison.Ordinal)];
            string rule = name[(entry.Length + 1)..];
            if (rule is "logits" or "ids")
                continue;
            Compare(name, tensors[$"{entry}/logits"], tensors[$"{entry}/ids"], OptionsFor(rule), expected);
            compared++;
        }

        Assert.True(compared > 0, $"'{file}' holds no distribution.");
    }

    private static void Compare(string name, GoldenTensor logits, GoldenTensor ids, SamplingOptions options, GoldenTensor expected)
    {
        int vocabulary = logits.Shape[^1];
        int history = ids.Shape[^1];
        float[] values = logits.Floats();
        int[] previous = ids.Ints();
        float[] wanted = expected.Floats();
        var scratch = new SamplingScratch();
        ILogitsProcessor[] processors = [.. LogitsProcessors.Penalties(options), .. LogitsProcessors.Filters(options, scratch)];
        Assert.NotEmpty(processors);
        for (int row = 0; row < logits.Shape[0]; row++)
        {
            Span<float> current = values.AsSpan(row * vocabulary, vocabulary);
            bool ties = current.ToArray().Distinct().Count() < vocabulary;
            foreach (ILogitsProcessor processor in processors)
                processor.Process(current, previous.AsSpan(row * history, history));
            double[] actual = PropertyChecks.Probabilities(current);
            double[] reference = [.. wanted.AsSpan(row * vocabulary, vocabulary).ToArray().Select(value => (double)value)];

            // Which of several equal tokens on the border of top-p stay depends on the reference's sort; their probabilities do not.
            if (options.TopP < 1 && ties)
            {
                Array.Sort(actual);
                Array.Sort(reference);
            }

            for (int id = 0; id < vocabulary; id++)
            {
                string message = $"{name}, row {row}, token {id}: {actual[id]} instead of {reference[id]}.";
                Assert.True((actual[id] == 0) == (reference[id] == 0), message);
                Assert.InRange(actual[id], reference[id] - 1e-6 - (1e-5 * reference[id]), reference[id] + 1e-6 + (1e-5 * reference[id]));
            }
        }
    }

    /// <summary>Reads the parameters out of a name such as <c>top_p_0.9</c> or <c>chain_rep1.2_t0.8_k20_p0.95</c>.</summary>
    private static SamplingOptions OptionsFor(string rule)
    {
        var plain = new SamplingOptions { Temperature = 1 };
        Match match = Regex.Match(rule, "^(chain|temperature|top_k|top_p|min_p|typical|repetition|no_repeat|epsilon|eta)_(.*)$");
        string rest = match.Groups[2].Value;
        return match.Groups[1].Value switch
        {
            "chain" => rest.Split('_').Aggregate(plain, Chain),
            "temperature" => plain with { Temperature = Number(rest) },
            "top_k" => plain with { TopK = (int)Number(rest) },
            "top_p" => plain with { TopP = Number(rest) },
            "min_p" => plain with { MinP = Number(rest) },
            "typical" => plain with { TypicalP = Number(rest) },
            "repetition" => plain with { RepetitionPenalty = Number(rest) },
            "no_repeat" => plain with { NoRepeatNgramSize = (int)Number(rest.Replace("gram", string.Empty, StringComparison.Ordinal)) },
            "epsilon" => plain with { EpsilonCutoff = Number(rest) },
            "eta" => plain with { EtaCutoff = Number(rest) },
            _ => throw new InvalidDataException($"The distribution '{rule}' is of no known kind."),
        };
    }

    private static SamplingOptions Chain(SamplingOptions options, string part)
    {
        Match match = Regex.Match(part, "^([a-z]+)([0-9.]+)$");
        double value = Number(match.Groups[2].Value);
        return match.Groups[1].Value switch
        {
            "rep" => options with { RepetitionPenalty = value },
            "t" => options with { Temperature = value },
            "k" => options with { TopK = (int)value },
            "p" => options with { TopP = value },
            _ => throw new InvalidDataException($"The link '{part}' of a chain is of no known kind."),
        };
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
