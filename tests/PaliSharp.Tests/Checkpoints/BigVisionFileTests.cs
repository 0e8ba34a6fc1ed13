using System.IO.Compression;
using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;
using Xunit;

namespace PaliSharp.Tests.Checkpoints;

public class BigVisionFileTests
{
    [Theory]
    [InlineData(GemmaVersion.Gemma1, "", false, false, CompressionLevel.NoCompression)]
    [InlineData(GemmaVersion.Gemma2, "params/", false, false, CompressionLevel.Optimal)]
    [InlineData(GemmaVersion.Gemma2, "", true, false, CompressionLevel.Fastest)]
    [InlineData(GemmaVersion.Gemma1, "params/", false, true, CompressionLevel.Optimal)]
    public void Arrays_become_the_weights_of_the_published_layout(
        GemmaVersion version, string prefix, bool fused, bool fortran, CompressionLevel level)
    {
        using var folder = new TemporaryFolder();
        PaliGemmaConfig config = TinyModel.Config(version, fused ? 4 : 2);
        List<Weight> weights = TinyModel.Weights(config);
        List<(string, byte[])> arrays = [.. Arrays(config, weights, fused).Select(array => ($"{prefix}{array.Key}.npy", NumpyWriter.Npy(array.Values, array.Shape, fortran)))];
        if (prefix.Length > 0)
            arrays.Add(("opt/step.npy", NumpyWriter.Npy([1], [1])));
        using Checkpoint checkpoint = Checkpoint.Load(folder.Write("model.npz", NumpyWriter.Zip(arrays, level)));
        Assert.Equal(config.Text, checkpoint.Config.Text);
        Assert.Equal(config.Vision, checkpoint.Config.Vision);
        Assert.Equal(config.Text.VocabularySize, checkpoint.Config.ImageTokenId);
        Assert.Equal(weights.Count, checkpoint.Weights.Count);
        foreach (Weight weight in weights)
            Values.AssertEqual(weight, checkpoint.Weights[weight.Name]);

        using Checkpoint byFolder = Checkpoint.Load(folder.Path, new CheckpointOptions { QueryScalar = 2.5f });
        Assert.Equal(2.5f, byFolder.Config.Text.QueryScalar);
        CheckpointReport report = CheckpointInspector.Inspect(folder.Path);
        Assert.Empty(report.Problems);
        Assert.Equal(checkpoint.Weights.ParameterCount, report.ParameterCount);
    }

    [Theory]
    [InlineData("|V2", WeightType.BFloat16)]
    [InlineData("<V2", WeightType.BFloat16)]
    [InlineData("<f2", WeightType.Float16)]
    public void Types_of_two_bytes_are_kept(string type, WeightType expected)
    {
        using var folder = new TemporaryFolder();
        PaliGemmaConfig config = TinyModel.Config();
        List<Weight> weights = TinyModel.Weights(config);
        var arrays = Arrays(config, weights, false).Select(array => ($"{array.Key}.npy", NumpyWriter.Npy(array.Values, array.Shape, type: type, version: 2)));
        using Checkpoint checkpoint = Checkpoint.Load(folder.Write("model.npz", NumpyWriter.Zip(arrays)));
        foreach (Weight weight in weights)
        {
            Weight loaded = checkpoint.Weights[weight.Name];
            bool widened = weight.Shape.Rank == 1 || weight.Name.Contains("position_embedding", StringComparison.Ordinal);
            Assert.Equal(widened ? WeightType.Float32 : expected, loaded.Type);
            Values.AssertEqual(weight, loaded, expected == WeightType.BFloat16 ? Values.RoundToBFloat16 : value => (float)(Half)value);
        }
    }

