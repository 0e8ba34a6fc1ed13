using PaliSharp.Tensors.Cpu;
using PaliSharp.Tensors.Cpu.Kernels;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tensors.Tests;

/// <summary>Every operation on every instruction path against the float64 reference.</summary>
public sealed class OperationTests
{
    public static TheoryData<InstructionPath, int> Backends()
    {
        var data = new TheoryData<InstructionPath, int>();
        foreach (InstructionPath path in (InstructionPath[])[InstructionPath.Avx512, InstructionPath.Avx2, InstructionPath.AdvSimd, InstructionPath.Portable])
        {
            foreach (int threads in (int[])[1, 2, 3, 5])
                data.Add(path, threads);
        }

        return data;
    }

    [SkippableTheory]
    [MemberData(nameof(Backends))]
    public void AgreesWithReference(InstructionPath path, int threads)
    {
        Skip.IfNot(InstructionPaths.IsSupported(path), $"This machine has no {path}.");
        using var backend = new CpuBackend(new CpuOptions { InstructionPath = path, Threads = threads });
        Assert.Equal(path, backend.Path);
        Assert.Equal(threads, backend.Team.Size);
        string[] failures =
        [
            .. OperationCases.All
                .Select(operation => (operation.Name, Error: operation.Error(backend), operation.Tolerance))
                .Where(result => !(result.Error <= result.Tolerance))
                .Select(result => $"{result.Name}: {result.Error:E2} > {result.Tolerance:E0}"),
        ];
        Assert.True(failures.Length == 0, string.Join('\n', failures));
    }
}
