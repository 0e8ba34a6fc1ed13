using System.Text.Json;
using PaliSharp.TestSupport;
using PaliSharp.Training.Optimisers;
using Xunit;

namespace PaliSharp.Training.Tests.Optimisers;

/// <summary>Schedules and durations against big_vision and transformers.</summary>
[Trait("Category", "Golden")]
public sealed class ScheduleGoldenTests
{
    [SkippableFact]
    public void BigVisionSchedulesEqualReference()
    {
        List<string> files = [.. GoldenData.Topic("big_vision").Select(folder => Path.Combine(folder, "schedules.json")).Where(File.Exists)];
        Skip.If(files.Count == 0 && GoldenData.Explicit is null, "The reference of schedules is not here.");
        GoldenData.RequireCases("big_vision", files);
        foreach (string file in files)
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
            IReadOnlyDictionary<string, GoldenTensor> values = GoldenTensors.Load(Path.ChangeExtension(file, "safetensors"));
            foreach (JsonElement item in document.RootElement.GetProperty("schedules").EnumerateArray())
            {
                string name = item.GetProperty("name").GetString()!;
                long total = item.GetProperty("total_steps").GetInt64();
                Func<long, double> factor = BigVisionConfig.Schedule(item.GetProperty("config"))
                    .Settle(total, item.GetProperty("batch_size").GetInt64(), item.GetProperty("data_size").GetInt64());
                double[] expected = values[name].Doubles();
                for (int step = 0; step < expected.Length; step++)
                    Assert.True(Math.Abs(expected[step] - factor(step)) <= 4e-7, $"{name}, step {step}: {factor(step)} instead of {expected[step]}");
            }

            foreach (JsonElement item in document.RootElement.GetProperty("durations").EnumerateArray())
            {
                Duration duration = BigVisionConfig.Duration(item.GetProperty("config"), item.GetProperty("prefix").GetString()!)!.Value;
                long steps = duration.Steps(
                    item.GetProperty("total_steps").GetInt64(), item.GetProperty("batch_size").GetInt64(), item.GetProperty("data_size").GetInt64());
                Assert.Equal(item.GetProperty("steps").GetInt64(), steps);
            }
        }
    }

    [Fact]
    public void TrainingSchedulesEqualReference()
    {
        List<string> files = [.. GoldenData.Topic("training").Select(folder => Path.Combine(folder, "optim.json")).Where(File.Exists)];
        GoldenData.RequireCases("training", files);
        foreach (string file in files)
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
            foreach (JsonElement item in document.RootElement.GetProperty("schedules").EnumerateArray())
            {
                string name = item.GetProperty("name").GetString()!;
                long total = item.GetProperty("total").GetInt64();
                var warmup = new Duration(item.GetProperty("warmup").GetInt64(), DurationUnit.Steps);
                var schedule = new Schedule
                {
                    Decay = name.Contains("cosine") ? DecayKind.Cosine : name.Contains("linear") ? DecayKind.Linear
                        : name.Contains("rsqrt") ? DecayKind.ReciprocalSquareRoot : DecayKind.Constant,
                    Warmup = item.TryGetProperty("warmup_fraction", out JsonElement fraction) ? new Duration(fraction.GetDouble(), DurationUnit.Fraction) : warmup,
                    Timescale = new Duration(item.TryGetProperty("timescale", out JsonElement scale) ? scale.GetDouble() : 1, DurationUnit.Steps),
                    Shift = item.TryGetProperty("shift", out JsonElement shift) ? shift.GetDouble() : 0,
                    Cooldown = new Duration(item.TryGetProperty("cooldown", out JsonElement cooldown) ? cooldown.GetDouble() : 0, DurationUnit.Steps),
                };
                Func<long, double> factor = schedule.Settle(total);

                // transformers' cosine rises again behind the end of training, which is never reached.
                double[] expected = [.. item.GetProperty("factor").EnumerateArray().Select(value => value.GetDouble())];
                for (int step = 0; step <= Math.Min(total, expected.Length - 1); step++)
                    Assert.Equal(expected[step], factor(step), 1e-12);
            }
        }
    }
}

/// <summary>Reads big_vision's configurations.</summary>
internal static class BigVisionConfig
{
    public static Schedule Schedule(JsonElement config)
    {
        double Number(string key, double otherwise) => config.TryGetProperty(key, out JsonElement value) ? value.GetDouble() : otherwise;
        string kind = config.GetProperty("decay_type").GetString()!;
        return new Schedule
        {
            Decay = kind switch
            {
                "cosine" => DecayKind.Cosine,
                "linear" => DecayKind.Linear,
                "polynomial" => DecayKind.Polynomial,
                "rsqrt" => DecayKind.ReciprocalSquareRoot,
                "stair" => DecayKind.Stair,
                _ => throw new InvalidDataException(kind),
            },
            Base = Number("base", 1),
            Warmup = Duration(config, "warmup") ?? default,
            Cooldown = Duration(config, "cooldown") ?? default,
            Timescale = config.TryGetProperty("timescale", out JsonElement scale)
                ? new Duration(scale.GetDouble(), DurationUnit.Steps)
                : Duration(config, "timescale") ?? new Duration(10_000, DurationUnit.Steps),
            Shift = Number("shift", 0),
            End = Number("linear_end", Number("end", 0)),
            Power = Number("power", 1),
            StairSteps = config.TryGetProperty("steps", out JsonElement steps) ? [.. steps.EnumerateArray().Select(value => value.GetInt64())] : [],
            StairFactors = config.TryGetProperty("mults", out JsonElement factors) ? [.. factors.EnumerateArray().Select(value => value.GetDouble())] : [],
        };
    }

    public static Duration? Duration(JsonElement config, string prefix)
    {
        foreach ((string suffix, DurationUnit unit) in new[]
        {
            ("steps", DurationUnit.Steps), ("examples", DurationUnit.Examples), ("epochs", DurationUnit.Epochs), ("percent", DurationUnit.Fraction),
        })
        {
            if (config.TryGetProperty($"{prefix}_{suffix}", out JsonElement value))
                return new Duration(value.GetDouble(), unit);
        }

        return null;
    }
}
