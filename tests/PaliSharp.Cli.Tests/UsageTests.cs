using Xunit;

namespace PaliSharp.Cli.Tests;

public sealed class UsageTests
{
    private static readonly string Picture = CliRun.Picture("02.png");

    public static TheoryData<string[]> Wrong => new(
        [
            [],
            ["captoin", Picture],
            ["caption"],
            ["caption", Picture, "--no-such-option"],
            ["caption", Picture, "--max-tokens", "0"],
            ["caption", Picture, "--max-tokens", "many"],
            ["caption", Picture, "--temperature", "-1"],
            ["caption", Picture, "--temperature", "NaN"],
            ["caption", Picture, "--top-p", "1.5"],
            ["caption", Picture, "--top-k", "0"],
            ["caption", Picture, "--beams", "0"],
            ["caption", Picture, "--beams", "2", "--temperature", "1"],
            ["caption", Picture, "--length-penalty", "1"],
            ["caption", Picture, "--beams", "2", "--length-penalty", "1000"],
            ["caption", Picture, "--top-logprobs", "3"],
            ["caption", Picture, "--top-logprobs", "0", "--json"],
            ["caption", Picture, "--top-logprobs", "3", "--json", "--beams", "2"],
            ["detect", Picture, "ring", "--top-logprobs", "3", "--json"],
            ["caption", Picture, "--seed", "-1"],
            ["caption", Picture, "--threads", "0"],
            ["caption", Picture, "--batch", "0"],
            ["caption", Picture, "--simd", "mmx"],
            ["caption", Picture, "--lang", "?"],
            ["caption", Picture, "--merge-adapter"],
            ["ask", Picture],
            ["ask", Picture, "-q", " "],
            ["run", Picture],
            ["run", Picture, "-p", "ocr", "--raw", "--json"],
            ["detect", Picture],
            ["detect"],
            ["detect", Picture, "a;b"],
            ["bench", "--model", "x", "--synthetic", "paligemma2-3b-224"],
            ["inspect"],
        ]);

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Wrong_usage_is_code_2_with_a_message_and_no_output(string[] args)
    {
        CliRun run = await CliRun.Of(args);
        Assert.Equal(2, run.Code);
        Assert.Equal("", run.Output);
        Assert.NotEqual("", run.Error);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Instructions_the_processor_lacks_are_wrong_usage()
    {
        string foreign = System.Runtime.Intrinsics.Arm.AdvSimd.IsSupported ? "avx2" : "advsimd";
        CliRun run = await CliRun.Of("caption", Picture, "--simd", foreign);
        Assert.Equal(2, run.Code);
    }

    [Fact]
    public async Task An_unknown_model_fails()
    {
        CliRun run = await CliRun.Of("caption", Picture, "--model", "no-such-folder");
        Assert.Equal(1, run.Code);
        Assert.StartsWith("error: ", run.Error, StringComparison.Ordinal);
        Assert.Contains("no-such-folder", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_adapter_fails()
    {
        CliRun run = await CliRun.Of("caption", Picture, "--adapter", "no-such-adapter", "--quiet");
        Assert.Equal(1, run.Code);
        Assert.StartsWith("error: ", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("caption")]
    [InlineData("describe")]
    [InlineData("ocr")]
    [InlineData("ask")]
    [InlineData("detect")]
    [InlineData("run")]
    [InlineData("pull")]
    [InlineData("inspect")]
    [InlineData("bench")]
    [InlineData("serve")]
    public async Task Every_verb_has_help_with_examples(string verb)
    {
        CliRun run = await CliRun.Of(verb, "--help");
        Assert.Equal(0, run.Code);
        Assert.Contains($"palisharp {verb} ", run.Output, StringComparison.Ordinal);
        string examples = run.Output[run.Output.IndexOf("Examples:", StringComparison.Ordinal)..];
        Assert.Contains($"palisharp {verb}", examples, StringComparison.Ordinal);
        CliRun root = await CliRun.Of("--help");
        Assert.Contains($"  {verb} ", root.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_version_is_that_of_the_program()
    {
        CliRun run = await CliRun.Of("--version");
        Assert.Equal(0, run.Code);
        Assert.Matches(@"^\d+\.\d+\.\d+\S*\n$", run.Output);
        Assert.StartsWith(typeof(CliApplication).Assembly.GetName().Version!.ToString(3), run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_demonstration_model_introduces_itself_once()
    {
        CliRun run = await CliRun.Of("caption", Picture, CliRun.Picture("05.png"), "--json");
        Assert.Equal(2, run.Json.Length);
        Assert.Equal(BundledModel.Notice + "\n", run.Error);
        CliRun quiet = await CliRun.Of("caption", Picture, "--quiet");
        Assert.Equal("", quiet.Error);
        Assert.Equal("an orange ring on a pink background\n", quiet.Output);
    }

    [Fact]
    public async Task The_environment_may_name_the_model()
    {
        var setup = new CliRun.Setup { Variables = new(StringComparer.Ordinal) { ["PALISHARP_MODEL"] = CliRun.Nano } };
        CliRun run = await CliRun.Of(["caption", Picture], setup);
        Assert.Equal("", run.Error);
        Assert.Equal("an orange ring on a pink background\n", run.Output);
        CliRun option = await CliRun.Of(["caption", Picture, "--model", "no-such-folder"], setup);
        Assert.Equal(1, option.Code);
    }

    [Fact]
    public async Task Cancelling_is_code_130()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        CliRun run = await CliRun.Of(["caption", Picture, "--quiet"], new CliRun.Setup(), cancelled.Token);
        Assert.Equal(130, run.Code);
        Assert.Equal("", run.Output);
    }

    [Fact]
    public void Control_characters_never_reach_a_terminal()
    {
        Assert.Equal("a\ufffd[31mb\n\tc\ufffd", TerminalText.Clean("a\u001b[31mb\n\tc\u009b"));
        Assert.Same("plain ✓", TerminalText.Clean("plain ✓"));
    }
}
