using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace PaliSharp.Cli.Tests;

/// <summary>The program itself: that it starts, finds its model beside it and writes UTF-8 without a mark.</summary>
public sealed class ProcessTests
{
    [Fact]
    public async Task The_program_answers()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.ArgumentList.Add(typeof(CliApplication).Assembly.Location);
        foreach (string argument in (string[])["detect", CliRun.Picture("02.png"), "orange ring", "--json"])
            start.ArgumentList.Add(argument);
        start.Environment.Remove("PALISHARP_MODEL");
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        using var output = new MemoryStream();
        await process.StandardOutput.BaseStream.CopyToAsync(output);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        Assert.Contains("demonstration model", await error, StringComparison.Ordinal);
        byte[] bytes = output.ToArray();
        Assert.Equal((byte)'{', bytes[0]);
        using JsonDocument document = JsonDocument.Parse(bytes);
        Assert.Equal("orange ring", document.RootElement.GetProperty("detections")[0].GetProperty("label").GetString());
    }
}
