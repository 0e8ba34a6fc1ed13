using System.Text.Json;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Jobs;
using PaliSharp.Tasks;
using PaliSharp.Tests.Checkpoints;
using Xunit;

namespace PaliSharp.Tests.Jobs;

public sealed class BatchJobTests : IDisposable
{
    private const int Rows = 11;

    private readonly PaliGemma _model = PaliGemma.Load(null, new PaliGemmaOptions { PictureCacheBytes = 0 });
    private readonly TemporaryFolder _folder = new();

    public BatchJobTests()
    {
        for (int i = 0; i < 4; i++)
        {
            byte[] pixels = new byte[20 * (16 + i) * 3];
            for (int p = 0; p < pixels.Length; p++)
                pixels[p] = (byte)(p * (i + 3));
            Image.FromPixels(20, 16 + i, pixels).SavePng(_folder[$"{i}.png"]);
        }

        _folder.Write("broken.png", "no picture");
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(BatchFormat.JsonLines)]
    [InlineData(BatchFormat.Csv)]
    public async Task EveryRowIsAnsweredOnceInOrderAndWhatFailsFailsAlone(BatchFormat format)
    {
        BatchProgress done = await RunAsync("out", format);
        Assert.Equal((Rows, 4L, Rows, 0L), (done.Done, done.Failed, done.Total, done.Resumed));
        List<JsonElement?> rows = await ReadAsync("out", format);
        Assert.Equal(Rows, rows.Count);
        Assert.Equal([3, 5, 7, 9], rows.Index().Where(row => row.Item is null).Select(row => row.Index));
    }

    [Fact]
    public async Task AResultIsTheOneOfTheLibrary()
    {
        await RunAsync("out", BatchFormat.JsonLines);
        List<JsonElement?> rows = await ReadAsync("out", BatchFormat.JsonLines);
        GenerationResult expected = await _model.GenerateAsync(Image.Load(_folder["1.png"]), "caption de", new GenerationOptions { MaxNewTokens = 3 });
        JsonElement row = rows[1]!.Value;
        Assert.Equal(expected.Text, row.GetProperty("text").GetString());
        Assert.Equal(expected.Tokens.Select(token => token.Id), row.GetProperty("tokens").EnumerateArray().Select(id => id.GetInt32()));
        Assert.Equal("caption de", row.GetProperty("prompt").GetString());
        Assert.Equal("length", row.GetProperty("finish_reason").GetString());
        Assert.Equal("title 1, \"quoted\"\nand broken", row.GetProperty("input").GetProperty("title").GetString());
    }

    [Theory]
    [InlineData(BatchFormat.JsonLines)]
    [InlineData(BatchFormat.Csv)]
    public async Task WhateverByteAnInterruptionLeftTheJobEndsWithTheSameBytes(BatchFormat format)
    {
        await RunAsync("whole", format);
        byte[] whole = await File.ReadAllBytesAsync(_folder["whole"]);
        var random = new Random(11);
        int[] lengths = [0, 1, whole.Length - 1, whole.Length, .. Enumerable.Range(0, 16).Select(_ => random.Next(whole.Length))];
        foreach (int length in lengths)
        {
            await File.WriteAllBytesAsync(_folder["cut"], whole[..length]);
            File.Copy(_folder["whole.job"], _folder["cut.job"], overwrite: true);
            BatchProgress done = await RunAsync("cut", format);
            Assert.Equal((Rows, 4L), (done.Done, done.Failed));
            Assert.True(File.ReadAllBytes(_folder["cut"]).SequenceEqual(whole), $"The file cut at byte {length} of {whole.Length} ends otherwise.");
        }
    }

