using PaliSharp.Tensors.Cpu;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tensors.Tests;

public sealed class RunPartsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void EachPartRunsOnceAndComputesWhatItWouldAlone(int threads)
    {
        using var backend = new CpuBackend(new CpuOptions { Threads = threads });
        Assert.Equal(threads, backend.Concurrency);
        Weight weight = TestWeights.Normal(WeightType.Float32, new TensorShape(70, 50), 1);
        using Tensor x = OperationCases.Input(backend, 40, 50, 2);
        using Tensor expected = backend.Linear(x, weight);
        var products = new Tensor?[7];
        var runs = new int[products.Length];
        backend.RunParts(products.Length, part =>
        {
            Interlocked.Increment(ref runs[part]);
            products[part] = backend.Linear(x, weight);
        });
        Assert.All(runs, count => Assert.Equal(1, count));
        foreach (Tensor? product in products)
        {
            Assert.True(product!.Span.SequenceEqual(expected.Span));
            product.Dispose();
        }
    }

    [Fact]
    public void TheErrorOfAPartIsThrownAndTheBackendGoesOn()
    {
        using var backend = new CpuBackend(new CpuOptions { Threads = 2 });
        Assert.Throws<InvalidDataException>(() => backend.RunParts(4, part => throw new InvalidDataException($"part {part}")));
        int done = 0;
        backend.RunParts(4, _ => Interlocked.Increment(ref done));
        Assert.Equal(4, done);
        Assert.Throws<ArgumentNullException>(() => backend.RunParts(1, null!));
    }
}
