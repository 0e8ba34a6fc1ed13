using System.Diagnostics;
using System.Runtime.InteropServices;
using PaliSharp.TestSupport;

namespace PaliSharp.Imaging.Tests.Simd;

/// <summary>What becomes of pictures in processes whose runtime was told to do without some instructions, as on a lesser processor.</summary>
public class InstructionTests
{
    // Every so many files of the copies in the repository; "PaliSharp.IsaProbe pictures FOLDER 1" compares all of a folder by hand.
    private const string Every = "6";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly Lazy<Task<string[]>> AsTheProcessorIs = new(() => ProbeAsync());

    [SkippableTheory]
    [InlineData("DOTNET_EnableAVX2")]
    [InlineData("DOTNET_EnableAVX")]
    [InlineData("DOTNET_EnableHWIntrinsic")]
    public async Task Pixels_errors_and_files_do_not_depend_on_instructions(string variable)
    {
        Skip.IfNot(variable == "DOTNET_EnableHWIntrinsic" || RuntimeInformation.ProcessArchitecture == Architecture.X64, "AVX is an x64 extension.");
        string[] expected = await AsTheProcessorIs.Value;
        string[] actual = await ProbeAsync((variable, "0"));
        Assert.True(expected.Length > 100, $"Only {expected.Length} lines.");
        Assert.Equal(expected, actual);
    }

    private static async Task<string[]> ProbeAsync(params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            ArgumentList = { "exec", Path.Combine(AppContext.BaseDirectory, "PaliSharp.IsaProbe.dll"), "pictures", Path.Combine(GoldenData.Bundled, "imaging"), Every },
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        using var timeout = new CancellationTokenSource(Patience);
        try
        {
            string output = await process.StandardOutput.ReadToEndAsync(timeout.Token);
            await process.WaitForExitAsync(timeout.Token);
            Assert.True(process.ExitCode == 0, $"The probe ended with {process.ExitCode}:\n{output}");
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
