using PaliSharp.Tensors;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tests.Models;

/// <summary>The tiny models of the training reference: logits of padded batches, and adapters on, off and merged.</summary>
[Trait("Category", "Golden")]
public sealed class LoraGoldenTests
{
    private const string Topic = "training";
    private const double LogitTolerance = 2e-5; // the reference's README

    private static string[] ModelFolders =>
        [.. GoldenData.Topic(Topic).SelectMany(Directory.GetDirectories).Where(folder => File.Exists(Path.Combine(folder, "model.safetensors")))];

    public static TheoryData<string> Models()
    {
        GoldenData.RequireCases(Topic, ModelFolders);
        return [.. ModelFolders];
    }

    public static TheoryData<string> Adapters()
    {
        GoldenData.RequireCases(Topic, ModelFolders);
        string[] adapters =
        [
            .. ModelFolders.SelectMany(folder => Directory.GetDirectories(folder, "lora_*"))
                .SelectMany(folder => Directory.GetDirectories(folder, "adapter*"))
                .Where(folder => File.Exists(Path.Combine(folder, "adapter_config.json"))),
        ];
        return adapters.Length == 0 ? [""] : [.. adapters];
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void PaddedBatchesGiveTheReferenceLogits(string folder)
    {
        using var model = new ModelUnderTest(folder);
        string forward = Path.Combine(folder, "forward.safetensors");
        foreach (string side in new[] { "right", "left" })
        {
            string batchFile = Path.Combine(folder, $"batch_{side}.safetensors");
            GoldenTensor expected = GoldenTensors.Load(forward)[$"{side}.logits"];
            Compare(model, GoldenTensors.Load(batchFile), prefix: "", expected, softCap: true);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void AnotherSavedLayoutGivesTheSameLogits(string folder)
    {
        string resaved = Path.Combine(folder, "resaved");
        if (!Directory.Exists(resaved))
            return; // an optional layout
        using var model = new ModelUnderTest(resaved);
        GoldenTensor expected = GoldenTensors.Load(Path.Combine(folder, "forward.safetensors"))["right.logits"];
        Compare(model, GoldenTensors.Load(Path.Combine(folder, "batch_right.safetensors")), prefix: "", expected, softCap: true);
    }

    [SkippableTheory]
    [MemberData(nameof(Adapters))]
    public void AnAdapterActsBesideTheWeights(string adapter)
    {
        Skip.If(adapter.Length == 0, "No adapter is present.");
        CompareAdapter(adapter, "logits_on", merge: false);
    }

    [SkippableTheory]
    [MemberData(nameof(Adapters))]
    public void AnAdapterCanBeMerged(string adapter)
    {
        Skip.If(adapter.Length == 0, "No adapter is present.");
        CompareAdapter(adapter, "logits_merged", merge: true);
    }

    [SkippableTheory]
    [MemberData(nameof(Adapters))]
    public void WithoutTheAdapterTheBaseModelIsUnchanged(string adapter)
    {
        Skip.If(adapter.Length == 0, "No adapter is present.");
        using var model = new ModelUnderTest(BaseFolder(adapter));
        CompareFirstBatch(model, adapter, "logits_off");
    }

    private static string BaseFolder(string adapter) => Path.GetDirectoryName(Path.GetDirectoryName(adapter))!;

    private static void CompareAdapter(string adapter, string expected, bool merge)
    {
        using var model = new ModelUnderTest(BaseFolder(adapter), adapter: adapter, mergeAdapter: merge);
        CompareFirstBatch(model, adapter, expected);
    }

    private static void CompareFirstBatch(ModelUnderTest model, string adapter, string name) => Compare(
        model,
        GoldenTensors.Load(Path.Combine(BaseFolder(adapter), "train_batches.safetensors")),
        prefix: "b0.",
        GoldenTensors.Load(Path.Combine(Path.GetDirectoryName(adapter)!, "expected.safetensors"))[name],
        softCap: true);

    private static void Compare(ModelUnderTest model, IReadOnlyDictionary<string, GoldenTensor> inputs, string prefix, GoldenTensor expected, bool softCap)
    {
        var batch = new PaddedBatch(Rows(inputs[$"{prefix}input_ids"]), Rows(inputs[$"{prefix}attention_mask"]), Rows(inputs[$"{prefix}token_type_ids"]));
        using Tensor images = model.Encode(inputs[$"{prefix}pixel_values"].Floats());
        float[] logits = model.Logits(batch.Sequences(model, images), softCap: softCap);
        double distance = TestNumbers.RelativeL2(logits, batch.ValidRows(expected.Floats(), model.Vocabulary));
        Assert.True(distance <= LogitTolerance, $"Relative L2 {distance:E2} exceeds {LogitTolerance:E2}.");
    }

    private static int[][] Rows(GoldenTensor tensor) => [.. tensor.Ints().Chunk(tensor.Shape[1])];
}
