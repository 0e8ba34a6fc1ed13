using System.Text.Json;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Tensors.Cpu.Kernels;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tensors.Tests;

/// <summary>Operations against reference outputs computed elsewhere, in float64 (training) and by the original program (big_vision).</summary>
[Trait("Category", "Golden")]
public sealed class GoldenOperationTests
{
    private const double Tolerance = 5e-6; // the topic's figure for float32

    /// <summary>float32 angles up to position 8191, as the original computes them, are off by up to half of 2⁻¹⁰.</summary>
    private const double SinglePrecisionAngleTolerance = 1e-3;

    public static TheoryData<string, InstructionPath> Backends()
    {
        var data = new TheoryData<string, InstructionPath> { { "reference", InstructionPath.Auto } };
        foreach (InstructionPath path in Enum.GetValues<InstructionPath>())
        {
            if (path != InstructionPath.Auto && InstructionPaths.IsSupported(path))
                data.Add("cpu", path);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Backends))]
    public void TrainingOperations(string kind, InstructionPath path)
    {
        using TensorBackend backend = Create(kind, path);
        var failures = new List<string>();
        var files = new List<string>();
        foreach (string folder in GoldenData.Topic("training"))
        {
            string file = Path.Combine(folder, "ops.json");
            if (!File.Exists(file))
                continue;
            IReadOnlyDictionary<string, GoldenTensor> tensors = GoldenTensors.Load(Path.ChangeExtension(file, ".safetensors"));
            using JsonDocument cases = JsonDocument.Parse(File.ReadAllText(file));
            foreach (JsonElement element in cases.RootElement.EnumerateArray())
            {
                var golden = new GoldenOperation(element, tensors);
                if (golden.Compute(backend) is not { } actual)
                    continue;
                files.Add(file);
                double error = TestNumbers.RelativeL2(actual, golden.Expected);

                // Rows near 0.5 with a deviation of 0.001: the inputs' own rounding is allowed to show.
                double limit = golden.Name == "layernorm_small" ? 1e-4 : Tolerance;
                if (!(error <= limit))
                    failures.Add($"{file} {golden.Name}: {error:E2} > {limit:E0}");
            }
        }

        GoldenData.RequireCases("training", files);
        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    [Theory]
    [MemberData(nameof(Backends))]
    public void RotaryEmbeddingOfBigVision(string kind, InstructionPath path)
    {
        using TensorBackend backend = Create(kind, path);
        var files = new List<string>();
        foreach (string folder in GoldenData.Topic("big_vision"))
        {
            string file = Path.Combine(folder, "ops.safetensors");
            if (!File.Exists(file))
                continue;
            files.Add(file);
            IReadOnlyDictionary<string, GoldenTensor> tensors = GoldenTensors.Load(file);
            GoldenTensor golden = tensors["rope/x"]; // [batch, time, heads, head size]: this library's order
            int[] shape = golden.Shape;
            using Tensor x = backend.Rent(new TensorShape(shape[0] * shape[1], shape[2] * shape[3]));
            golden.Floats().CopyTo(x.Span);
            using Tensor y = backend.RotaryEmbedding(x, tensors["rope/positions"].Ints(), shape[3], 10_000);
            Assert.InRange(TestNumbers.RelativeL2(y.Span, (ReadOnlySpan<double>)tensors["rope/y"].Doubles()), 0, SinglePrecisionAngleTolerance);
        }

        GoldenData.RequireCases("big_vision", files);
    }

    private static TensorBackend Create(string kind, InstructionPath path) =>
        kind == "reference" ? new ReferenceBackend() : new CpuBackend(new CpuOptions { InstructionPath = path, Threads = 2 });
}
