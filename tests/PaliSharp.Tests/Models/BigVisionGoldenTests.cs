using System.Text.Json;
using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tests.Models;

/// <summary>Small random models in big_vision's own format against the original JAX program: forward pass, cached decoding, several images.</summary>
[Trait("Category", "Golden")]
public sealed class BigVisionGoldenTests
{
    private const string Topic = "big_vision";

    internal static string[] ModelFolders =>
        [.. GoldenData.Topic(Topic).SelectMany(Directory.GetDirectories).Where(folder => File.Exists(Path.Combine(folder, "params_f32.npz")))];

    public static TheoryData<string> Models()
    {
        GoldenData.RequireCases(Topic, ModelFolders);
        return [.. ModelFolders];
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void StagesAndUncappedTextLogitsEqualTheReference(string folder)
    {
        using ModelUnderTest model = Load(folder, "params_f32.npz");
        CompareForward(model, folder, "forward.safetensors", Tolerance(model));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void BFloat16WeightsWithRoundedEmbeddingFactorEqualTheReference(string folder)
    {
        using ModelUnderTest model = Load(folder, "params_bf16.npz", new PaliGemmaModelOptions { RoundEmbeddingScaleToBFloat16 = true });
        CompareForward(model, folder, "forward_bf16_weights.safetensors", Tolerance(model));
    }

    [SkippableTheory]
    [MemberData(nameof(Models))]
    public void TheHuggingFaceCopyGivesTheSameLogits(string folder)
    {
        string copy = Path.Combine(folder, "hf");
        Skip.IfNot(Directory.Exists(copy), $"There is no {copy}.");
        using var model = new ModelUnderTest(copy);
        bool isRounded = IsBFloat16(model);
        string file = isRounded ? "forward_bf16_weights.safetensors" : "forward.safetensors";

        // The factor √width stays float32 here: with bfloat16 weights the reference rounds it, which alone is worth up to 4e-3.
        CompareLogits(model, folder, file, isRounded ? 4e-3 : Tolerance(model));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void CachedDecodingEqualsTheReference(string folder)
    {
        using ModelUnderTest model = Load(folder, "params_f32.npz");
        IReadOnlyDictionary<string, GoldenTensor> golden = GoldenTensors.Load(Path.Combine(folder, "decode.safetensors"));
        int[][] forced = Rows(golden["forced"]);
        float[] expected = golden["logits_cache_f32"].Floats();
        int steps = golden["logits_cache_f32"].Shape[1];
        int vocabulary = golden["logits_cache_f32"].Shape[2];
        using Tensor images = EncodeInputs(model, folder);

        SequenceInput[] prompts = [.. Enumerable.Range(0, forced.Length).Select(i => Prompt(model, folder, images, i, steps))];
        KvCache[] caches = [.. prompts.Select(prompt => prompt.Cache!)];
        for (int step = 0; step < steps; step++)
        {
            SequenceInput[] batch = step == 0
                ? prompts
                : [.. caches.Select((cache, i) => new SequenceInput(new[] { forced[i][step - 1] }, cache.PrefixLength, default, cache))];
            using Tensor hidden = model.Model.Forward(batch);
            int[] lastRows = new int[batch.Length];
            for (int i = 0, row = 0; i < batch.Length; i++)
            {
                row += batch[i].Rows;
                lastRows[i] = row - 1;
            }

            using Tensor last = model.Model.SelectRows(hidden, lastRows);

            // big_vision leaves the first logits after the prompt uncapped and caps the others.
            using Tensor logits = model.Model.Logits(last, softCap: step > 0);
            for (int i = 0; i < batch.Length; i++)
            {
                double distance = TestNumbers.RelativeL2(
                    logits.Row(i)[..vocabulary], expected.AsSpan(((i * steps) + step) * vocabulary, vocabulary));
                Assert.True(distance <= Tolerance(model), $"Example {i}, step {step}: relative L2 {distance:E2}.");
            }
        }

        foreach (KvCache cache in caches)
            cache.Dispose();
    }

    [SkippableTheory]
    [MemberData(nameof(Models))]
    public void SeveralImagesStandInOrderBeforeTheText(string folder)
    {
        string path = Path.Combine(folder, "multi_image.safetensors");
        Skip.IfNot(File.Exists(path), $"There is no {path}.");
        using ModelUnderTest model = Load(folder, "params_f32.npz");
        IReadOnlyDictionary<string, GoldenTensor> golden = GoldenTensors.Load(path);
        GoldenTensor image = golden["image"]; // [examples, images, S, S, 3]
        int examples = image.Shape[0];
        int perExample = image.Shape[1];
        using Tensor rows = model.Encode(ChannelsFirst(image.Floats(), examples * perExample, model.Config.Vision.ImageSize));
        Assert.InRange(TestNumbers.RelativeL2(rows.Span, golden["zimg"].Floats()), 0, Tolerance(model));

        SequenceInput[] sequences = TrainingBatch(model, folder, rows, perExample, examples);
        float[] logits = TextLogits(model, sequences, model.Logits(sequences, softCap: false));
        Assert.InRange(TestNumbers.RelativeL2(logits, golden["text_logits"].Floats()), 0, Tolerance(model));
    }

    /// <summary>One example's prompt as it is given to cached decoding, with a cache for it and its answer.</summary>
    internal static SequenceInput Prompt(ModelUnderTest model, string folder, Tensor images, int example, int maxTokens)
    {
        IReadOnlyDictionary<string, GoldenTensor> golden = GoldenTensors.Load(Path.Combine(folder, "decode.safetensors"));
        int[] text = Rows(golden["text"])[example];
        int[] autoregressive = Rows(golden["mask_ar"])[example];
        int[] input = Rows(golden["mask_input"])[example];
        int[] valid = [.. Enumerable.Range(0, text.Length).Where(column => input[column] != 0)];
        return new SequenceInput(
            valid.Select(column => text[column]).ToArray(),
            model.Config.ImageTokens + valid.Count(column => autoregressive[column] == 0),
            model.Images(images, example, 1),
            new KvCache(model.Config.Text, model.Backend.Pool, model.Config.ImageTokens + text.Length + maxTokens));
    }

    // Limits of the reference's README: 1e-5 for the Gemma 1 shape, 5e-5 for the sharper Gemma 2 shapes.
    private static double Tolerance(ModelUnderTest model) => model.Config.Text.Version == GemmaVersion.Gemma1 ? 1e-5 : 5e-5;

    internal static ModelUnderTest Load(string folder, string file, PaliGemmaModelOptions? options = null)
    {
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json")));
        JsonElement text = config.RootElement.GetProperty("llm");
        bool perHeadOfWidth = config.RootElement.GetProperty("query_pre_attn_norm").GetString() == "rsqrt_emb_per_head";
        float scalar = perHeadOfWidth
            ? (float)text.GetProperty("width").GetInt32() / text.GetProperty("num_heads").GetInt32()
            : text.GetProperty("head_dim").GetInt32();
        return new ModelUnderTest(
            Path.Combine(folder, file),
            modelOptions: options,
            configure: geometry => geometry with { Text = geometry.Text with { QueryScalar = scalar } });
    }

    private static bool IsBFloat16(ModelUnderTest model)
    {
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(model.Path, "config.json")));
        return (config.RootElement.TryGetProperty("dtype", out JsonElement type) || config.RootElement.TryGetProperty("torch_dtype", out type))
            && type.GetString() == "bfloat16";
    }

    private static void CompareForward(ModelUnderTest model, string folder, string file, double tolerance)
    {
        IReadOnlyDictionary<string, GoldenTensor> golden = GoldenTensors.Load(Path.Combine(folder, file));
        var probe = new RecordingProbe();
        float[] logits = CompareLogits(model, folder, file, tolerance, probe);
        Assert.NotEmpty(logits);
        foreach ((string name, GoldenTensor expected) in golden)
        {
            if (StageName(name, model.Config) is not { } stage)
                continue;
            float[] actual = probe.Stages[stage];
            float[] values = expected.Floats();

            // The image tower's stages are stored for the first examples only.
            Assert.True(actual.Length >= values.Length, $"{name} has more values than '{stage}'.");
            double distance = TestNumbers.RelativeL2(actual.AsSpan(0, values.Length), values);
            Assert.True(distance <= Math.Max(tolerance, 1e-5), $"{name}: relative L2 {distance:E2} exceeds {tolerance:E2}.");
        }
    }

    private static float[] CompareLogits(ModelUnderTest model, string folder, string file, double tolerance, RecordingProbe? probe = null)
    {
        IReadOnlyDictionary<string, GoldenTensor> golden = GoldenTensors.Load(Path.Combine(folder, file));
        using Tensor images = EncodeInputs(model, folder, probe);
        SequenceInput[] sequences = TrainingBatch(model, folder, images, imagesPerExample: 1, examples: images.Rows / model.Config.ImageTokens);
        float[] logits = TextLogits(model, sequences, model.Logits(sequences, probe, softCap: false), golden["text_logits"].Shape[^1]);
        Assert.InRange(TestNumbers.RelativeL2(logits, golden["text_logits"].Floats()), 0, tolerance);
        return logits;
    }

    private static string? StageName(string name, PaliGemmaConfig config)
    {
        string last = $"{config.Text.Layers - 1:D2}";
        return name switch
        {
            "img/stem" => "vision/patch_embedding",
            "img/with_posemb" => "vision/embeddings",
            "img/encoded" or "img/pre_logits" => "vision/post_layernorm",
            "img/zimg" => "projector",
            "llm/ztxt" => "text/embeddings_scaled",
            "llm/encoded" => $"text/layer{last}/out",
            "llm/pre_logits" => "text/final_norm",
            _ when name.StartsWith("llm/after_block", StringComparison.Ordinal) => $"text/layer{name[^2..]}/out",
            _ when name.EndsWith("/sa", StringComparison.Ordinal) => $"vision/layer{name[..^"/sa".Length][^2..]}/attention",
            _ when name.EndsWith("/mlp", StringComparison.Ordinal) => $"vision/layer{name[..^"/mlp".Length][^2..]}/mlp",
            _ when name.EndsWith("/+mlp", StringComparison.Ordinal) => $"vision/layer{name[..^"/+mlp".Length][^2..]}/out",
            _ => null,
        };
    }

    internal static Tensor EncodeInputs(ModelUnderTest model, string folder, IForwardProbe? probe = null)
    {
        GoldenTensor image = GoldenTensors.Load(Path.Combine(folder, "inputs.safetensors"))["image"];
        return model.Encode(ChannelsFirst(image.Floats(), image.Shape[0], image.Shape[1]), probe);
    }

    /// <summary>The training batch's text without its last column; positions with mask_ar 0 belong to the bidirectional prefix.</summary>
    private static SequenceInput[] TrainingBatch(ModelUnderTest model, string folder, Tensor imageRows, int imagesPerExample, int examples)
    {
        IReadOnlyDictionary<string, GoldenTensor> inputs = GoldenTensors.Load(Path.Combine(folder, "inputs.safetensors"));
        int[][] text = Rows(inputs["text"]);
        int[][] autoregressive = Rows(inputs["mask_ar"]);
        return
        [
            .. Enumerable.Range(0, examples).Select(i => new SequenceInput(
                text[i].AsMemory(..^1),
                (imagesPerExample * model.Config.ImageTokens) + autoregressive[i][..^1].Count(bit => bit == 0),
                model.Images(imageRows, i * imagesPerExample, imagesPerExample))),
        ];
    }

    private static float[] TextLogits(ModelUnderTest model, SequenceInput[] sequences, float[] logits, int? vocabulary = null)
    {
        int width = model.Vocabulary;
        var result = new List<float>();
        int row = 0;
        foreach (SequenceInput sequence in sequences)
        {
            row += sequence.ImageRows;
            for (int i = 0; i < sequence.TextIds.Length; i++, row++)
                result.AddRange(logits.AsSpan(row * width, vocabulary ?? width));
        }

        return [.. result];
    }

    /// <summary>[pictures, S, S, 3] as [pictures, 3, S, S].</summary>
    private static float[] ChannelsFirst(float[] values, int pictures, int size)
    {
        const int Channels = 3;
        var result = new float[values.Length];
        int pixels = size * size;
        for (int picture = 0; picture < pictures; picture++)
        {
            for (int pixel = 0; pixel < pixels; pixel++)
            {
                for (int channel = 0; channel < Channels; channel++)
                    result[(((picture * Channels) + channel) * pixels) + pixel] = values[(((picture * pixels) + pixel) * Channels) + channel];
            }
        }

        return result;
    }

    private static int[][] Rows(GoldenTensor tensor) => [.. tensor.Ints().Chunk(tensor.Shape[1])];
}
