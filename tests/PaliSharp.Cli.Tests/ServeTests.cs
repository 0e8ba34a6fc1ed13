using System.Net;
using Xunit;

namespace PaliSharp.Cli.Tests;

/// <summary>The verb <c>serve</c>: wrong usage, and the program from its start to a graceful end.</summary>
public sealed class ServeTests
{
    public static TheoryData<string[]> Wrong => new(
        [
            ["serve", "--port", "70000"],
            ["serve", "--host", "example.org"],
            ["serve", "--name", "nameless"],
            ["serve", "--name", "a=x", "--model", "y"],
            ["serve", "--name", $"a={CliRun.Nano}", "--name", $"a={CliRun.Nano}"],
            ["serve", "--adapter-for", "a=somewhere"],
            ["serve", "--name", $"a={CliRun.Nano}", "--adapter-for", "a"],
            ["serve", "--name", $"a={CliRun.Nano}", "--adapter-for", "a=x", "--adapter-for", "a=y"],
            ["serve", "--history", "keep"],
            ["serve", "--cors-origin", "*"],
            ["serve", "--picture-host", "a b"],
            ["serve", "--otlp", "nowhere"],
            ["serve", "--timeout", "0"],
        ]);

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Wrong_usage_is_code_2(string[] args)
    {
        CliRun run = await CliRun.Of(args);
        Assert.Equal(2, run.Code);
        Assert.NotEqual("", run.Error);
    }

    [Fact]
    public async Task A_model_that_is_not_there_is_code_1()
    {
        CliRun run = await CliRun.Of("serve", "--port", "0", "--model", "no-such-folder");
        Assert.Equal(1, run.Code);
        Assert.Contains("no-such-folder", run.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Asked_to_end_it_finishes_what_it_accepted()
    {
        Skip.IfNot(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "SIGTERM is needed.");
        using ServerProcess server = await ServerProcess.StartAsync("--concurrent", "2");
        Task<HttpResponseMessage>[] asked = [.. Enumerable.Range(0, 10).Select(_ => server.Client.PostAsync("/v1/vision/caption", Picture()))];
        await Task.WhenAny(asked).WaitAsync(ServerProcess.Limit);
        await server.TerminateAsync();
        HttpResponseMessage[] answers = await Task.WhenAll(asked).WaitAsync(ServerProcess.Limit);
        Assert.All(answers, answer => Assert.Contains(answer.StatusCode, (HttpStatusCode[])[HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable]));
        Assert.True(answers.Count(answer => answer.StatusCode == HttpStatusCode.OK) >= 5, "accepted requests were dropped");
        await server.Process.WaitForExitAsync().WaitAsync(ServerProcess.Limit);
        Assert.Equal(0, server.Process.ExitCode);
        Assert.Contains("every accepted request is finished", await server.Log, StringComparison.Ordinal);
    }

    private static MultipartFormDataContent Picture() =>
        new() { { new ByteArrayContent(File.ReadAllBytes(CliRun.Picture("02.png"))), "image", "02.png" } };
}
