using System.Text.RegularExpressions;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Cli.Tests;

/// <summary>That <c>docs/asks.md</c> answers every ask, and that the tests it names exist.</summary>
public sealed partial class AsksPageTests
{
    private const int Asks = 71;

    [Fact]
    public async Task Every_ask_has_its_row_and_every_name_exists()
    {
        string[] rows = [.. (await File.ReadAllLinesAsync(Path.Combine(GoldenData.RepositoryRoot, "docs", "asks.md"))).Where(line => Number().IsMatch(line))];
        IEnumerable<int> numbers = rows.SelectMany(row =>
        {
            Match match = Number().Match(row);
            int first = int.Parse(match.Groups[1].Value);
            int last = match.Groups[2].Success ? int.Parse(match.Groups[2].Value) : first;
            return Enumerable.Range(first, last - first + 1);
        });
        Assert.Equal(Enumerable.Range(1, Asks), numbers);

        string sources = string.Concat(
            ((string[])["tests", "src"]).SelectMany(folder => Directory.EnumerateFiles(Path.Combine(GoldenData.RepositoryRoot, folder), "*.cs", SearchOption.AllDirectories))
            .Select(File.ReadAllText));
        string[] missing =
        [
            .. rows.SelectMany(row => Name().Matches(row).Select(match => match.Groups[1].Value.Split('.')[^1])).Distinct()
                .Where(name => !sources.Contains(name, StringComparison.Ordinal)),
        ];
        Assert.Empty(missing);
    }

    [GeneratedRegex(@"^\| ([0-9]+)(?:–([0-9]+))? \|")]
    private static partial Regex Number();

    [GeneratedRegex("`([A-Za-z_]+(?:\\.[A-Za-z_]+)?)`")]
    private static partial Regex Name();
}
