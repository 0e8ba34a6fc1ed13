using PaliSharp.Fuzz;
using PaliSharp.TestSupport;

namespace PaliSharp.Imaging.Tests.Fuzzing;

/// <summary>A short run of the fuzzer for every decoder. Long ones are made with bench/PaliSharp.Fuzz.</summary>
public class FuzzRunnerTests
{
    private static readonly string CorpusFolder = Path.Combine(GoldenData.Bundled, "imaging");

    public static TheoryData<string> Targets => [.. FuzzTarget.All.Select(target => target.Name)];

    private static FuzzTarget Png => FuzzTarget.Find("png")!;

    [Theory]
    [MemberData(nameof(Targets))]
    public void Mutated_files_end_in_a_typed_error_or_a_picture(string target)
    {
        // Time is no criterion here: the machines of a build are busy.
        var options = new FuzzOptions { Runs = 3000, MaxPixels = 300_000, MaxFileBytes = 6000, MaxTime = TimeSpan.FromMinutes(1) };
        FuzzResult result = FuzzRunner.Run(FuzzTarget.Find(target)!, CorpusFolder, options, _ => { });
        Assert.True(result.Findings.Count == 0, string.Join(Environment.NewLine, result.Findings.Select(f => $"{f.Problem} {Convert.ToHexString(f.File)}")));
        if (result.CorpusSize > 0)
            Assert.True(result.Pictures > 0 && result.Outcomes > 2, $"{result}");
    }

    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        var options = new FuzzOptions { Runs = 500, MaxPixels = 100_000, MaxFileBytes = 2000 };
        FuzzResult first = FuzzRunner.Run(Png, CorpusFolder, options, _ => { });
        FuzzResult second = FuzzRunner.Run(Png, CorpusFolder, options, _ => { });
        Assert.Equal((first.Pictures, first.Outcomes), (second.Pictures, second.Outcomes));
        Assert.True(first.CorpusSize > 5);
    }

    [Fact]
    public void Changed_rows_still_make_a_valid_file()
    {
        byte[] file = TestPictures.Png(TestPictures.Random(20, 10, 3, 4));
        byte[]? changed = null;
        for (int seed = 0; seed < 20; seed++)
        {
            changed = PngRows.Mutate(file, new Random(seed), 3);
            Assert.NotNull(changed);
            Assert.Null(Execution.Of(changed, Png, new FuzzOptions()).Problem);
        }

        Assert.Null(PngRows.Mutate([1, 2, 3], new Random(1), 1));
    }

    [Fact]
    public void A_problem_is_a_finding()
    {
        // Nothing may be allocated here, so every decode is a problem.
        string folder = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"));
        try
        {
            var options = new FuzzOptions { Runs = 50, MaxScratch = -1_000_000_000_000, Out = folder };
            FuzzResult result = FuzzRunner.Run(Png, CorpusFolder, options, _ => { });
            Assert.NotEmpty(result.Findings);
            Assert.Equal(result.Findings[0].File, File.ReadAllBytes(Path.Combine(folder, "png-1-1.bin")));
            Assert.DoesNotContain(Directory.GetFiles(folder), path => Path.GetFileName(path).StartsWith("running", StringComparison.Ordinal));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Options_are_read_from_the_command_line()
    {
        Assert.Null(FuzzOptions.TryParse(["--target", "png", "--runs", "7", "--seed", "3", "--corpus", CorpusFolder, "--out", "x"], out FuzzOptions options));
        Assert.Equal((7, 3, CorpusFolder, "x"), (options.Runs, options.Seed, options.Corpus, options.Out));
        Assert.Equal(["png"], options.Targets.Select(target => target.Name));
        Assert.NotNull(FuzzOptions.TryParse(["--target", "none"], out _));
        Assert.NotNull(FuzzOptions.TryParse(["--runs"], out _));
        Assert.NotNull(FuzzOptions.TryParse(["--runs", "many"], out _));
        Assert.NotNull(FuzzOptions.TryParse(["--what", "1"], out _));
        Assert.NotNull(FuzzOptions.TryParse(["--corpus", "/there/is/none"], out _));
    }
}
