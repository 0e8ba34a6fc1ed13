using System.Globalization;
using System.Text.RegularExpressions;
using PaliSharp.Imaging;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Cli.Tests;

/// <summary>
/// That <c>docs/tasks.md</c> is true. To bring it up to date after a change:
/// <c>PALISHARP_WRITE_DOCS=1 dotnet test tests/PaliSharp.Cli.Tests -c Release --filter TasksPage</c>
/// </summary>
public sealed partial class TasksPageTests
{
    [Fact]
    public async Task The_page_is_what_its_commands_print()
    {
        using var page = new TasksPage();
        string now = await page.RunAsync();
        bool isWritten = Environment.GetEnvironmentVariable("PALISHARP_WRITE_DOCS") == "1";
        if (isWritten)
            await File.WriteAllTextAsync(TasksPage.Path, now);
        AssertSame(await File.ReadAllTextAsync(TasksPage.Path), now);
        Assert.NotEmpty(page.Pictures);
        foreach ((string committed, string drawn) in page.Pictures)
        {
            if (isWritten)
                File.Copy(drawn, committed, overwrite: true);
            AssertSame(Image.Load(committed).ToRgb(), Image.Load(drawn).ToRgb(), committed);
        }
    }

    [Fact]
    public async Task The_code_of_the_page_is_compiled()
    {
        string[] samples = [.. (await File.ReadAllLinesAsync(Path.Combine(GoldenData.RepositoryRoot, "tests", "PaliSharp.Cli.Tests", "TaskSamples.cs"))).Select(line => line.Trim())];
        string[] page = await File.ReadAllLinesAsync(TasksPage.Path);
        foreach ((int index, string line) in page.Index().Where(line => line.Item.StartsWith("```csharp", StringComparison.Ordinal)))
        {
            string[] code = [.. page.Skip(index + 1).TakeWhile(other => other != "```").Select(other => other.Trim())];
            bool isThere = Enumerable.Range(0, samples.Length).Any(start => samples.Skip(start).Take(code.Length).SequenceEqual(code));
            Assert.True(isThere, $"The code under '{line}' is not in TaskSamples.cs.");
        }
    }

    // Other processors differ in the last digits of scores.
    private static void AssertSame(string expected, string actual)
    {
        Assert.Equal(Number().Replace(expected, "#"), Number().Replace(actual, "#"));
        foreach ((Match want, Match got) in Number().Matches(expected).Zip(Number().Matches(actual)))
        {
            double value = double.Parse(want.Value, CultureInfo.InvariantCulture);
            Assert.Equal(value, double.Parse(got.Value, CultureInfo.InvariantCulture), Math.Max(0.11, Math.Abs(value) * 0.02));
        }
    }

    private static void AssertSame(Image expected, Image actual, string name)
    {
        Assert.Equal((expected.Width, expected.Height), (actual.Width, actual.Height));
        int differing = Enumerable.Range(0, expected.Width * expected.Height).Count(i => !expected.Pixels.Slice(3 * i, 3).SequenceEqual(actual.Pixels.Slice(3 * i, 3)));
        Assert.True(differing < expected.Width * expected.Height / 50, $"{name} is not what is drawn now.");
    }

    [GeneratedRegex(@"-?[0-9]+\.[0-9]+")]
    private static partial Regex Number();
}
