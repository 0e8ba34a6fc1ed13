using PaliSharp.Tensors.Cpu;
using PaliSharp.Tensors.Cpu.Kernels;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tensors.Tests;

/// <summary>Kernels read and write nothing beyond their tensors, and several threads may share a backend.</summary>
public sealed class MemoryBoundsTests
{
    public static TheoryData<InstructionPath> Paths() =>
        [.. Enum.GetValues<InstructionPath>().Where(path => path != InstructionPath.Auto && InstructionPaths.IsSupported(path))];

    /// <summary>All memory the pool lends is NaN at first: what is read beyond the end shows in the result, what is written there is missing.</summary>
    [Theory]
    [MemberData(nameof(Paths))]
    public unsafe void NothingBeyondTheTensorsIsTouched(InstructionPath path)
    {
        using var backend = new CpuBackend(new CpuOptions { InstructionPath = path, Threads = 2 });
        foreach (OperationCase operation in OperationCases.Quick)
        {
            Poison(backend.Pool);
            Assert.InRange(operation.Error(backend), 0, operation.Tolerance);
            Poison(backend.Pool);
            using Tensor result = operation.Compute(backend);
            var beyond = new ReadOnlySpan<float>(result.Pointer + result.Shape.Count, (int)(result.Capacity - result.Shape.Count));
            Assert.True(beyond.IndexOfAnyExcept(float.NaN) < 0, operation.Name);
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task ThreadsMayShareABackend(InstructionPath path)
    {
        using var backend = new CpuBackend(new CpuOptions { InstructionPath = path, Threads = 2 });
        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            foreach (OperationCase operation in OperationCases.Quick)
                Assert.InRange(operation.Error(backend), 0, operation.Tolerance);
        })));
    }

    private static unsafe void Poison(TensorPool pool)
    {
        const int PerClass = 6;
        var tensors = new List<Tensor>();
        for (int power = 16; power < 1 << 16; power *= 2)
        {
            for (int quarters = 4; quarters < 8; quarters++)
            {
                for (int i = 0; i < PerClass; i++)
                    tensors.Add(pool.Rent(new TensorShape(power / 4 * quarters)));
            }
        }

        foreach (Tensor tensor in tensors)
        {
            new Span<float>(tensor.Pointer, (int)tensor.Capacity).Fill(float.NaN);
            tensor.Dispose();
        }
    }
}
