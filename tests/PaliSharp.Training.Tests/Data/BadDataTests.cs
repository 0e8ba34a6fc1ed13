using PaliSharp.Imaging;
using PaliSharp.Training.Data;
using Xunit;

namespace PaliSharp.Training.Tests.Data;

/// <summary>What cannot be learnt from is skipped and counted, or refused before training begins.</summary>
public sealed class BadDataTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void EveryKindOfBadLineIsSkippedAndCountedOnce()
    {
        _folder.Picture("good.png", 1);
        _folder.Text("broken.png", "this is no picture");
        byte[] cut = File.ReadAllBytes(_folder.Picture("whole.png", 2, 64, 64));
        File.WriteAllBytes(_folder["cut.png"], cut[..(cut.Length / 2)]);
        string path = _folder.Text("a.jsonl", $$"""
            {"image": "good.png", "prefix": "p", "suffix": "s"}
            {"image": "missing.png", "prefix": "p", "suffix": "s"}
            {"image": "no/such/folder.png", "prefix": "p", "suffix": "s"}
            {"image": "", "prefix": "p", "suffix": "s"}
            {"image": "broken.png", "prefix": "p", "suffix": "s"}
            {"image": "cut.png", "prefix": "p", "suffix": "s"}
            {"image": ".", "prefix": "p", "suffix": "s"}
            {"image": "good.png", "prefix": "p", "suffix": ""}
            {"image": "good.png", "prefix": "p", "suffix": "  "}
            {"image": "good.png", "prefix": "p"}
            {"image": "good.png", "prefix": "p", "suffix": "{{new string('x', 70_000)}}"}
            {"image": "good.png", "prefix": 7, "suffix": "s"}
            {"image": {"a": 1}, "prefix": "p", "suffix": "s"}
            {"image": [null], "prefix": "p", "suffix": "s"}
            {"suffix": "s", "suffix": "t"}
            ["no object"]
            no json
            {"image": "good.png", "prefix": "\ud800", "suffix": "s"}
            """);
        ITrainingSource source = Sources.OpenPath(path);
        for (int i = 0; i < 4; i++)
            Assert.Equal("a.jsonl line 1", source.Next().Origin);
        IReadOnlyDictionary<BadItemKind, long> skipped = source.Report.Skipped;
        Assert.Equal(3, skipped[BadItemKind.MissingPicture]);
        Assert.Equal(3, skipped[BadItemKind.BrokenPicture]);
        Assert.Equal(3, skipped[BadItemKind.EmptySuffix]);
        Assert.Equal(1, skipped[BadItemKind.TextTooLong]);
        Assert.Equal(7, skipped[BadItemKind.Malformed]);
        Assert.Equal(17, source.Report.TotalSkipped);
        Assert.Contains("17: 7 malformed", source.Report.ToString(), StringComparison.Ordinal);
        Assert.Contains(source.Report.Messages, message => message.Contains("missing.png", StringComparison.Ordinal));
    }

    [Fact]
    public void RowsWithOtherColumnsAreSkipped()
    {
        string path = _folder.Text("a.csv", "prefix,suffix\np,good\np\np,s,more\n\np,\n");
        ITrainingSource source = Sources.OpenPath(path);
        for (int i = 0; i < 3; i++)
            Assert.Equal("good", source.Next().Suffix);
        Assert.Equal(2, source.Report.Skipped[BadItemKind.ColumnMismatch]);
        Assert.Equal(1, source.Report.Skipped[BadItemKind.EmptySuffix]);
    }

    [Theory]
    [InlineData("a.jsonl", "", "holds no example")]
    [InlineData("a.jsonl", "\n \r\n", "holds no example")]
    [InlineData("a.jsonl", "{\"prefix\": \"p\", \"suffix\": \"\"}\n{\"prefix\": \"p\"}\nx", "nothing to learn")]
    [InlineData("a.csv", "", "is empty")]
    [InlineData("a.csv", "prefix,suffix\n", "holds no example")]
    [InlineData("a.csv", "prefix,answer\np,s\n", "no column 'suffix'")]
    [InlineData("a.csv", "prefix,suffix\np,\np,\"\"\n", "nothing to learn")]
    [InlineData("a.csv", "prefix,suffix\np,\"open\np,s\n", "never closed")]
    [InlineData("a.json", "{}", "no description of data")]
    [InlineData("a.json", "{\"version\": 2, \"sources\": [{\"path\": \"x\"}]}", "version is 2")]
    [InlineData("a.json", "{\"version\": 1, \"sources\": []}", "0 sources")]
    [InlineData("a.json", "{\"version\": 1, \"sources\": [null]}", "null")]
    [InlineData("a.json", "{\"version\": 1, \"sources\": [{\"path\": \"x.jsonl\"}]}", "does not exist")]
    [InlineData("a.json", "{\"version\": 1, \"sources\": [{\"path\": \"x\", \"wieght\": 1}]}", "wieght")]
    [InlineData("a.json", "{\"version\": 1, \"sources\": [{\"path\": \"x\", \"weight\": -1}]}", "weight is -1")]
    [InlineData("a.json", "{\"version\": 1, \"sources\": [{\"path\": \"x\", \"weight\": 0}]}", "all weights are 0")]
    [InlineData("a.json", "{\"version\": 1, \"sources\": [{\"path\": \"x\", \"weight\": 1}, {\"path\": \"x\"}]}", "1 of 2 sources")]
    [InlineData("a.json", "{\"version\": 1, \"sources\": [{\"path\": \"x\", \"augment\": {\"flip\": 2}}]}", "flip is 2")]
    [InlineData("a.json", "{\"version\": 1, \"sources\": [{\"path\": \"x\", \"augment\": {\"resize\": {}}}]}", "resize.size is 0")]
    [InlineData("a.dat", "x", "cannot be told")]
    public void UnusableDataIsRefusedBeforeTraining(string name, string content, string message)
    {
        RecipeException exception = Assert.Throws<RecipeException>(() => Sources.OpenPath(_folder.Text(name, content)));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MissingFilesAndWrongJsonAreRefused()
    {
        Assert.Contains("does not exist", Assert.Throws<RecipeException>(() => Sources.OpenPath(_folder["none.jsonl"])).Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", Assert.Throws<RecipeException>(() => Sources.OpenPath(_folder["none.json"])).Message, StringComparison.Ordinal);
        Assert.Contains("Number", Assert.Throws<RecipeException>(() => Sources.Open("7", _folder.Root)).Message, StringComparison.Ordinal);
        Directory.CreateDirectory(_folder["empty"]);
        Assert.Contains("no example", Assert.Throws<RecipeException>(() => Sources.OpenPath(_folder["empty"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DataWithoutAnyUsableItemEndsInAnError()
    {
        string path = _folder.Text("a.jsonl", "{\"image\": \"gone.png\", \"suffix\": \"s\"}\n{\"image\": \"gone.png\", \"suffix\": \"t\"}\n");
        RecipeException exception = Assert.Throws<RecipeException>(() => Sources.OpenPath(path).Next());
        Assert.Contains("2 without their picture", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DataThatChangedDoesNotResume()
    {
        string path = _folder.JsonLines("a", 3);
        string position = Sources.OpenPath(path).SavePosition();
        File.AppendAllText(path, "{\"prefix\": \"\", \"suffix\": \"one more\"}\n");
        Assert.Contains("does not belong", Assert.Throws<RecipeException>(() => Sources.OpenPath(path).RestorePosition(position)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFileCutOffWhileTrainingIsSkippedNotACrash()
    {
        string path = _folder.Text("a.jsonl", string.Concat(Enumerable.Range(0, 50).Select(i => $$"""{"prefix": "", "suffix": "number {{i}}"}""" + "\n")));
        ITrainingSource source = Sources.Open("""{"path": "a.jsonl", "shuffle": false}""", _folder.Root);
        Assert.Equal("number 0", source.Next().Suffix);
        using (FileStream stream = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
            stream.SetLength(stream.Length / 2);
        for (int i = 0; i < 60; i++)
            _ = source.Next();
        Assert.True(source.Report.Skipped[BadItemKind.Malformed] > 0);
    }

    [Fact]
    public void DamagedPicturesCountAsBroken()
    {
        using var stream = new MemoryStream();
        Image.Load(_folder.Picture("x.png", 3, 64, 64)).SaveJpeg(stream);
        File.WriteAllBytes(_folder["cut.jpg"], stream.ToArray()[..(int)(stream.Length * 3 / 4)]);
        string path = _folder.Text("a.jsonl", "{\"image\": \"cut.jpg\", \"suffix\": \"s\"}\n{\"suffix\": \"t\"}\n");
        ITrainingSource source = Sources.OpenPath(path);
        Assert.Equal(["t", "t"], [source.Next().Suffix, source.Next().Suffix]);
        Assert.Equal(1, source.Report.Skipped[BadItemKind.BrokenPicture]);
    }
}
