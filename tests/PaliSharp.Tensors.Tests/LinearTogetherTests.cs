using PaliSharp.Tensors.Cpu;
using PaliSharp.Tensors.Quantization;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tensors.Tests;

/// <summary>Products that share x give the very bits they give one by one.</summary>
public sealed class LinearTogetherTests
{
    public static TheoryData<InstructionPath, WeightType> PathsAndTypes() => MatMulTests.PathsAndTypes();

    [Theory]
    [MemberData(nameof(PathsAndTypes))]
    public void Together_equals_one_by_one(InstructionPath path, WeightType type)
    {
        using var backend = new CpuBackend(new CpuOptions { InstructionPath = path, Threads = 2 });
        foreach (int inputs in (int[])[31, 320])
        {
            Weight[] weights = [.. new[] { 80, 17, 33 }.Select((outputs, i) => Create(type, outputs, inputs, i))];
            Weight?[] biases = [TestWeights.Normal(WeightType.Float32, new TensorShape(80), 7), null, TestWeights.Normal(WeightType.Float32, new TensorShape(33), 9)];
            foreach (int rows in (int[])[0, 1, 2, 3, 5, 8, 9, 33, 530])
            {
                using Tensor x = OperationCases.Input(backend, rows, inputs, 11);
                foreach (int count in (int[])[2, 3])
                {
                    var results = new Tensor[count];
                    backend.LinearTogether(x, weights.AsSpan(0, count), biases.AsSpan(0, count), results);
                    for (int i = 0; i < count; i++)
                    {
                        using Tensor expected = backend.Linear(x, weights[i], biases[i]);
                        using Tensor actual = results[i];
                        Assert.Equal(expected.Shape, actual.Shape);
                        Assert.True(expected.Span.SequenceEqual(actual.Span), $"{rows} rows, {inputs} inputs, weight {i} of {count}");
                    }
                }
            }
        }
    }

    [Fact]
    public void Weights_of_different_types_and_more_than_three_are_multiplied_all_the_same()
    {
        using var backend = new CpuBackend(new CpuOptions { Threads = 2 });
        Weight[] weights =
        [
            Create(WeightType.BFloat16, 5, 64, 1), Create(WeightType.Float32, 6, 64, 2), Create(WeightType.Float32, 7, 64, 3), Create(WeightType.Float32, 8, 64, 4),
        ];
        using Tensor x = OperationCases.Input(backend, 3, 64, 5);
        foreach (int count in (int[])[0, 1, 2, 4])
        {
            var results = new Tensor[count];
            backend.LinearTogether(x, weights.AsSpan(0, count), new Weight?[count], results);
            for (int i = 0; i < count; i++)
            {
                using Tensor expected = backend.Linear(x, weights[i]);
                using Tensor actual = results[i];
                Assert.True(expected.Span.SequenceEqual(actual.Span));
            }
        }
    }

    [Fact]
    public void Operands_that_do_not_fit_are_refused_by_name()
    {
        using var backend = new CpuBackend(new CpuOptions { Threads = 1 });
        Weight[] weights = [Create(WeightType.Float32, 5, 64, 1), Create(WeightType.Float32, 5, 63, 2)];
        using Tensor x = OperationCases.Input(backend, 3, 64, 5);
        Assert.Contains("LinearTogether", Assert.Throws<ArgumentException>(() => backend.LinearTogether(x, weights, new Weight?[2], new Tensor[2])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => backend.LinearTogether(x, weights, new Weight?[1], new Tensor[2]));
        Assert.Throws<ArgumentException>(() => backend.LinearTogether(x, weights, new Weight?[2], new Tensor[3]));
    }

    private static Weight Create(WeightType type, int outputs, int inputs, int seed)
    {
        Weight dense = TestWeights.Normal(WeightType.Float32, new TensorShape(outputs, inputs), seed);
        return type == WeightType.Float32 ? dense
            : QuantizedLayout.IsQuantized(type) ? Quantizer.Quantize(dense, type)
            : TestWeights.Normal(type, new TensorShape(outputs, inputs), seed);
    }
}
