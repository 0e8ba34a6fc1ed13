using System.Diagnostics;
using System.Runtime.InteropServices;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Tensors.Cpu.Kernels;
using Xunit;

namespace PaliSharp.Tensors.Tests;

/// <summary>The backend in processes whose runtime was told to do without some instructions, as on a lesser processor.</summary>
public sealed class InstructionMatrixTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task AsTheProcessorIs()
    {
        Dictionary<string, string> report = await ProbeAsync([]);
        Assert.Equal(InstructionPaths.Choose(InstructionPath.Auto).ToString(), report["path"]);
    }

    [SkippableFact]
    public async Task WithoutAvx512()
    {
        Skip.IfNot(RuntimeInformation.ProcessArchitecture == Architecture.X64, "AVX-512 is an x64 extension.");

        // The runtime renamed the variable; the one it does not know has no effect.
        Dictionary<string, string> report = await ProbeAsync([("DOTNET_EnableAVX512", "0"), ("DOTNET_EnableAVX512F", "0")]);
        Assert.Equal(bool.FalseString, report["vector512"]);
        InstructionPath expected = InstructionPaths.IsSupported(InstructionPath.Avx2) ? InstructionPath.Avx2 : InstructionPath.Portable;
        Assert.Equal(expected.ToString(), report["path"]);
    }

    [SkippableFact]
    public async Task WithoutAvx2()
    {
        Skip.IfNot(RuntimeInformation.ProcessArchitecture == Architecture.X64, "AVX2 is an x64 extension.");
        Dictionary<string, string> report = await ProbeAsync([("DOTNET_EnableAVX2", "0")]);
        Assert.Equal(bool.FalseString, report["vector512"]);
        Assert.Equal(bool.FalseString, report["vector256"]);
        Assert.Equal(nameof(InstructionPath.Portable), report["path"]);
    }

    [Fact]
    public async Task WithoutAnyExtension()
    {
        Dictionary<string, string> report = await ProbeAsync([("DOTNET_EnableHWIntrinsic", "0")]);
        Assert.Equal(bool.FalseString, report["vector512"]);
        Assert.Equal(bool.FalseString, report["vector256"]);
        Assert.Equal(bool.FalseString, report["vector128"]);
        Assert.Equal(nameof(InstructionPath.Portable), report["path"]);
    }

    [Fact]
    public async Task TheEnvironmentForcesAPath()
    {
        Dictionary<string, string> report = await ProbeAsync([(CpuOptions.InstructionPathVariable, "portable")]);
        Assert.Equal(nameof(InstructionPath.Portable), report["path"]);
    }

    /// <summary>Runs the probe, requires that all its checks pass, and returns the lines it prints as key and value.</summary>
    private static async Task<Dictionary<string, string>> ProbeAsync((string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            ArgumentList = { "exec", Path.Combine(AppContext.BaseDirectory, "PaliSharp.IsaProbe.dll") },
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove(CpuOptions.InstructionPathVariable);
        start.Environment.Remove(CpuOptions.ThreadsVariable);
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        using var timeout = new CancellationTokenSource(Patience);
        Task<string> output = process.StandardOutput.ReadToEndAsync(timeout.Token);
        Task<string> errors = process.StandardError.ReadToEndAsync(timeout.Token);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        Assert.True(process.ExitCode == 0, $"The probe ended with {process.ExitCode}:\n{await output}\n{await errors}");
        return (await output)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.Split(' '))
            .ToDictionary(words => words[0], words => words[1]);
    }
}