    [Fact]
    public async Task ACancelledJobGoesOn()
    {
        await RunAsync("whole", BatchFormat.JsonLines);
        using var cancelled = new CancellationTokenSource();
        var progress = new Recorder(progress =>
        {
            if (progress.Done == 6)
                cancelled.Cancel();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Job("out", BatchFormat.JsonLines).RunAsync(_model, progress, cancelled.Token));
        Assert.Equal(6, (await File.ReadAllLinesAsync(_folder["out"])).Length);
        BatchProgress done = await RunAsync("out", BatchFormat.JsonLines);
        Assert.Equal((6L, Rows), (done.Resumed, done.Done));
        Assert.Equal(await File.ReadAllBytesAsync(_folder["whole"]), await File.ReadAllBytesAsync(_folder["out"]));

        // Once more: there is nothing left to do.
        done = await RunAsync("out", BatchFormat.JsonLines);
        Assert.Equal((Rows, Rows, 4L, 0.0), (done.Resumed, done.Done, done.Failed, done.Rate));
    }

    [Fact]
    public async Task AnotherJobIsRefusedAndSaysWhatDiffers()
    {
        await RunAsync("out", BatchFormat.JsonLines);
        byte[] before = await File.ReadAllBytesAsync(_folder["out"]);
        JobException exception = await Assert.ThrowsAsync<JobException>(() => RunAsync("out", BatchFormat.JsonLines, prompt: "caption en"));
        Assert.Contains("prompt caption {language}", exception.Message, StringComparison.Ordinal);
        exception = await Assert.ThrowsAsync<JobException>(() => RunAsync("out", BatchFormat.Csv));
        Assert.Contains("format was 'JsonLines'", exception.Message, StringComparison.Ordinal);
        exception = await Assert.ThrowsAsync<JobException>(() => new BatchJob(Input(), Task(), Options("out") with { Window = 5 }).RunAsync(_model));
        Assert.Contains("window was '3' and is '5'", exception.Message, StringComparison.Ordinal);
        await File.AppendAllTextAsync(_folder["in.csv"], "0.png,en,more\n");
        exception = await Assert.ThrowsAsync<JobException>(() => Job("out", BatchFormat.JsonLines).RunAsync(_model));
        Assert.Contains("input was", exception.Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(_folder["out"]));
        await Assert.ThrowsAsync<JobException>(() => new BatchJob(Input(), Task("caption en"), Options("out") with { Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["model"] = "x" } }).RunAsync(_model));
    }

    [Fact]
    public async Task WhatIsNoOutputOfThisJobIsNotTouched()
    {
        _folder.Write("out", "a letter");
        JobException exception = await Assert.ThrowsAsync<JobException>(() => RunAsync("out", BatchFormat.JsonLines));
        Assert.Contains("belongs to no job", exception.Message, StringComparison.Ordinal);
        Assert.Equal("a letter", await File.ReadAllTextAsync(_folder["out"]));

        // Somebody took a row out.
        await RunAsync("rows", BatchFormat.JsonLines);
        string[] lines = await File.ReadAllLinesAsync(_folder["rows"]);
        await File.WriteAllLinesAsync(_folder["rows"], [.. lines[..2], .. lines[3..]]);
        exception = await Assert.ThrowsAsync<JobException>(() => RunAsync("rows", BatchFormat.JsonLines));
        Assert.Contains("row 2 was expected where it has row 3", exception.Message, StringComparison.Ordinal);

        _folder.Write("damaged.job", "[1, 2");
        await Assert.ThrowsAsync<JobException>(() => RunAsync("damaged", BatchFormat.JsonLines));

        BatchProgress done = await new BatchJob(Input(), Task(), Options("out") with { Overwrite = true }).RunAsync(_model);
        Assert.Equal((Rows, 0L), (done.Done, done.Resumed));
    }

