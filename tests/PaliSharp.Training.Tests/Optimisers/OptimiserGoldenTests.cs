using System.Text.Json;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.TestSupport;
using PaliSharp.Training.Autodiff;
using PaliSharp.Training.Optimisers;
using Xunit;

namespace PaliSharp.Training.Tests.Optimisers;

/// <summary>Optimisers over given gradients, step by step, against PyTorch, transformers and big_vision.</summary>
[Trait("Category", "Golden")]
public sealed unsafe class OptimiserGoldenTests
{
    [Fact]
    public void EveryStepEqualsReference()
    {
        List<string> files = [.. GoldenData.Topic("training").Select(folder => Path.Combine(folder, "optim.json")).Where(File.Exists)];
        GoldenData.RequireCases("training", files);
        using var device = new CpuBackend(new CpuOptions { Threads = 2 });
        foreach (string file in files)
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
            IReadOnlyDictionary<string, GoldenTensor> values = GoldenTensors.Load(Path.ChangeExtension(file, "safetensors"));
            foreach (JsonElement item in document.RootElement.GetProperty("optimizers").EnumerateArray())
            {
                string name = item.GetProperty("name").GetString()!;
                JsonElement hyper = item.GetProperty("hyper");
                ParameterSet parameters = Read(values, "start.");
                Dictionary<string, double[]> start = parameters.ToDictionary(parameter => parameter.Name, parameter => values[$"start.{parameter.Name}"].Doubles());
                Optimiser optimiser = Create(item.GetProperty("class").GetString()!, hyper, parameters, device, out StepRate rate);
                for (int step = 0; values.ContainsKey($"grad{step}.matrix"); step++)
                {
                    foreach (Parameter parameter in parameters)
                        values[$"grad{step}.{parameter.Name}"].Floats().CopyTo(new Span<float>((float*)parameter.Gradient.Data, (int)parameter.Count));
                    optimiser.Update(1, _ => rate);
                    foreach (Parameter parameter in parameters)
                        CompareUpdate($"{name}, step {step}", parameter, start[parameter.Name], values[$"{name}/step{step}.{parameter.Name}"].Doubles(), 1e-5);
                }
            }

            foreach (JsonElement item in document.RootElement.GetProperty("clipping").EnumerateArray())
            {
                ParameterSet parameters = Read(values, "grad0.");
                foreach (Parameter parameter in parameters)
                    parameter.Weight.AsSpan().CopyTo(new Span<float>((float*)parameter.Gradient.Data, (int)parameter.Count));
                double norm = GradientClipping.Norm(parameters, device);
                Assert.Equal(item.GetProperty("norm_before").GetDouble(), norm, 1e-6 * norm);
                float factor = GradientClipping.Factor(norm, item.GetProperty("max_norm").GetDouble(), 1e-6);
                foreach (Parameter parameter in parameters)
                {
                    double[] expected = values[$"{item.GetProperty("name").GetString()}/{parameter.Name}"].Doubles();
                    float[] clipped = [.. parameter.Gradient.AsSpan().ToArray().Select(value => value * factor)];
                    Assert.True(Difference.Relative(clipped, expected) < 1e-6);
                }
            }
        }
    }

    [SkippableFact]
    public void BigVisionChainEqualsReference()
    {
        List<string> files = [.. GoldenData.Topic("big_vision").Select(folder => Path.Combine(folder, "optim.json")).Where(File.Exists)];
        Skip.If(files.Count == 0 && GoldenData.Explicit is null, "The reference of optimisers is not here.");
        GoldenData.RequireCases("big_vision", files);
        using var device = new CpuBackend(new CpuOptions { Threads = 2 });
        foreach (string file in files)
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
            IReadOnlyDictionary<string, GoldenTensor> values = GoldenTensors.Load(Path.ChangeExtension(file, "safetensors"));
            foreach (JsonElement item in document.RootElement.EnumerateArray())
                CompareChain(item, values, device);
        }
    }

    private static void CompareChain(JsonElement item, IReadOnlyDictionary<string, GoldenTensor> values, CpuBackend device)
    {
        string name = item.GetProperty("name").GetString()!;
        JsonElement config = item.GetProperty("config");
        long total = item.GetProperty("total_steps").GetInt64();
        (string Pattern, Schedule? Schedule)[] schedules = config.GetProperty("schedule").ValueKind == JsonValueKind.Array
            ? [.. config.GetProperty("schedule").EnumerateArray().Select(pair =>
                (pair[0].GetString()!, pair[1].ValueKind == JsonValueKind.Null ? null : BigVisionConfig.Schedule(pair[1])))]
            : [(".*", BigVisionConfig.Schedule(config.GetProperty("schedule")))];
        Schedule? ScheduleOf(string parameter) => schedules.First(pair => IsWhole(pair.Pattern, parameter)).Schedule;

        var parameters = new ParameterSet(Read(values, "param/").Where(parameter => ScheduleOf(parameter.Name) is not null));
        Optimiser optimiser = config.GetProperty("optax_name").GetString() == "scale_by_adam"
            ? new AdamOptimiser(parameters, device, new AdamOptions
            {
                Beta2 = config.TryGetProperty("optax", out JsonElement own) && own.TryGetProperty("b2", out JsonElement beta) ? beta.GetDouble() : 0.999,
                HalfFirstMoment = config.TryGetProperty("optax", out own) && own.TryGetProperty("mu_dtype", out _),
            })
            : new SgdOptimiser(parameters, device);
        double[] Multipliers(string key, string pattern, double otherwise) => [.. parameters.Select(parameter => config.TryGetProperty(key, out JsonElement list)
            ? list.EnumerateArray().First(pair => IsWhole(pair[0].GetString()!, parameter.Name))[1].GetDouble()
            : IsWhole(pattern, parameter.Name) ? 1 : otherwise)];
        double[] rates = Multipliers("lr_mults", ".*", 1);
        double[] decays = Multipliers("wd_mults", ".*/kernel", 0);
        ParameterGroup[] groups = [.. parameters.Select((parameter, i) => new ParameterGroup
        {
            Pattern = $"^{System.Text.RegularExpressions.Regex.Escape(parameter.Name)}$",
            LearningRateFactor = rates[i],
            WeightDecayFactor = decays[i],
            Schedule = ScheduleOf(parameter.Name),
        })];
        double weightDecay = config.TryGetProperty("wd", out JsonElement wd) ? wd.GetDouble() : 0;
        var plan = new UpdatePlan(
            parameters, config.GetProperty("lr").GetDouble(), weightDecay, WeightDecayKind.Scheduled, UpdatePlan.IsKernel, new Schedule(), groups, total,
            item.GetProperty("batch_size").GetInt64(), item.GetProperty("data_size").GetInt64());

        double bound = config.TryGetProperty("grad_clip_norm", out JsonElement clip) ? clip.GetDouble() : 0;
        for (int step = 0; values.ContainsKey($"{name}/param/{step}/{parameters[0].Name}"); step++)
        {
            foreach (Parameter parameter in parameters)
                values[$"grad/{step}/{parameter.Name}"].Floats().CopyTo(new Span<float>((float*)parameter.Gradient.Data, (int)parameter.Count));
            float factor = GradientClipping.Factor(GradientClipping.Norm(parameters, device), bound);
            optimiser.Update(factor, plan.At(step));
            foreach (Parameter parameter in parameters)
            {
                double[] expected = values[$"{name}/param/{step}/{parameter.Name}"].Doubles();
                double difference = Difference.Relative(parameter.Weight.AsSpan(), expected);
                double largest = Difference.Largest(parameter.Weight.AsSpan(), expected);
                Assert.True(difference <= 1e-5 || largest <= 4e-6, $"{name}, step {step}: {parameter.Name} differs by {difference:e2}, at most {largest:e2}");
            }
        }
    }

    private static bool IsWhole(string pattern, string name) => System.Text.RegularExpressions.Regex.IsMatch(name, $@"\A(?:{pattern})\z");

    private static ParameterSet Read(IReadOnlyDictionary<string, GoldenTensor> values, string prefix) => new(values
        .Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal))
        .Select(pair => Parameter.CopyOf(Weight.FromValues(pair.Key[prefix.Length..], TensorShape.From(pair.Value.Shape), pair.Value.Floats()))));

    private static void CompareUpdate(string what, Parameter parameter, double[] start, double[] expected, double tolerance)
    {
        double difference = 0;
        double update = 0;
        double size = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            difference += Math.Pow(parameter.Values[i] - expected[i], 2);
            update += Math.Pow(expected[i] - start[i], 2);
            size += expected[i] * expected[i];
        }

        // The values themselves are rounded to float32 at every step.
        double limit = (tolerance * Math.Sqrt(update)) + (2e-7 * Math.Sqrt(size));
        Assert.True(Math.Sqrt(difference) <= limit, $"{what}: {parameter.Name} differs by {Math.Sqrt(difference):e2}, allowed is {limit:e2}");
    }

    private static Optimiser Create(string kind, JsonElement hyper, ParameterSet parameters, CpuBackend device, out StepRate rate)
    {
        double Number(string key) => hyper.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : 0;
        bool Flag(string key) => hyper.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.True;
        double learningRate = Number("lr");
        double decay = Number("weight_decay");
        rate = new StepRate(learningRate, 0);
        switch (kind[(kind.LastIndexOf('.') + 1)..])
        {
            case "SGD":
                return new SgdOptimiser(parameters, device, new SgdOptions { Momentum = Number("momentum"), Nesterov = Flag("nesterov"), CoupledDecay = decay });
            case "Adam" or "AdamW":
                bool decoupled = kind.EndsWith("AdamW", StringComparison.Ordinal);
                rate = new StepRate(learningRate, decoupled ? learningRate * decay : 0);
                return new AdamOptimiser(parameters, device, new AdamOptions
                {
                    Beta1 = hyper.GetProperty("betas")[0].GetDouble(),
                    Beta2 = hyper.GetProperty("betas")[1].GetDouble(),
                    Epsilon = Number("eps"),
                    CoupledDecay = decoupled ? 0 : decay,
                });
            default:
                bool isTorch = kind.StartsWith("torch", StringComparison.Ordinal);
                bool relative = Flag("relative_step");
                learningRate = relative ? 1 : learningRate;
                rate = new StepRate(learningRate, learningRate * decay);
                return new AdafactorOptimiser(parameters, new AdafactorOptions
                {
                    Style = isTorch ? AdafactorStyle.Torch : AdafactorStyle.Transformers,
                    Epsilon = hyper.GetProperty("eps")[0].GetDouble(),
                    LeastSize = hyper.GetProperty("eps")[1].GetDouble(),
                    ClipThreshold = Number(isTorch ? "d" : "clip_threshold"),
                    DecayExponent = Number(isTorch ? "beta2_decay" : "decay_rate"),
                    Beta1 = Number("beta1") is > 0 and double beta1 ? beta1 : null,
                    ScalesByParameter = Flag("scale_parameter"),
                    RelativeStep = relative,
                    WarmsUp = Flag("warmup_init"),
                });
        }
    }
}
