using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace PaliSharp.Bench.Kernels;

/// <summary>
/// The operations one by one under BenchmarkDotNet: time, deviation and allocated bytes. For shares of the machine's limits see the verbs
/// <c>matmul</c> and <c>decode</c>.
/// </summary>
internal static class KernelBenchmarks
{
    /// <summary>Runs the suites, or those operations whose name contains <see cref="BenchOptions.Only"/>.</summary>
    public static void Run(BenchOptions options)
    {
        // In this process: the project needs no second build, and its options hold.
        ManualConfig config = ManualConfig.Create(DefaultConfig.Instance)
            .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
            .AddDiagnoser(MemoryDiagnoser.Default);
        string[] filter = ["--filter", options.Only is { } only ? $"*{only}*" : "*"];
        BenchmarkSwitcher.FromTypes([typeof(LinearBenchmarks), typeof(AttentionBenchmarks), typeof(ElementBenchmarks)]).Run(filter, config);
    }
}
