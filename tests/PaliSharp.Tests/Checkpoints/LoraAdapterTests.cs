using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;
using Xunit;

namespace PaliSharp.Tests.Checkpoints;

public class LoraAdapterTests
{
    private const string Old = "base_model.model.language_model.model.layers.";
    private const string New = "base_model.model.model.language_model.layers.";
    private static readonly PaliGemmaConfig Model = TinyModel.Config();
    private static readonly WeightSet Base = new(TinyModel.Weights(Model));

    [Theory]
    [InlineData(Old)]
    [InlineData(New)]
    public void An_adapter_merges_as_defined(string prefix)
    {
        using var folder = new TemporaryFolder();
        Write(folder, Config("""["q_proj"]"""), QueryUpdates(prefix));
        LoraAdapter adapter = LoraAdapter.Load(folder.Path, Base);
        WeightSet merged = adapter.Merge(Base);
        Assert.Equal(Model.Text.Layers + Model.Vision.Layers, adapter.Updates.Count);
        foreach ((string module, LowRankUpdate update) in adapter.Updates)
        {
            Assert.Equal(4f, update.Scale);
            float[] w = Values.Of(Base[$"{module}.weight"]);
            float[] a = Values.Of(update.A);
            float[] b = Values.Of(update.B);
            int columns = update.A.Shape[1];
            for (int i = 0; i < w.Length; i++)
            {
                for (int k = 0; k < 2; k++)
                    w[i] += 4 * b[(i / columns * 2) + k] * a[(k * columns) + (i % columns)];
            }

            Assert.True(Values.RelativeDistance(w, Values.Of(merged[$"{module}.weight"])) < 1e-6);
        }
    }

    [Fact]
    public void Merging_keeps_the_models_type_unless_asked()
    {
        using var folder = new TemporaryFolder();
        Write(folder, Config("""["q_proj"]"""), QueryUpdates(Old));
        LoraAdapter adapter = LoraAdapter.Load(folder.Path, Base);
        const string Name = "language_model.model.layers.0.self_attn.q_proj.weight";
        foreach (WeightType type in (WeightType[])[WeightType.BFloat16, WeightType.Float16])
        {
            var model = new WeightSet(Base.Select(weight => TinyModel.As(weight, type)));
            Weight exact = adapter.Merge(model, WeightType.Float32)[Name];
            Weight rounded = adapter.Merge(model)[Name];
            Assert.Equal(WeightType.Float32, exact.Type);
            Assert.Equal(type, rounded.Type);
            Values.AssertEqual(exact, rounded, type == WeightType.BFloat16 ? Values.RoundToBFloat16 : value => (float)(Half)value);
        }
    }

    [Theory]
    [InlineData("""["q_proj","k_proj"]""", "without an update (5)")] // also SigLIP's q_proj is targeted
    [InlineData("""["v_proj"]""", "does not target (3)")]
    [InlineData("\".*language_model.*(q_proj|k_proj)\"", "without an update (3)")]
    [InlineData("\"all-linear\"", "without an update")]
    [InlineData("\"language_model.*q_proj\"", "does not target")] // the whole path must match
    public void A_partial_match_is_an_error(string targets, string part)
    {
        using var folder = new TemporaryFolder();
        Write(folder, Config(targets), QueryUpdates(New, vision: targets.StartsWith("[\"q", StringComparison.Ordinal)));
        string message = Assert.Throws<CheckpointException>(() => LoraAdapter.Load(folder.Path, Base)).Message;
        Assert.Contains(part, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\".*language_model.*q_proj\"")]
    [InlineData("\"model\\\\.language_model\\\\.layers\\\\.[0-2]\\\\.self_attn\\\\.q_proj\"")]
    [InlineData("\"(?=.*language)(?!.*vision).*q_proj\"")]
    [InlineData("[\"layers.0.self_attn.q_proj\",\"layers.1.self_attn.q_proj\",\"model.language_model.layers.2.self_attn.q_proj\"]", ".*vision.*")]
    [InlineData("[\"q_proj\"]", ".*vision.*")]
    public void Targets_and_exclusions_follow_PEFT(string targets, string? excluded = null)
    {
        using var folder = new TemporaryFolder();
        JsonObject config = Config(targets);
        config["exclude_modules"] = excluded;
        Write(folder, config, QueryUpdates(New, vision: false));
        Assert.Equal(3, LoraAdapter.Load(folder.Path, Base).Updates.Count);
    }