    [Fact]
    public void Everything_wrong_is_named_at_once()
    {
        using var folder = new TemporaryFolder();
        PaliGemmaConfig config = TinyModel.Config();
        Dictionary<string, byte[]> arrays = Files(config);
        _ = arrays.Remove("llm/final_norm/scale.npy");
        arrays["img/head/bias.npy"] = NumpyWriter.Npy(new float[11], [11]);
        arrays["llm/extra.npy"] = NumpyWriter.Npy(new float[2], [2]);
        arrays["img/embedding/bias.npy"] = NumpyWriter.Npy("{'descr': '<f8', 'fortran_order': False, 'shape': (6,)}", new byte[48]);
        string path = folder.Write("model.npz", NumpyWriter.Zip(arrays.Select(pair => (pair.Key, pair.Value))));
        string message = Assert.Throws<CheckpointException>(() => Checkpoint.Load(path)).Message;
        Assert.Contains("missing (1): 'llm/final_norm/scale' [10]", message, StringComparison.Ordinal);
        Assert.Contains("'img/head/bias': expected [10], found [11]", message, StringComparison.Ordinal);
        Assert.Contains("'llm/extra' [2]", message, StringComparison.Ordinal);
        Assert.Contains("'img/embedding/bias': <f8", message, StringComparison.Ordinal);
        Assert.Equal(4, CheckpointInspector.Inspect(path).Problems.Count);

        string other = folder.Write("other.npz", NumpyWriter.Zip([("w.npy", NumpyWriter.Npy([1], [1]))]));
        Assert.Contains("llm/embedder/input_embedding", Assert.Throws<CheckpointException>(() => Checkpoint.Load(other)).Message, StringComparison.Ordinal);
        Assert.Contains("2 .npz files", Assert.Throws<CheckpointException>(() => Checkpoint.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", "needs 12 bytes")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}", "unexpected")]
    [InlineData("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "repeated")]
    [InlineData("{'descr': '<f4', 'fortran_order': False}", "lacks descr, fortran_order or shape")]
    [InlineData("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", "records")]
    [InlineData("{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", "'|O'")]
    [InlineData("{'descr': '>f4', 'fortran_order': False, 'shape': (2,)}", "'>f4'")]
    [InlineData("{'descr': '<f4', 'fortran_order': maybe, 'shape': (2,)}", "neither True nor False")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}", "whole number")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "whole number")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4611686018427387904)}", "bytes, but has")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x", "after the closing brace")]
    [InlineData("{'descr': '<f4", "quoted string")]
    [InlineData("", "lacks a '{'")]
    public void Broken_array_headers_are_refused(string header, string part)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("x.npz", NumpyWriter.Zip([("a.npy", NumpyWriter.Npy(header, new byte[8]))]));
        CheckpointException e = Assert.Throws<CheckpointException>(() => NpzArchive.Open(path));
        Assert.Contains(part, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Broken_archives_are_refused()
    {
        using var folder = new TemporaryFolder();
        byte[] array = NumpyWriter.Npy([1, 2], [2]);
        byte[] valid = NumpyWriter.Zip([("a.npy", array)]);
        int directory = valid.AsSpan().IndexOf("PK\u0001\u0002"u8);

        Refused([], "only 0 bytes");
        Refused(valid[..^1], "no directory");
        Refused([.. "x"u8, .. valid], "");
        Refused(NumpyWriter.Zip([("a.npy", array), ("a.npy", array)]), "twice");
        Refused(NumpyWriter.Zip([("a.npy", array), ("a", array)]), "twice");
        Refused(Changed(directory + 8, 1), "encrypted");
        Refused(Changed(directory + 10, 14), "method 14");
        Refused(Changed(directory + 24, 77), "declares");
        Refused(Changed(directory + 42, 200), "");
        Refused(Changed(0, 0), "is not at byte 0");
        Refused(NumpyWriter.Zip([("a.npy", [1, 2, 3])]), "ends inside its header");
        Refused(NumpyWriter.Zip([("a.npy", new byte[40])]), "mark");
        byte[] version = [.. array];
        version[6] = 9;
        Refused(NumpyWriter.Zip([("a.npy", version)]), "version 9");

        byte[] Changed(int position, byte value)
        {
            byte[] bytes = [.. valid];
            bytes[position] = value;
            return bytes;
        }

        void Refused(byte[] bytes, string part)
        {
            string path = folder.Write("x.npz", bytes);
            Assert.Contains(part, Assert.Throws<CheckpointException>(() => NpzArchive.Open(path)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Archives_that_unpack_to_far_more_than_their_size_are_refused()
    {
        using var folder = new TemporaryFolder();
        byte[] zeros = NumpyWriter.Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (25165824,)}", new byte[96 << 20]);
        string path = folder.Write("x.npz", NumpyWriter.Zip([("a.npy", zeros)], CompressionLevel.Fastest));
        Assert.Contains("unpack to", Assert.Throws<ResourceLimitException>(() => NpzArchive.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sizes_and_positions_of_64_bits_are_read()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("x.npz", NumpyWriter.Zip64([("a.npy", NumpyWriter.Npy([1, 2], [2])), ("b.npy", NumpyWriter.Npy([3], [1]))]));
        using NpzArchive archive = NpzArchive.Open(path);
        Assert.Equal([1f, 2f], archive.ReadSingles("a"));
        Assert.Equal([3f], archive.ReadSingles("b"));
        Mutations.Check(Mutations.Of(File.ReadAllBytes(path)), ".npz", file => NpzArchive.Open(file).Dispose(), 500);
    }

    [Fact]
    public void Entries_that_share_bytes_are_refused()
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = NumpyWriter.Zip([("a.npy", NumpyWriter.Npy([1, 2], [2])), ("b.npy", NumpyWriter.Npy([1, 2], [2]))]);
        int first = bytes.AsSpan().IndexOf("PK\u0001\u0002"u8);
        int second = first + 4 + bytes.AsSpan(first + 4).IndexOf("PK\u0001\u0002"u8);
        bytes.AsSpan(first + 42, 4).CopyTo(bytes.AsSpan(second + 42));
        string path = folder.Write("x.npz", bytes);
        Assert.Contains("shares bytes", Assert.Throws<CheckpointException>(() => NpzArchive.Open(path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(CompressionLevel.NoCompression)]
    [InlineData(CompressionLevel.Optimal)]
    public void Damaged_archives_never_do_worse_than_our_exceptions(CompressionLevel level)
    {
        byte[] valid = NumpyWriter.Zip([("a.npy", NumpyWriter.Npy([1, 2, 3], [3])), ("b.npy", NumpyWriter.Npy(new float[40], [2, 4, 5]))], level);
        Mutations.Check(Mutations.Of(valid), ".npz", path =>
        {
            using NpzArchive archive = NpzArchive.Open(path);
            foreach (NpyArray array in archive.Arrays)
                _ = archive.ReadSingles(array.Name);
        }, 1500);
    }

    [Fact]
    public void Damaged_array_headers_never_do_worse_than_our_exceptions()
    {
        byte[] valid = NumpyWriter.Npy([1, 2, 3, 4, 5, 6], [2, 3]);
        Mutations.Check(
            FsCheck.Fluent.Gen.Select(Mutations.Of(valid, 90), bytes => NumpyWriter.Zip([("a.npy", bytes)])),
            ".npz",
            path =>
            {
                using NpzArchive archive = NpzArchive.Open(path);
                _ = archive.ReadSingles("a");
            },
            1500);
    }

    [Fact]
    public void Damaged_checkpoints_never_do_worse_than_our_exceptions()
    {
        byte[] valid = NumpyWriter.Zip(Files(TinyModel.Config()).Select(pair => (pair.Key, pair.Value)));
        Mutations.Check(Mutations.Of(valid), ".npz", path =>
        {
            using Checkpoint checkpoint = Checkpoint.Load(path);
        }, 150);
    }

    private static Dictionary<string, byte[]> Files(PaliGemmaConfig config) =>
        Arrays(config, TinyModel.Weights(config), false)
            .ToDictionary(array => $"{array.Key}.npy", array => NumpyWriter.Npy(array.Values, array.Shape), StringComparer.Ordinal);

    /// <summary>The arrays of big_vision, element by element from their definition: written apart from the code under test.</summary>
    internal static IEnumerable<(string Key, int[] Shape, float[] Values)> Arrays(PaliGemmaConfig config, List<Weight> weights, bool fused)
    {
        Dictionary<string, float[]> canonical = weights.ToDictionary(weight => weight.Name, Values.Of, StringComparer.Ordinal);
        SigLipConfig v = config.Vision;
        GemmaConfig t = config.Text;
        const string Tower = "vision_tower.vision_model.";
        const string Block = "img/Transformer/encoderblock/";
        int p = v.PatchSize;
        int h = v.HeadSize;
        yield return Array("img/embedding/kernel", [p, p, 3, v.Width], i => canonical[$"{Tower}embeddings.patch_embedding.weight"][(((((i[3] * 3) + i[2]) * p) + i[0]) * p) + i[1]]);
        yield return Array("img/embedding/bias", [v.Width], i => canonical[$"{Tower}embeddings.patch_embedding.bias"][i[0]]);
        yield return Array("img/pos_embedding", [1, v.PatchCount, v.Width], i => canonical[$"{Tower}embeddings.position_embedding.weight"][(i[1] * v.Width) + i[2]]);
        foreach ((string scale, string suffix) in ((string, string)[])[("scale", "weight"), ("bias", "bias")])
        {
            yield return Array($"{Block}LayerNorm_0/{scale}", [v.Layers, v.Width], i => canonical[$"{Tower}encoder.layers.{i[0]}.layer_norm1.{suffix}"][i[1]]);
            yield return Array($"{Block}LayerNorm_1/{scale}", [v.Layers, v.Width], i => canonical[$"{Tower}encoder.layers.{i[0]}.layer_norm2.{suffix}"][i[1]]);
            yield return Array($"img/Transformer/encoder_norm/{scale}", [v.Width], i => canonical[$"{Tower}post_layernorm.{suffix}"][i[0]]);
        }

        string attention = $"{Block}MultiHeadDotProductAttention_0/";
        foreach ((string part, string name) in ((string, string)[])[("query", "q_proj"), ("key", "k_proj"), ("value", "v_proj")])
        {
            yield return Array($"{attention}{part}/kernel", [v.Layers, v.Width, v.Heads, h],
                i => canonical[$"{Tower}encoder.layers.{i[0]}.self_attn.{name}.weight"][(((i[2] * h) + i[3]) * v.Width) + i[1]]);
            yield return Array($"{attention}{part}/bias", [v.Layers, v.Heads, h], i => canonical[$"{Tower}encoder.layers.{i[0]}.self_attn.{name}.bias"][(i[1] * h) + i[2]]);
        }

        yield return Array($"{attention}out/kernel", [v.Layers, v.Heads, h, v.Width],
            i => canonical[$"{Tower}encoder.layers.{i[0]}.self_attn.out_proj.weight"][(i[3] * v.Width) + (i[1] * h) + i[2]]);
        yield return Array($"{attention}out/bias", [v.Layers, v.Width], i => canonical[$"{Tower}encoder.layers.{i[0]}.self_attn.out_proj.bias"][i[1]]);
        yield return Array($"{Block}MlpBlock_0/Dense_0/kernel", [v.Layers, v.Width, v.MlpWidth], i => canonical[$"{Tower}encoder.layers.{i[0]}.mlp.fc1.weight"][(i[2] * v.Width) + i[1]]);
        yield return Array($"{Block}MlpBlock_0/Dense_0/bias", [v.Layers, v.MlpWidth], i => canonical[$"{Tower}encoder.layers.{i[0]}.mlp.fc1.bias"][i[1]]);
        yield return Array($"{Block}MlpBlock_0/Dense_1/kernel", [v.Layers, v.MlpWidth, v.Width], i => canonical[$"{Tower}encoder.layers.{i[0]}.mlp.fc2.weight"][(i[2] * v.MlpWidth) + i[1]]);
        yield return Array($"{Block}MlpBlock_0/Dense_1/bias", [v.Layers, v.Width], i => canonical[$"{Tower}encoder.layers.{i[0]}.mlp.fc2.bias"][i[1]]);
        yield return Array("img/head/kernel", [v.Width, t.Width], i => canonical["multi_modal_projector.linear.weight"][(i[1] * v.Width) + i[0]]);
        yield return Array("img/head/bias", [t.Width], i => canonical["multi_modal_projector.linear.bias"][i[0]]);

        yield return Array("llm/embedder/input_embedding", [t.VocabularySize, t.Width], i => canonical["language_model.model.embed_tokens.weight"][(i[0] * t.Width) + i[1]]);
        float Projection(int layer, string name, int head, int input, int output) =>
            canonical[$"language_model.model.layers.{layer}.self_attn.{name}_proj.weight"][(((head * t.HeadSize) + output) * t.Width) + input];
        if (fused)
        {
            yield return Array("llm/layers/attn/qkv_einsum/w", [t.Layers, 3, t.Heads, t.Width, t.HeadSize], i => Projection(i[0], "qkv"[i[1]].ToString(), i[2], i[3], i[4]));
        }
        else
        {
            yield return Array("llm/layers/attn/q_einsum/w", [t.Layers, t.Heads, t.Width, t.HeadSize], i => Projection(i[0], "q", i[1], i[2], i[3]));
            yield return Array("llm/layers/attn/kv_einsum/w", [t.Layers, 2, t.KeyValueHeads, t.Width, t.HeadSize], i => Projection(i[0], "kv"[i[1]].ToString(), i[2], i[3], i[4]));
        }

        yield return Array("llm/layers/attn/attn_vec_einsum/w", [t.Layers, t.Heads, t.HeadSize, t.Width],
            i => canonical[$"language_model.model.layers.{i[0]}.self_attn.o_proj.weight"][(i[3] * t.Heads * t.HeadSize) + (i[1] * t.HeadSize) + i[2]]);
        yield return Array("llm/layers/mlp/gating_einsum", [t.Layers, 2, t.Width, t.MlpWidth],
            i => canonical[$"language_model.model.layers.{i[0]}.mlp.{(i[1] == 0 ? "gate" : "up")}_proj.weight"][(i[3] * t.Width) + i[2]]);
        yield return Array("llm/layers/mlp/linear", [t.Layers, t.MlpWidth, t.Width],
            i => canonical[$"language_model.model.layers.{i[0]}.mlp.down_proj.weight"][(i[2] * t.MlpWidth) + i[1]]);
        bool second = t.Version == GemmaVersion.Gemma2;
        foreach ((string key, string name) in second
            ? ((string, string)[])[("pre_attention_norm", "input"), ("post_attention_norm", "post_attention"), ("pre_ffw_norm", "pre_feedforward"), ("post_ffw_norm", "post_feedforward")]
            : [("pre_attention_norm", "input"), ("pre_ffw_norm", "post_attention")])
        {
            yield return Array($"llm/layers/{key}/scale", [t.Layers, t.Width], i => canonical[$"language_model.model.layers.{i[0]}.{name}_layernorm.weight"][i[1]]);
        }

        yield return Array("llm/final_norm/scale", [t.Width], i => canonical["language_model.model.norm.weight"][i[0]]);
    }

    private static (string Key, int[] Shape, float[] Values) Array(string key, int[] shape, Func<int[], float> element)
    {
        var values = new float[shape.Aggregate(1, (product, extent) => product * extent)];
        var index = new int[shape.Length];
        for (int i = 0; i < values.Length; i++)
        {
            int rest = i;
            for (int axis = shape.Length - 1; axis >= 0; axis--)
            {
                index[axis] = rest % shape[axis];
                rest /= shape[axis];
            }

            values[i] = element(index);
        }

        return (key, shape, values);
    }
}