    [Fact]
    public async Task TwoRunsOfOneJobDoNotMix()
    {
        await RunAsync("out", BatchFormat.JsonLines);
        using (new FileStream(_folder["out"], FileMode.Open, FileAccess.ReadWrite, FileShare.Read))
        {
            JobException exception = await Assert.ThrowsAsync<JobException>(() => RunAsync("out", BatchFormat.JsonLines));
            Assert.Contains("another run", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task TheColumnsOfThePromptMustBeThere()
    {
        JobException exception = await Assert.ThrowsAsync<JobException>(() => RunAsync("out", BatchFormat.JsonLines, prompt: "caption {lingua}"));
        Assert.Contains("'lingua'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("'language'", exception.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["out"]));
        Assert.False(File.Exists(_folder["out.job"]));
    }

    [Fact]
    public async Task ColumnsOfTheResultDoNotHideThoseOfTheInput()
    {
        _folder.Write("in.csv", "image,text,error,row\n0.png,mine,none,7\n");
        await new BatchJob(BatchInput.FromCsv(_folder["in.csv"]), Task("caption en"), Options("out") with { Format = BatchFormat.Csv }).RunAsync(_model);
        string[] lines = await File.ReadAllLinesAsync(_folder["out"]);
        Assert.Equal("row_2,image,text,error,row,prompt,text_2,finish_reason,logprob,warnings,error_2", lines[0]);
        Assert.StartsWith("0,0.png,mine,none,7,caption en,", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task PicturesAloneAreAnInput()
    {
        BatchInput input = BatchInput.FromPictures([_folder["0.png"], _folder["none.png"], "a\0b"]);
        BatchProgress done = await new BatchJob(input, Task("caption en"), Options("out")).RunAsync(_model);
        Assert.Equal((3L, 2L), (done.Done, done.Failed));
        string[] lines = await File.ReadAllLinesAsync(_folder["out"]);
        Assert.Contains("\"name\":\"0\"", lines[0], StringComparison.Ordinal);
        Assert.Contains("\"kind\":\"image\"", lines[1], StringComparison.Ordinal);
        Assert.Contains("\"kind\":\"input\"", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task LabelsAreRankedAndTextsMatchedRowByRow()
    {
        string[] pictures = ["0.png", "none.png", "0.png"];
        string[] colors = ["red;blue", "red;blue", " ; "];
        _folder.Write("in.csv", $"image,colors,title\n{string.Join('\n', pictures.Select((picture, i) => $"{picture},{colors[i]},a ring"))}\n");
        PromptTemplate prompt = PromptTemplate.Parse("answer en what color is it?");
        BatchTask classify = BatchTask.Classify(PromptTemplate.Parse("{colors}"), prompt, new ClassificationOptions { Scoring = LabelScoring.Mean });
        BatchProgress done = await new BatchJob(BatchInput.FromCsv(_folder["in.csv"]), classify, Options("labels")).RunAsync(_model);
        Assert.Equal((3L, 2L), (done.Done, done.Failed));
        string[] rows = await File.ReadAllLinesAsync(_folder["labels"]);
        ClassificationResult expected = await _model.ClassifyAsync(Image.Load(_folder["0.png"]), ["red", "blue"], prompt.Source, new ClassificationOptions { Scoring = LabelScoring.Mean });
        using JsonDocument first = JsonDocument.Parse(rows[0]);
        Assert.Equal(
            expected.Labels.Select(label => (label.Label, label.Score)),
            first.RootElement.GetProperty("labels").EnumerateArray().Select(label => (label.GetProperty("label").GetString()!, label.GetProperty("score").GetDouble())));
        Assert.Contains("\"kind\":\"image\"", rows[1], StringComparison.Ordinal);
        Assert.Contains("There is no label", rows[2], StringComparison.Ordinal);

        // As a table, and again after an interruption within it.
        BatchTask match = BatchTask.Match(PromptTemplate.Parse("{title}"));
        BatchJobOptions options = Options("fits") with { Format = BatchFormat.Csv };
        await new BatchJob(BatchInput.FromCsv(_folder["in.csv"]), match, options).RunAsync(_model);
        string[] fits = await File.ReadAllLinesAsync(_folder["fits"]);
        Assert.Equal("row,image,colors,title,prompt,width,height,text,score,logprob,prior_logprob,error", fits[0]);
        MatchResult fit = await _model.MatchAsync(Image.Load(_folder["0.png"]), "a ring");
        Assert.Contains($",a ring,{fit.Score.ToString(System.Globalization.CultureInfo.InvariantCulture)},", fits[1], StringComparison.Ordinal);
        await File.WriteAllTextAsync(_folder["fits"], string.Join('\n', fits[..2]) + "\n1,none");
        await new BatchJob(BatchInput.FromCsv(_folder["in.csv"]), match, options).RunAsync(_model);
        Assert.Equal(fits, await File.ReadAllLinesAsync(_folder["fits"]));
    }

    [Fact]
    public async Task DrawnTokensAreTheSameAfterAnInterruption()
    {
        var options = new GenerationOptions { MaxNewTokens = 4, Sampling = new SamplingOptions { Temperature = 2, Seed = 5 } };
        BatchTask task = BatchTask.Prompt(PromptTemplate.Parse("caption {language}"), options);
        await new BatchJob(Input(), task, Options("whole")).RunAsync(_model);
        string[] lines = await File.ReadAllLinesAsync(_folder["whole"]);
        File.Copy(_folder["whole.job"], _folder["out.job"]);
        await File.WriteAllLinesAsync(_folder["out"], lines[..4]);
        await new BatchJob(Input(), task, Options("out")).RunAsync(_model);
        Assert.Equal(lines, await File.ReadAllLinesAsync(_folder["out"]));

        // The same picture and prompt twice: each row draws its own.
        using JsonDocument first = JsonDocument.Parse(lines[0]);
        using JsonDocument again = JsonDocument.Parse(lines[8]);
        Assert.NotEqual(first.RootElement.GetProperty("tokens").ToString(), again.RootElement.GetProperty("tokens").ToString());
    }

    [Fact]
    public async Task AnEmptyInputMakesAnEmptyOutput()
    {
        _folder.Write("in.csv", "image,language\n");
        BatchProgress done = await new BatchJob(BatchInput.FromCsv(_folder["in.csv"]), Task(), Options("out") with { Format = BatchFormat.Csv }).RunAsync(_model);
        Assert.Equal((0L, 0L), (done.Done, done.Failed));
        Assert.Equal("row,image,language,prompt,text,finish_reason,logprob,warnings,error\n", await File.ReadAllTextAsync(_folder["out"]));
    }

    private static BatchTask Task(string prompt = "caption {language}") =>
        BatchTask.Prompt(PromptTemplate.Parse(prompt), new GenerationOptions { MaxNewTokens = 3 });

    private BatchJobOptions Options(string output) => new(_folder[output]) { Window = 3 };

    private BatchJob Job(string output, BatchFormat format, string prompt = "caption {language}") =>
        new(BatchInput.FromCsv(_folder["in.csv"]), Task(prompt), Options(output) with { Format = format });

    private Task<BatchProgress> RunAsync(string output, BatchFormat format, string prompt = "caption {language}")
    {
        Input();
        return Job(output, format, prompt).RunAsync(_model);
    }

    /// <summary>Eleven rows, four of which fail: no picture, a broken picture, a field too few, no language that the model could be given.</summary>
    private BatchInput Input()
    {
        string Row(int i) => $"{i % 4}.png,{(i % 2 == 0 ? "en" : "de")},\"title {i}, \"\"quoted\"\"\nand broken\"\n";
        string[] rows = [.. Enumerable.Range(0, Rows).Select(Row)];
        rows[3] = "none.png,en,x\n";
        rows[5] = "broken.png,en,x\n";
        rows[7] = "0.png,en\n";
        rows[9] = $"0.png,{new string('x', 9000)},x\n";
        return BatchInput.FromCsv(_folder.Write("in.csv", "image,language,title\n" + string.Concat(rows)));
    }

    /// <summary>The rows of an output; null for one with an error.</summary>
    private async Task<List<JsonElement?>> ReadAsync(string output, BatchFormat format)
    {
        if (format == BatchFormat.JsonLines)
        {
            return
            [
                .. (await File.ReadAllLinesAsync(_folder[output])).Index().Select(line =>
                {
                    JsonElement row = JsonDocument.Parse(line.Item).RootElement;
                    Assert.Equal(line.Index, row.GetProperty("row").GetInt32());
                    return row.TryGetProperty("error", out _) ? null : (JsonElement?)row;
                }),
            ];
        }

        string[][] records = [.. CsvText.Read(File.OpenRead(_folder[output]), output)];
        Assert.Equal(["row", "image", "language", "title", "prompt", "text", "finish_reason", "logprob", "warnings", "error"], records[0]);
        return
        [
            .. records[1..].Index().Select(record =>
            {
                Assert.Equal(records[0].Length, record.Item.Length);
                Assert.Equal(record.Index, int.Parse(record.Item[0], System.Globalization.CultureInfo.InvariantCulture));
                return record.Item[^1].Length > 0 ? null : (JsonElement?)JsonDocument.Parse("{}").RootElement;
            }),
        ];
    }

    private sealed class Recorder(Action<BatchProgress> report) : IProgress<BatchProgress>
    {
        public void Report(BatchProgress value) => report(value);
    }
}
