using PaliSharp.Fuzz;
using PaliSharp.TestSupport;

namespace PaliSharp.Imaging.Tests.Regressions;

/// <summary>Files that the fuzzer found to do what no file may do.</summary>
public class RegressionTests
{
    private static readonly string Folder = Path.Combine(GoldenData.RepositoryRoot, "tests", "PaliSharp.Imaging.Tests", "Regressions", "Files");

    public static TheoryData<string> Files => [.. Directory.GetFiles(Folder).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_found_before_stays_harmless(string name)
    {
        byte[] file = File.ReadAllBytes(Path.Combine(Folder, name));
        var options = new FuzzOptions { MaxTime = TimeSpan.FromMinutes(1) };
        foreach (FuzzTarget target in FuzzTarget.All)
            Assert.Null(Execution.Of(file, target, options).Problem);
    }
}
