using System.Text;
using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Jobs;
using PaliSharp.Tests.Checkpoints;
using PaliSharp.Tests.Generation;
using Xunit;

namespace PaliSharp.Tests.Jobs;

public sealed class BatchInputTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void PicturesAreFoundBesideTheTable()
    {
        string file = _folder.Write("in.tsv", "\uFEFFphoto\ttitle\na.png\tx,y\n\nsub/b.png\t5\" pipe\n");
        BatchRow[] rows = [.. BatchInput.FromCsv(file, new BatchInputOptions { ImageColumn = "photo" }).Read()];
        Assert.Equal(["a.png", "sub/b.png"], rows.Select(row => row.Image));
        Assert.Equal([_folder["a.png"], _folder["sub/b.png"]], rows.Select(row => row.Path));
        Assert.Equal(["x,y", "5\" pipe"], rows.Select(row => row["title"]));
        BatchRow elsewhere = BatchInput.FromCsv(file, new BatchInputOptions { ImageColumn = "photo", ImageRoot = _folder["pictures"] }).Read().First();
        Assert.Equal(_folder["pictures/a.png"], elsewhere.Path);
    }

    [Fact]
    public void LinesOfJsonAreRows()
    {
        string file = _folder.Write(
            "in.jsonl",
            """
            {"image": "a.png", "n": 5, "things": ["cat", "dog"], "deep": {"x": [1]}, "none": null}

            [1]
            {"image": "a.png", "image": "b.png"}
            {"image": "a.png"
            {"image": "\ud800"}
            {"image": ""}
            {"picture": "a.png"}
            """);
        BatchRow[] rows = [.. BatchInput.FromJsonLines(file).Read()];
        Assert.Equal(7, rows.Length);
        Assert.Equal(Enumerable.Range(0, 7).Select(i => (long)i), rows.Select(row => row.Index));
        Assert.Null(rows[0].Problem);
        Assert.Equal(["a.png", "5", "cat ; dog", "{\"x\": [1]}", ""], rows[0].Fields.Select(field => field.Value));
        Assert.All(rows[1..], row => Assert.NotNull(row.Problem));
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("picture,title\n", "'picture', 'title'")]
    [InlineData("image,image\n", "twice")]
    public void AHeaderMustNameThePicture(string content, string message) => Assert.Contains(
        message,
        Assert.Throws<JobException>(() => BatchInput.FromCsv(_folder.Write("in.csv", content))).Message,
        StringComparison.Ordinal);

    [Fact]
    public void WhatDoesNotEndIsRefused()
    {
        string open = _folder.Write("open.csv", "image,title\na.png,\"x\nb.png,y\n");
        Assert.Contains("never closed", Assert.Throws<JobException>(() => BatchInput.FromCsv(open).Read().Count()).Message, StringComparison.Ordinal);
        string endless = _folder.Write("endless.csv", "image,title\na.png,\"" + new string('x', 40 << 20));
        Assert.Throws<JobException>(() => BatchInput.FromCsv(endless).Read().Count());
        string line = _folder.Write("endless.jsonl", new string('x', 20 << 20));
        Assert.Throws<JobException>(() => BatchInput.FromJsonLines(line).Read().Count());
        Assert.Throws<JobException>(() => BatchInput.FromJsonLines(_folder["none.jsonl"]));
        Assert.Throws<JobException>(() => BatchInput.FromCsv(_folder.Path));
    }

    [Fact]
    public void AnyBytesMakeRowsOrAJobException() => PropertyChecks.Holds(
        Gen.Elements("image", ",", "\"", "\n", "\r", "a.png", "{", "}", ":", "\\u", "\0", "\uFFFF", "[1]", "\"image\":\"x\"", " ").ArrayOf().Select(string.Concat),
        text =>
        {
            foreach (string name in (string[])["in.csv", "in.jsonl"])
            {
                string file = _folder.Write(name, Encoding.UTF8.GetBytes((name == "in.csv" ? "image,b\n" : "") + text));
                try
                {
                    BatchInput input = name == "in.csv" ? BatchInput.FromCsv(file) : BatchInput.FromJsonLines(file);
                    Assert.Equal(input.Read().Count(), input.Summarize().Rows);
                    Assert.All(input.Read(), row => Assert.True(row.Problem is not null || row.Path is not null));
                }
                catch (JobException)
                {
                    // A quotation mark that is never closed.
                }
            }
        });

    [Fact]
    public void FieldsComeBackAsTheyWereWritten() => PropertyChecks.Holds(
        Gen.Elements("\"", ",", "\n", "\r\n", " ", "a", "ü", "", "=1").ArrayOf().Select(string.Concat).ArrayOf().Where(fields => fields.Length > 1),
        fields =>
        {
            byte[] line = CsvText.Line(fields);
            Assert.Equal(fields, Assert.Single(CsvText.Read(new MemoryStream(line), "line")));
            Assert.Equal(line.Length, new CsvRows([], "image", []).CompleteLength(new MemoryStream([.. line, .. line[..^1]])));
        });
}
