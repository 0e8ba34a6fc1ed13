using PaliSharp.Tensors.Cpu;
using PaliSharp.Tensors.Cpu.Kernels;
using Xunit;

namespace PaliSharp.Tensors.Tests;

/// <summary>How the path and the threads are chosen.</summary>
public sealed class CpuOptionsTests
{
    [Fact]
    public void AutoIsTheBestSupportedPath()
    {
        InstructionPath chosen = InstructionPaths.Choose(InstructionPath.Auto);
        Assert.True(InstructionPaths.IsSupported(chosen));
        Assert.NotEqual(InstructionPath.Auto, chosen);
        Assert.Equal(chosen == InstructionPath.Portable, !InstructionPaths.IsSupported(InstructionPath.Avx2) && !InstructionPaths.IsSupported(InstructionPath.AdvSimd));
        Assert.Equal(InstructionPaths.IsSupported(InstructionPath.Avx512), chosen == InstructionPath.Avx512);
    }

    [Fact]
    public void AForcedPathThatCannotRunIsRefusedWithTheOnesThatCan()
    {
        foreach (InstructionPath path in Enum.GetValues<InstructionPath>())
        {
            if (InstructionPaths.IsSupported(path))
                continue;
            var exception = Assert.Throws<PlatformNotSupportedException>(() => new CpuBackend(new CpuOptions { InstructionPath = path }));
            Assert.Contains(path.ToString(), exception.Message, StringComparison.Ordinal);
            Assert.Contains(nameof(InstructionPath.Portable), exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void EnvironmentFillsOnlyWhatIsLeftAtItsDefault()
    {
        CpuOptions Read(string? path, string? threads, CpuOptions? options = null) =>
            CpuOptions.FromVariables(options ?? new CpuOptions(), name => name == CpuOptions.InstructionPathVariable ? path : threads);

        Assert.Equal(new CpuOptions(), Read(null, null));
        Assert.Equal(new CpuOptions(), Read("", " "));
        Assert.Equal(new CpuOptions { InstructionPath = InstructionPath.Portable, Threads = 3 }, Read("portable", "3"));
        Assert.Equal(new CpuOptions { InstructionPath = InstructionPath.Avx512 }, Read("AVX512", null));
        Assert.Equal(new CpuOptions(), Read("auto", null));
        Assert.Equal(
            new CpuOptions { InstructionPath = InstructionPath.Portable, Threads = 2 },
            Read("avx2", "7", new CpuOptions { InstructionPath = InstructionPath.Portable, Threads = 2 }));
        Assert.Contains("sse9", Assert.Throws<ArgumentException>(() => Read("sse9", null)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Read("1", null));
        Assert.Throws<ArgumentException>(() => Read(null, "0"));
        Assert.Throws<ArgumentException>(() => Read(null, "-1"));
        Assert.Throws<ArgumentException>(() => Read(null, "many"));
    }
}
