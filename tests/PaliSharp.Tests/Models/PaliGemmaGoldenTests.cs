using System.Text.Json;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tests.Models;

/// <summary>The tiny PaliGemma 1 and 2 against transformers: stages, logits, loss, batches, layouts, text alone and the window rule.</summary>
[Trait("Category", "Golden")]
public sealed class PaliGemmaGoldenTests
{
    private const string Topic = "paligemma";

    // The reference's own float32 runs are up to 1.4e-5 (logits) and 2.6e-5 (single stages) away from float64.
    private const double LogitTolerance = 5e-5;
    private const double StageTolerance = 1e-4;

    /// <summary>The model folders of the topic: those with expected values.</summary>
    private static string[] ModelFolders => [.. GoldenData.Topic(Topic).SelectMany(Directory.GetDirectories).Where(folder => File.Exists(Path.Combine(folder, "expected", "cases.json")))];

    public static TheoryData<string, string> Cases()
    {
        var data = new TheoryData<string, string>();
        foreach (string folder in ModelFolders)
        {
            using JsonDocument cases = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "expected", "cases.json")));
            foreach (JsonElement item in cases.RootElement.GetProperty("cases").EnumerateArray())
                data.Add(folder, item.GetProperty("name").GetString()!);
        }

        GoldenData.RequireCases(Topic, ModelFolders);
        return data;
    }

    /// <summary>Every folder beside <c>model</c> that holds the same weights under another naming generation.</summary>
    public static TheoryData<string> Layouts() => Folders("layout_*", allowNone: true);

    public static TheoryData<string> RoundedModels() =>
        [.. ModelFolders.SelectMany(Directory.GetDirectories).Where(folder => File.Exists(Path.Combine(folder, "expected.safetensors")))];

    public static TheoryData<string> Models() => Folders("model", allowNone: false);

    [Theory]
    [MemberData(nameof(Cases))]
    public void StagesLogitsAndLossEqualTheReference(string folder, string name)
    {
        using var model = new ModelUnderTest(Path.Combine(folder, "model"));
        (PaddedBatch batch, JsonElement golden) = ReadCase(folder, name);
        IReadOnlyDictionary<string, GoldenTensor> tensors = GoldenTensors.Load(Path.Combine(folder, "expected", "tensors.safetensors"));
        var probe = new RecordingProbe();

        using Tensor images = model.Encode(tensors[$"{name}/pixel_values"].Floats(), probe);
        float[] logits = model.Logits(batch.Sequences(model, images), probe);

        float[] expected = batch.ValidRows(tensors[$"{name}/logits"].Floats(), model.Vocabulary);
        Assert.InRange(TestNumbers.RelativeL2(logits, expected), 0, LogitTolerance);
        CompareStages(tensors, $"{name}/trace/", probe, batch, model);
        if (golden.TryGetProperty("loss", out JsonElement loss))
            Assert.Equal(loss.GetDouble(), MeanLoss(batch, golden, logits, model.Vocabulary), 1e-4);
    }

    [SkippableTheory]
    [MemberData(nameof(Layouts))]
    public void OtherLayoutsOfTheSameWeightsGiveTheSameLogits(string folder)
    {
        Skip.If(folder.Length == 0, "No folder of another layout is present.");
        using var model = new ModelUnderTest(folder);
        string parent = Path.GetDirectoryName(folder)!;
        CompareFirstCase(model, parent, "single", GoldenTensors.Load(Path.Combine(parent, "expected", "tensors.safetensors"))["single/logits"]);
    }

    [SkippableTheory]
    [MemberData(nameof(RoundedModels))]
    public void RoundedWeightsComputeInFloat32(string folder)
    {
        using var model = new ModelUnderTest(folder);
        CompareFirstCase(model, Path.GetDirectoryName(folder)!, "single", GoldenTensors.Load(Path.Combine(folder, "expected.safetensors"))["logits"]);
    }

    [SkippableTheory]
    [MemberData(nameof(Models))]
    public void TextAloneIsCausalByDefaultAndBidirectionalOnRequest(string folder)
    {
        string expectedFolder = Path.Combine(Path.GetDirectoryName(folder)!, "expected");
        string items = Path.Combine(expectedFolder, "text_only.json");
        Skip.IfNot(File.Exists(items), $"There is no {items}.");
        using var model = new ModelUnderTest(folder);
        IReadOnlyDictionary<string, GoldenTensor> tensors = GoldenTensors.Load(Path.Combine(expectedFolder, "text_only.safetensors"));
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(items));
        int index = 0;
        foreach (JsonElement item in document.RootElement.EnumerateArray())
        {
            int[] ids = Ints(item.GetProperty("input_ids"));
            float[] causal = model.Logits([new SequenceInput(ids, PrefixLength: 0)]);
            float[] prefix = model.Logits([new SequenceInput(ids, PrefixLength: ids.Length)]);
            Assert.InRange(TestNumbers.RelativeL2(causal, tensors[$"{index}/logits_causal"].Floats()), 0, LogitTolerance);
            Assert.InRange(TestNumbers.RelativeL2(prefix, tensors[$"{index}/logits_prefix"].Floats()), 0, LogitTolerance);
            index++;
        }

        Assert.True(index > 0);
    }

    [SkippableTheory]
    [MemberData(nameof(Models))]
    public void TheSlidingWindowIsAnOption(string folder)
    {
        string path = Path.Combine(Path.GetDirectoryName(folder)!, "expected", "window.safetensors");
        Skip.IfNot(File.Exists(path), $"There is no {path}.");
        IReadOnlyDictionary<string, GoldenTensor> tensors = GoldenTensors.Load(path);
        int[] ids = tensors["input_ids"].Ints();
        int[] types = tensors["token_type_ids"].Ints();
        var batch = new PaddedBatch([ids], [[.. ids.Select(_ => 1)]], [types]);
        int compared = 0;
        foreach (string key in tensors.Keys.Where(key => key.StartsWith("logits_", StringComparison.Ordinal)))
        {
            int window = key == "logits_no_window" ? 0 : int.Parse(key.AsSpan("logits_window".Length));
            using var model = new ModelUnderTest(
                folder,
                modelOptions: new PaliGemmaModelOptions { UseSlidingWindow = window > 0 },
                configure: config => config with { Text = config.Text with { SlidingWindow = window } });
            using Tensor images = model.Encode(tensors["pixel_values"].Floats());
            Assert.InRange(TestNumbers.RelativeL2(model.Logits(batch.Sequences(model, images)), tensors[key].Floats()), 0, LogitTolerance);
            compared++;
        }

        Assert.True(compared >= 2);
    }

    private static TheoryData<string> Folders(string pattern, bool allowNone)
    {
        string[] folders = [.. ModelFolders.SelectMany(folder => Directory.GetDirectories(folder, pattern))];
        GoldenData.RequireCases(Topic, ModelFolders);
        return folders.Length == 0 && allowNone ? [""] : [.. folders];
    }

    private static void CompareFirstCase(ModelUnderTest model, string modelFolder, string name, GoldenTensor expected)
    {
        (PaddedBatch batch, _) = ReadCase(modelFolder, name);
        GoldenTensor pixels = GoldenTensors.Load(Path.Combine(modelFolder, "expected", "tensors.safetensors"))[$"{name}/pixel_values"];
        using Tensor images = model.Encode(pixels.Floats());
        Assert.InRange(TestNumbers.RelativeL2(model.Logits(batch.Sequences(model, images)), expected.Floats()), 0, LogitTolerance);
    }

    private static void CompareStages(
        IReadOnlyDictionary<string, GoldenTensor> tensors, string prefix, RecordingProbe probe, PaddedBatch batch, ModelUnderTest model)
    {
        foreach ((string key, GoldenTensor golden) in tensors.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal)))
        {
            string stage = key[prefix.Length..];
            float[] expected = stage switch
            {
                "vision/patch_embedding" => ChannelsLast(golden),
                "text/embeddings_scaled" => TextRows(golden, batch, model),
                _ when stage.StartsWith("text/", StringComparison.Ordinal) => batch.ValidRows(golden.Floats(), golden.Shape[^1]),
                _ => golden.Floats(),
            };
            Assert.True(probe.Stages.ContainsKey(stage), $"The stage '{stage}' was not reported.");
            double distance = TestNumbers.RelativeL2(probe.Stages[stage], expected);
            Assert.True(distance <= StageTolerance, $"{key}: relative L2 {distance:E2} exceeds {StageTolerance:E2}.");
        }
    }

    /// <summary>[pictures, width, grid, grid] as [pictures·grid², width].</summary>
    private static float[] ChannelsLast(GoldenTensor golden)
    {
        float[] values = golden.Floats();
        int pictures = golden.Shape[0];
        int width = golden.Shape[1];
        int patches = golden.Shape[2] * golden.Shape[3];
        var result = new float[values.Length];
        for (int picture = 0; picture < pictures; picture++)
        {
            for (int channel = 0; channel < width; channel++)
            {
                for (int patch = 0; patch < patches; patch++)
                    result[(((picture * patches) + patch) * width) + channel] = values[(((picture * width) + channel) * patches) + patch];
            }
        }

        return result;
    }

    private static float[] TextRows(GoldenTensor golden, PaddedBatch batch, ModelUnderTest model)
    {
        float[] values = golden.Floats();
        int width = golden.Shape[^1];
        var rows = new List<float>();
        for (int row = 0; row < batch.Rows; row++)
        {
            foreach (int column in batch.ValidColumns(row).Where(column => batch.Ids[row][column] != model.Config.ImageTokenId))
                rows.AddRange(values.AsSpan(((row * batch.Columns) + column) * width, width));
        }

        return [.. rows];
    }

    /// <summary>The mean of −log p over all targets: the logits at one valid position predict the label at the next column.</summary>
    private static double MeanLoss(PaddedBatch batch, JsonElement golden, float[] logits, int vocabulary)
    {
        int[][] labels = Rows(golden.GetProperty("labels"));
        double sum = 0;
        int targets = 0;
        int validRow = 0;
        for (int row = 0; row < batch.Rows; row++)
        {
            foreach (int column in batch.ValidColumns(row))
            {
                if (column + 1 < batch.Columns && labels[row][column + 1] >= 0)
                {
                    ReadOnlySpan<float> scores = logits.AsSpan(validRow * vocabulary, vocabulary);
                    sum += LogSumExp(scores) - scores[labels[row][column + 1]];
                    targets++;
                }

                validRow++;
            }
        }

        return sum / targets;
    }

    private static double LogSumExp(ReadOnlySpan<float> values)
    {
        double max = float.NegativeInfinity;
        foreach (float value in values)
            max = Math.Max(max, value);
        double sum = 0;
        foreach (float value in values)
            sum += Math.Exp(value - max);
        return max + Math.Log(sum);
    }

    private static (PaddedBatch Batch, JsonElement Case) ReadCase(string folder, string name)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "expected", "cases.json")));
        JsonElement item = document.RootElement.GetProperty("cases").EnumerateArray().Single(item => item.GetProperty("name").GetString() == name).Clone();
        return (new PaddedBatch(Rows(item.GetProperty("input_ids")), Rows(item.GetProperty("attention_mask")), Rows(item.GetProperty("token_type_ids"))), item);
    }

    private static int[][] Rows(JsonElement rows) => [.. rows.EnumerateArray().Select(Ints)];

    private static int[] Ints(JsonElement row) => [.. row.EnumerateArray().Select(value => value.GetInt32())];
}
