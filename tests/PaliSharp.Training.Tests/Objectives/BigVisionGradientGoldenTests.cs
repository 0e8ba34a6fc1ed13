using System.Text.Json;
using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.TestSupport;
using PaliSharp.Training.Autodiff;
using PaliSharp.Training.Objectives;
using Xunit;

namespace PaliSharp.Training.Tests.Objectives;

/// <summary>Losses and gradients of big_vision's own models, as the JAX program computes them.</summary>
[Trait("Category", "Golden")]
public sealed class BigVisionGradientGoldenTests
{
    private static List<string> Folders => [.. GoldenData.Topic("big_vision").SelectMany(Directory.EnumerateDirectories)
        .Where(folder => File.Exists(Path.Combine(folder, "params_f32.npz")) && File.Exists(Path.Combine(folder, "loss.json")))];

    [SkippableFact]
    public void LossesEqualReference()
    {
        List<string> folders = Folders;
        Skip.If(folders.Count == 0 && GoldenData.Explicit is null, "The reference of losses is not here.");
        GoldenData.RequireCases("big_vision", folders);
        foreach (string folder in folders)
        {
            using Checkpoint checkpoint = Load(folder);
            using var device = new CpuBackend(new CpuOptions { Threads = 2 });
            using var model = new TrainableModel(checkpoint.Config, device, name => checkpoint.Weights[name], new ParameterSet([]));
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "loss.json")));
            foreach (JsonElement item in document.RootElement.GetProperty("cases").EnumerateArray())
            {
                (Tensor pixels, List<TrainingSequence> sequences) = Batch(folder, device, item.GetProperty("mask_loss"));
                using (pixels)
                {
                    LossResult result = model.Evaluate(pixels, sequences, LossTotals.Of(sequences), Options(item));
                    double tolerance = checkpoint.Config.Text.Version == GemmaVersion.Gemma1 ? 1e-4 : 2e-3;
                    Assert.Equal(item.GetProperty("loss").GetDouble(), result.Loss, tolerance);
                    for (int i = 0; i < sequences.Count; i++)
                        Assert.Equal(item.GetProperty("per_example")[i].GetDouble(), result.SequenceLosses[i], tolerance);
                }
            }
        }
    }

    [SkippableFact]
    public void GradientsEqualReference()
    {
        List<string> folders = [.. Folders.Where(folder => File.Exists(Path.Combine(folder, "grads.safetensors")))];
        Skip.If(folders.Count == 0 && GoldenData.Explicit is null, "The reference of gradients is not here.");
        GoldenData.RequireCases("big_vision", folders);
        foreach (string folder in folders)
        {
            using Checkpoint checkpoint = Load(folder);
            using var device = new CpuBackend(new CpuOptions { Threads = 2 });
            var parameters = new ParameterSet(checkpoint.Weights.Select(Parameter.CopyOf));
            using var model = new TrainableModel(checkpoint.Config, device, _ => null, parameters);
            using JsonDocument norms = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "grads.json")));
            using JsonDocument losses = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "loss.json")));
            (Tensor pixels, List<TrainingSequence> sequences) = Batch(folder, device, losses.RootElement.GetProperty("cases")[0].GetProperty("mask_loss"));
            using (pixels)
                _ = model.ForwardBackward(pixels, sequences, LossTotals.Of(sequences), Options(norms.RootElement));

            double tolerance = checkpoint.Config.Text.Version == GemmaVersion.Gemma1 ? 1e-4 : 5e-4; // the reference's README
            IReadOnlyDictionary<string, GoldenTensor> expected = GoldenTensors.Load(Path.Combine(folder, "grads.safetensors"));
            int compared = 0;
            foreach (BigVisionArray array in BigVisionLayout.Of(checkpoint.Config, fused: expected.ContainsKey(BigVisionLayout.Fused)))
            {
                if (expected.TryGetValue(array.Key, out GoldenTensor? tensor))
                    compared += Compare(array, tensor, parameters, tolerance);
            }

            (string key, GoldenTensor rows) = expected.Single(pair => pair.Key.StartsWith(BigVisionLayout.Table, StringComparison.Ordinal));
            ReadOnlySpan<float> table = parameters[TensorNames.Embedding].Gradient.AsSpan()[..rows.Count];
            Assert.True(Difference.Relative(table, rows.Doubles()) <= tolerance, key);
            Assert.Equal(expected.Count - 1, compared);
        }
    }

    private static int Compare(BigVisionArray array, GoldenTensor tensor, ParameterSet parameters, double tolerance)
    {
        double[] values = tensor.Doubles();
        int[] extents = array.Extents[array.Leading..];
        int size = extents.Aggregate(1, (product, extent) => product * extent);
        int layers = array.Leading > 0 ? array.Extents[0] : 1;
        int parts = array.Leading > 1 ? array.Extents[1] : 1;
        for (int index = 0; index < layers * parts; index++)
        {
            string name = array.Name(index / parts, index % parts);
            double[] expected = Permute(values.AsSpan(index * size, size), extents, array.Axes);
            ReadOnlySpan<float> actual = parameters[name].Gradient.AsSpan();
            bool isNoise = name.StartsWith("vision", StringComparison.Ordinal) && name.EndsWith("k_proj.bias", StringComparison.Ordinal);
            double difference = isNoise ? Difference.Largest(actual, expected) * tolerance / 1e-5 : Difference.Relative(actual, expected);
            Assert.True(difference <= tolerance, $"{name} differs by {difference:e2}");
        }

        return 1;
    }

    private static double[] Permute(ReadOnlySpan<double> source, int[] extents, int[] axes)
    {
        double[] result = new double[source.Length];
        int[] strides = new int[extents.Length];
        for (int axis = extents.Length - 1, stride = 1; axis >= 0; stride *= extents[axis--])
            strides[axis] = stride;
        for (int i = 0; i < result.Length; i++)
        {
            int rest = i;
            int from = 0;
            for (int k = axes.Length - 1; k >= 0; k--)
            {
                from += rest % extents[axes[k]] * strides[axes[k]];
                rest /= extents[axes[k]];
            }

            result[i] = source[from];
        }

        return result;
    }

    private static Checkpoint Load(string folder)
    {
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json")));
        JsonElement text = config.RootElement.GetProperty("llm");
        float scalar = config.RootElement.GetProperty("query_pre_attn_norm").GetString() == "rsqrt_emb_per_head"
            ? (float)text.GetProperty("width").GetInt32() / text.GetProperty("num_heads").GetInt32()
            : text.GetProperty("head_dim").GetInt32();
        return Checkpoint.Load(Path.Combine(folder, "params_f32.npz"), new CheckpointOptions { QueryScalar = scalar });
    }

    private static LossOptions Options(JsonElement item) => new()
    {
        Reduction = LossReduction.ExampleMean,
        LabelSmoothing = item.GetProperty("label_smoothing").GetSingle(),
        FinalSoftCap = false,
    };

    private static (Tensor Pixels, List<TrainingSequence> Sequences) Batch(string folder, CpuBackend device, JsonElement maskLoss)
    {
        IReadOnlyDictionary<string, GoldenTensor> inputs = GoldenTensors.Load(Path.Combine(folder, "inputs.safetensors"));
        (int examples, int length) = (inputs["text"].Shape[0], inputs["text"].Shape[1]);
        int[] text = inputs["text"].Ints();
        int[] causal = inputs["mask_ar"].Ints();
        int[] plain = inputs["mask_loss"].Ints();
        var sequences = new List<TrainingSequence>();
        for (int example = 0; example < examples; example++)
        {
            int start = example * length;
            int end = Array.LastIndexOf(plain, 1, start + length - 1, length) + 1 - start;
            int prefix = causal.Skip(start).Take(length).Count(value => value == 0);
            int[] own = [.. text.Skip(start).Take(end)];
            bool[] learnt = [.. maskLoss[example].EnumerateArray().Take(end).Skip(prefix).Select(value => value.GetInt32() == 1)];
            sequences.Add(new TrainingSequence(own, prefix, [example]) { Learnt = learnt });
        }

        // [examples, S, S, channels] to [examples, channels, S, S].
        GoldenTensor image = inputs["image"];
        (int size, int channels) = (image.Shape[1], image.Shape[3]);
        float[] pixels = image.Floats();
        Tensor tensor = device.Rent(new TensorShape(examples, channels, size, size));
        for (int example = 0; example < examples; example++)
        {
            for (int i = 0; i < size * size; i++)
            {
                for (int channel = 0; channel < channels; channel++)
                    tensor.Span[(((example * channels) + channel) * size * size) + i] = pixels[(((example * size * size) + i) * channels) + channel];
            }
        }

        return (tensor, sequences);
    }
}