    [Fact]
    public void Layers_can_be_chosen()
    {
        using var folder = new TemporaryFolder();
        JsonObject config = Config("""["gate_proj"]""");
        config["layers_to_transform"] = new JsonArray(0, 2);
        config["layers_pattern"] = "layers";
        Write(folder, config, Updates(New, "mlp.gate_proj", 7, 10).Where(weight => !weight.Name.Contains("layers.1.", StringComparison.Ordinal)));
        Assert.Equal(2, LoraAdapter.Load(folder.Path, Base).Updates.Count);
        config["layers_to_transform"] = 0;
        _ = folder.Write("adapter_config.json", config.ToJsonString());
        Assert.Contains("layers.2.", Assert.Throws<CheckpointException>(() => LoraAdapter.Load(folder.Path, Base)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("base_model.model.multi_modal_projector.linear.")]
    [InlineData("base_model.model.multi_modal_projector.modules_to_save.linear.")]
    [InlineData("base_model.model.multi_modal_projector.modules_to_save.default.linear.")]
    public void Modules_trained_in_full_replace_the_models(string prefix)
    {
        using var folder = new TemporaryFolder();
        JsonObject config = Config("\".*language_model.*q_proj\"");
        config["modules_to_save"] = new JsonArray("multi_modal_projector");
        Weight matrix = TinyModel.Random($"{prefix}weight", new TensorShape(10, 6), new Random(5));
        Weight bias = TinyModel.As(TinyModel.Random($"{prefix}bias", new TensorShape(10), new Random(6)), WeightType.BFloat16);
        Write(folder, config, [.. QueryUpdates(Old, vision: false), matrix, bias]);
        WeightSet merged = LoraAdapter.Load(folder.Path, Base).Merge(Base);
        Values.AssertEqual(matrix, merged["multi_modal_projector.linear.weight"]);
        Values.AssertEqual(bias, merged["multi_modal_projector.linear.bias"]);
        Assert.Equal(WeightType.Float32, merged["multi_modal_projector.linear.bias"].Type);

        Write(folder, config, [.. QueryUpdates(Old, vision: false), matrix]);
        Assert.Contains("linear.bias", Assert.Throws<CheckpointException>(() => LoraAdapter.Load(folder.Path, Base)).Message, StringComparison.Ordinal);
        config["modules_to_save"] = null;
        Write(folder, config, [.. QueryUpdates(Old, vision: false), matrix, bias]);
        Assert.Contains("not declared", Assert.Throws<CheckpointException>(() => LoraAdapter.Load(folder.Path, Base)).Message, StringComparison.Ordinal);
        config["modules_to_save"] = new JsonArray("classifier");
        Write(folder, config, QueryUpdates(Old, vision: false));
        Assert.Contains("'classifier'", Assert.Throws<CheckpointException>(() => LoraAdapter.Load(folder.Path, Base)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_trained_apart_from_its_tie_is_refused()
    {
        using var folder = new TemporaryFolder();
        JsonObject config = Config("\".*language_model.*q_proj\"");
        config["modules_to_save"] = new JsonArray("embed_tokens", "lm_head");
        Weight table = TinyModel.Random("base_model.model.language_model.model.embed_tokens.weight", new TensorShape(70, 10), new Random(7));
        Weight head = TinyModel.Renamed(table, "base_model.model.language_model.lm_head.weight");
        Write(folder, config, [.. QueryUpdates(Old, vision: false), table, head]);
        Values.AssertEqual(table, LoraAdapter.Load(folder.Path, Base).Replacements["language_model.model.embed_tokens.weight"]);

        Write(folder, config, [.. QueryUpdates(Old, vision: false), table]);
        Assert.Contains("tied", Assert.Throws<CheckpointException>(() => LoraAdapter.Load(folder.Path, Base)).Message, StringComparison.Ordinal);

        Weight unchanged = TinyModel.Renamed(Base["language_model.model.embed_tokens.weight"], table.Name);
        Write(folder, config, [.. QueryUpdates(Old, vision: false), unchanged]);
        Assert.Empty(LoraAdapter.Load(folder.Path, Base).Replacements);
    }

    [Fact]
    public void Ranks_and_alphas_follow_their_patterns()
    {
        using var folder = new TemporaryFolder();
        JsonObject config = Config("\".*language_model.*(q_proj|gate_proj)\"");
        config["rank_pattern"] = new JsonObject { ["gate_proj"] = 3, ["layers.*.q"] = 9 };
        config["alpha_pattern"] = new JsonObject { ["layers\\.1\\..*"] = 5, [".*q_proj"] = 2 };
        config["use_rslora"] = true;
        Write(folder, config, [.. QueryUpdates(New, vision: false), .. Updates(New, "mlp.gate_proj", 7, 10, rank: 3)]);
        LoraAdapter adapter = LoraAdapter.Load(folder.Path, Base);
        Assert.Equal((float)(2 / Math.Sqrt(2)), adapter.Updates["language_model.model.layers.0.self_attn.q_proj"].Scale);
        Assert.Equal((float)(5 / Math.Sqrt(2)), adapter.Updates["language_model.model.layers.1.self_attn.q_proj"].Scale);
        Assert.Equal((float)(8 / Math.Sqrt(3)), adapter.Updates["language_model.model.layers.2.mlp.gate_proj"].Scale);
        config["rank_pattern"] = null;
        _ = folder.Write("adapter_config.json", config.ToJsonString());
        Assert.Contains("expected [2, 10], found [3, 10]", Assert.Throws<CheckpointException>(() => LoraAdapter.Load(folder.Path, Base)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dora_scales_rows_to_their_magnitude()
    {
        using var folder = new TemporaryFolder();
        JsonObject config = Config("\".*language_model.*q_proj\"");
        config["use_dora"] = true;
        Weight Magnitude(int layer) => TinyModel.Random($"{Old}{layer}.self_attn.q_proj.lora_magnitude_vector", new TensorShape(24), new Random(layer));
        Write(folder, config, [.. QueryUpdates(Old, vision: false), Magnitude(0), Magnitude(1), Magnitude(2)]);
        WeightSet merged = LoraAdapter.Load(folder.Path, Base).Merge(Base);
        float[] values = Values.Of(merged["language_model.model.layers.1.self_attn.q_proj.weight"]);
        float[] magnitude = Values.Of(Magnitude(1));
        for (int row = 0; row < 24; row++)
            Assert.Equal(Math.Abs(magnitude[row]), Math.Sqrt(values.Skip(row * 10).Take(10).Sum(value => (double)value * value)), 1e-5);

        Write(folder, config, [.. QueryUpdates(Old, vision: false), Magnitude(0), Magnitude(1)]);
        Assert.Contains("layers.2.self_attn.q_proj.lora_magnitude_vector", Assert.Throws<CheckpointException>(() => LoraAdapter.Load(folder.Path, Base)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("base_model.model.language_model.model.layers.7.self_attn.q_proj.lora_A.weight", "does not have")]
    [InlineData("base_model.model.language_model.model.embed_tokens.lora_embedding_A", "not supported")]
    [InlineData("base_model.model.language_model.model.layers.0.self_attn.q_proj.lora_B.bias", "not supported")]
    [InlineData("base_model.model.language_model.model.layers.0.mystery", "does not have")]
    [InlineData("language_model.model.layers.0.self_attn.q_proj.lora_A.weight", "without the prefix")]
    [InlineData("base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_A.weight", "the same part twice")]
    [InlineData("base_model.model.model.language_model.layers.0.mlp.up_proj.lora_A.weight", "several generations")]
    public void Tensors_without_a_place_are_named(string name, string part)
    {
        using var folder = new TemporaryFolder();
        Write(folder, Config("\".*language_model.*q_proj\""), [.. QueryUpdates(Old, vision: false), TinyModel.Random(name, new TensorShape(2, 10), new Random(1))]);
        Assert.Contains(part, Assert.Throws<CheckpointException>(() => LoraAdapter.Load(folder.Path, Base)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("peft_type", "\"IA3\"", "LORA")]
    [InlineData("r", "0", "from 1 to")]
    [InlineData("r", "-4", "from 1 to")]
    [InlineData("lora_alpha", "NaN", "finite")]
    [InlineData("lora_alpha", "1e999", "lora_alpha")]
    [InlineData("bias", "\"some\"", "lora_only")]
    [InlineData("target_modules", "null", "target_modules")]
    [InlineData("target_modules", "\"(\"", "regular expression")]
    [InlineData("target_modules", "[1]", "strings")]
    [InlineData("use_qalora", "true", "not supported")]
    [InlineData("use_next_thing", "true", "not supported")]
    [InlineData("lora_bias", "true", "not supported")]
    [InlineData("layer_replication", "[[0,1]]", "not supported")]
    [InlineData("trainable_token_indices", "[1]", "not supported")]
    [InlineData("megatron_config", "{\"a\":1}", "not supported")]
    [InlineData("init_lora_weights", "\"pissa\"", "base model")]
    [InlineData("rank_pattern", "{\"q_proj\":null}", "a rank")]
    [InlineData("alpha_pattern", "{\"[\":1}", "regular expression")]
    public void Configurations_that_cannot_be_honoured_are_refused(string key, string value, string part)
    {
        using var folder = new TemporaryFolder();
        Write(folder, Config("[\"q_proj\"]"), QueryUpdates(Old));
        _ = folder.Write("adapter_config.json", With(key, value));
        Assert.Contains(part, Assert.Throws<CheckpointException>(() => LoraAdapter.Load(folder.Path, Base)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(a+)+b")]
    [InlineData("(.*.*.*.*)*q_proj_never")]
    [InlineData("((((.*)*)*)*)*x")]
    [InlineData("(?=(.*.*.*.*.*.*.*.*.*.*.*.*)*never).*")]
    public void Hostile_patterns_end(string pattern)
    {
        using var folder = new TemporaryFolder();
        Write(folder, Config($"\"{pattern}\""), QueryUpdates(Old));
        var watch = System.Diagnostics.Stopwatch.StartNew();
        _ = Assert.Throws<CheckpointException>(() => LoraAdapter.Load(folder.Path, Base));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void A_pickle_is_not_read()
    {
        using var folder = new TemporaryFolder();
        _ = folder.Write("adapter_config.json", "{}");
        _ = folder.Write("adapter_model.bin", "x");
        Assert.Contains("pickle", Assert.Throws<CheckpointException>(() => LoraAdapter.Load(folder.Path, Base)).Message, StringComparison.Ordinal);
        _ = Assert.Throws<CheckpointException>(() => LoraAdapter.Load(folder["absent"], Base));
    }

    [Fact]
    public void Damaged_adapters_never_do_worse_than_our_exceptions()
    {
        using var folder = new TemporaryFolder();
        Write(folder, Config("[\"q_proj\"]"), QueryUpdates(Old));
        byte[] config = File.ReadAllBytes(folder["adapter_config.json"]);
        byte[] weights = File.ReadAllBytes(folder["adapter_model.safetensors"]);
        Mutations.Run(Mutations.Of(config), bytes => Load("adapter_config.json", bytes), 300);
        _ = folder.Write("adapter_config.json", config);
        Mutations.Run(Mutations.Of(weights), bytes => Load("adapter_model.safetensors", bytes), 300);

        void Load(string name, byte[] bytes) => Mutations.Survives(() =>
        {
            _ = folder.Write(name, bytes);
            _ = LoraAdapter.Load(folder.Path, Base).Merge(Base);
        });
    }

    [Fact]
    public void Arbitrary_configurations_never_do_worse_than_our_exceptions()
    {
        using var folder = new TemporaryFolder();
        Write(folder, Config("[\"q_proj\"]"), QueryUpdates(Old));
        Gen<string> configs =
            from key in Gen.Elements("peft_type", "r", "lora_alpha", "bias", "target_modules", "exclude_modules", "modules_to_save", "rank_pattern", "alpha_pattern", "layers_to_transform", "layers_pattern", "use_dora", "use_rslora", "x")
            from value in Gen.Elements("null", "0", "1", "-1", "1e999", "true", "\"\"", "\"all-linear\"", "\".*\"", "\"[\"", "[]", "[\"\"]", "[null]", "[0]", "{}", "{\"\":1}", "{\"q_proj\":1e40}", "{\"q_proj\":[]}", "\"LORA\"", "\"a{1000}{1000}\"")
            select With(key, value);
        Mutations.Run(configs, json => Mutations.Survives(() =>
        {
            _ = folder.Write("adapter_config.json", json);
            _ = LoraAdapter.Load(folder.Path, Base);
        }), 300);
    }

    private static JsonObject Config(string targets) => new()
    {
        ["peft_type"] = "LORA",
        ["r"] = 2,
        ["lora_alpha"] = 8,
        ["bias"] = "none",
        ["target_modules"] = JsonNode.Parse(targets),
        ["use_dora"] = false,
        ["lora_dropout"] = 0.05,
        ["megatron_core"] = "megatron.core",
    };

    private static string With(string key, string value)
    {
        JsonObject config = Config("[\"q_proj\"]");
        config[key] = "@@marker@@";
        return config.ToJsonString().Replace("\"@@marker@@\"", value, StringComparison.Ordinal);
    }

    private static void Write(TemporaryFolder folder, JsonObject config, IEnumerable<Weight> weights)
    {
        _ = folder.Write("adapter_config.json", config.ToJsonString());
        SafetensorsWriter.Write(folder["adapter_model.safetensors"], weights);
    }

    private static IEnumerable<Weight> Updates(string prefix, string module, int outputs, int inputs, int layers = 3, int rank = 2)
    {
        var random = new Random(3);
        for (int layer = 0; layer < layers; layer++)
        {
            yield return TinyModel.Random($"{prefix}{layer}.{module}.lora_A.weight", new TensorShape(rank, inputs), random);
            yield return TinyModel.Random($"{prefix}{layer}.{module}.lora_B.weight", new TensorShape(outputs, rank), random);
        }
    }

    private static IEnumerable<Weight> QueryUpdates(string prefix, bool vision = true) =>
        Updates(prefix, "self_attn.q_proj", 24, 10).Concat(vision
            ? Updates(prefix == Old ? "base_model.model.vision_tower.vision_model.encoder.layers." : "base_model.model.model.vision_tower.encoder.layers.", "self_attn.q_proj", 6, 6, layers: 2)
            : []);
}
