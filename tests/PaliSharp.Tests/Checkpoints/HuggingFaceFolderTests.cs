using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;
using Xunit;

namespace PaliSharp.Tests.Checkpoints;

public class HuggingFaceFolderTests
{
    private static readonly string[] Sections = ["", "text_config", "vision_config"];

    [Theory]
    [InlineData(GemmaVersion.Gemma1)]
    [InlineData(GemmaVersion.Gemma2)]
    public void A_folder_loads(GemmaVersion version)
    {
        using var folder = new TemporaryFolder();
        PaliGemmaConfig config = TinyModel.Config(version);
        List<Weight> weights = TinyModel.Weights(config);
        TinyModel.Write(folder, TinyModel.ConfigJson(config), weights);
        using Checkpoint checkpoint = Checkpoint.Load(folder.Path);
        Assert.Equal(config.Text, checkpoint.Config.Text);
        Assert.Equal(config.Vision, checkpoint.Config.Vision);
        Assert.Null(checkpoint.TokenizerFolder);
        Assert.Contains(checkpoint.Warnings, warning => warning.Contains("2048", StringComparison.Ordinal));
        foreach (Weight weight in weights)
            Values.AssertEqual(weight, checkpoint.Weights[weight.Name]);
        CheckpointReport report = CheckpointInspector.Inspect(folder.Path);
        Assert.Empty(report.Problems);
        Assert.Equal(checkpoint.Weights.ParameterCount, report.ParameterCount);
        Assert.Equal((weights.Count, weights.Sum(weight => weight.ByteLength)), report.Types["F32"]);
    }

    [Fact]
    public void Everything_wrong_is_named_at_once()
    {
        using var folder = new TemporaryFolder();
        PaliGemmaConfig config = TinyModel.Config();
        List<Weight> weights = TinyModel.Weights(config);
        weights.RemoveAll(weight => weight.Name.EndsWith("layers.1.self_attn.o_proj.weight", StringComparison.Ordinal));
        int wrong = weights.FindIndex(weight => weight.Name == "multi_modal_projector.linear.weight");
        weights[wrong] = TinyModel.Random(weights[wrong].Name, new TensorShape(11, 6), new Random(1));
        weights.Add(TinyModel.Random("language_model.model.layers.3.input_layernorm.weight", new TensorShape(10), new Random(1)));
        weights.Add(TinyModel.Renamed(weights[0], $"model.{weights[0].Name}"));
        TinyModel.Write(folder, TinyModel.ConfigJson(config), weights);
        string message = Assert.Throws<CheckpointException>(() => Checkpoint.Load(folder.Path)).Message;
        Assert.Contains("missing (1): 'language_model.model.layers.1.self_attn.o_proj.weight' [10, 24]", message, StringComparison.Ordinal);
        Assert.Contains("'multi_modal_projector.linear.weight': expected [10, 6], found [11, 6]", message, StringComparison.Ordinal);
        Assert.Contains("not part of this model (1): 'language_model.model.layers.3.input_layernorm.weight' [10]", message, StringComparison.Ordinal);
        Assert.Contains($"'{weights[0].Name}'", message, StringComparison.Ordinal);
        Assert.Equal(4, CheckpointInspector.Inspect(folder.Path).Problems.Count);
    }

    [Fact]
    public void Lists_of_problems_are_bounded()
    {
        using var folder = new TemporaryFolder();
        PaliGemmaConfig config = TinyModel.Config();
        JsonObject json = TinyModel.ConfigJson(config);
        json["text_config"]!["num_hidden_layers"] = 1000;
        TinyModel.Write(folder, json, TinyModel.Weights(config));
        string message = Assert.Throws<CheckpointException>(() => Checkpoint.Load(folder.Path)).Message;
        Assert.Contains("missing (10967)", message, StringComparison.Ordinal);
        Assert.True(message.Length < 5000);
    }

    [Fact]
    public void Phantom_tensors_and_a_tied_head_are_ignored_with_a_warning()
    {
        using var folder = new TemporaryFolder();
        PaliGemmaConfig config = TinyModel.Config();
        List<Weight> weights = TinyModel.Weights(config);
        Weight table = weights.Find(weight => weight.Name.EndsWith("embed_tokens.weight", StringComparison.Ordinal))!;
        weights.Add(TinyModel.Renamed(table, "lm_head.weight"));
        weights.Add(TinyModel.Random("model.vision_tower.head.probe", new TensorShape(1, 1, 6), new Random(1)));
        TinyModel.Write(folder, TinyModel.ConfigJson(config), weights);
        using Checkpoint checkpoint = Checkpoint.Load(folder.Path);
        Assert.Contains(checkpoint.Warnings, warning => warning.Contains("head.probe", StringComparison.Ordinal));
        Assert.Contains(checkpoint.Warnings, warning => warning.Contains("lm_head", StringComparison.Ordinal));
    }

    [Fact]
    public void An_untied_head_is_refused()
    {
        using var folder = new TemporaryFolder();
        PaliGemmaConfig config = TinyModel.Config();
        List<Weight> weights = TinyModel.Weights(config);
        weights.Add(TinyModel.Random("lm_head.weight", new TensorShape(70, 10), new Random(9)));
        JsonObject json = TinyModel.ConfigJson(config);
        json["tie_word_embeddings"] = false;
        TinyModel.Write(folder, json, weights);
        Assert.Contains("not tied", Assert.Throws<CheckpointException>(() => Checkpoint.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(128, true)]
    [InlineData(63, false)]
    public void Tables_with_other_rows_are_accepted_if_they_hold_every_text_token(int rows, bool accepted)
    {
        using var folder = new TemporaryFolder();
        PaliGemmaConfig config = TinyModel.Config();
        JsonObject json = TinyModel.ConfigJson(config);
        TinyModel.Write(folder, json, TinyModel.Weights(config with { Text = config.Text with { VocabularySize = rows } }));
        if (accepted)
        {
            using Checkpoint checkpoint = Checkpoint.Load(folder.Path);
            Assert.Equal(rows, checkpoint.Config.Text.VocabularySize);
        }
        else
        {
            Assert.Contains("found 63", Assert.Throws<CheckpointException>(() => Checkpoint.Load(folder.Path)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_unstated_picture_size_follows_from_the_position_table()
    {
        using var folder = new TemporaryFolder();
        PaliGemmaConfig config = TinyModel.Config();
        JsonObject json = TinyModel.ConfigJson(config);
        _ = json["vision_config"]!.AsObject().Remove("image_size");
        TinyModel.Write(folder, json, TinyModel.Weights(config));
        using Checkpoint checkpoint = Checkpoint.Load(folder.Path);
        Assert.Equal(8, checkpoint.Config.Vision.ImageSize);
        json["vision_config"]!["image_size"] = 16;
        _ = folder.Write("config.json", json.ToJsonString());
        Assert.Contains("16 patches", Assert.Throws<CheckpointException>(() => Checkpoint.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Vectors_and_positions_are_widened_and_matrices_kept()
    {
        foreach (WeightType type in (WeightType[])[WeightType.BFloat16, WeightType.Float16])
        {
            using var folder = new TemporaryFolder();
            PaliGemmaConfig config = TinyModel.Config();
            List<Weight> weights = [.. TinyModel.Weights(config).Select(weight => TinyModel.As(weight, type))];
            TinyModel.Write(folder, TinyModel.ConfigJson(config), weights);
            using Checkpoint checkpoint = Checkpoint.Load(folder.Path);
            foreach (Weight weight in weights)
            {
                Weight loaded = checkpoint.Weights[weight.Name];
                bool widened = weight.Shape.Rank == 1 || weight.Name.Contains("position_embedding", StringComparison.Ordinal);
                Assert.Equal(widened ? WeightType.Float32 : type, loaded.Type);
                Values.AssertEqual(weight, loaded);
            }
        }
    }

    [Theory]
    [InlineData("", "model_type", "\"llama\"", "paligemma")]
    [InlineData("", "model_type", "null", "paligemma")]
    [InlineData("text_config", "model_type", "\"llama\"", "gemma2")]
    [InlineData("vision_config", "model_type", "\"clip_vision_model\"", "siglip_vision_model")]
    [InlineData("text_config", "hidden_size", "0", "from 1 to")]
    [InlineData("text_config", "hidden_size", "-5", "from 1 to")]
    [InlineData("text_config", "hidden_size", "1e300", "from 1 to")]
    [InlineData("text_config", "hidden_size", "10.5", "whole number")]
    [InlineData("text_config", "hidden_size", "\"10\"", "whole number")]
    [InlineData("text_config", "hidden_size", "NaN", "finite")]
    [InlineData("text_config", "rms_norm_eps", "Infinity", "finite")]
    [InlineData("text_config", "rms_norm_eps", "1e999", "from 0 to 1")]
    [InlineData("text_config", "rms_norm_eps", "-1e-6", "from 0 to 1")]
    [InlineData("text_config", "num_key_value_heads", "3", "divisor of num_attention_heads 4")]
    [InlineData("text_config", "head_dim", "5", "even")]
    [InlineData("text_config", "head_dim", "131072", "at most 32768 with 4 heads")]
    [InlineData("text_config", "num_hidden_layers", "99999999999", "from 1 to 1024")]
    [InlineData("text_config", "query_pre_attn_scalar", "0", "query_pre_attn_scalar")]
    [InlineData("text_config", "attn_logit_softcapping", "-50", "attn_logit_softcapping")]
    [InlineData("text_config", "hidden_activation", "\"gelu\"", "tanh GELU")]
    [InlineData("text_config", "hidden_activation", "\"relu\"", "tanh GELU")]
    [InlineData("text_config", "attention_bias", "true", "no biases")]
    [InlineData("text_config", "attention_bias", "1", "true or false")]
    [InlineData("text_config", "rope_scaling", "{\"type\":\"linear\",\"factor\":2}", "rope_scaling.type")]
    [InlineData("text_config", "layer_types", "[\"full_attention\"]", "one for each layer")]
    [InlineData("vision_config", "hidden_act", "\"gelu\"", "tanh GELU")]
    [InlineData("vision_config", "num_attention_heads", "4", "divisor of hidden_size 6")]
    [InlineData("vision_config", "patch_size", "3", "divisor of image_size 8")]
    [InlineData("vision_config", "num_channels", "1", "from 3 to 3")]
    [InlineData("", "image_token_index", "-1", "from 0 to")]
    [InlineData("", "eos_token_id", "[1,\"x\"]", "eos_token_id")]
    [InlineData("", "text_config", "[]", "an object")]
    public void Values_that_are_not_allowed_are_named(string section, string key, string value, string part)
    {
        using var folder = new TemporaryFolder();
        TinyModel.Write(folder);
        _ = folder.Write("config.json", WithValue(section, key, value));
        string message = Assert.Throws<CheckpointException>(() => Checkpoint.Load(folder.Path)).Message;
        Assert.Contains(part, message, StringComparison.Ordinal);
        Assert.Contains(key, message, StringComparison.Ordinal);
        Assert.NotEmpty(CheckpointInspector.Inspect(folder.Path).Problems);
    }

    [Fact]
    public void Values_that_published_files_have_are_understood()
    {
        using var folder = new TemporaryFolder();
        PaliGemmaConfig config = TinyModel.Config();
        JsonObject json = TinyModel.ConfigJson(config);
        JsonObject text = json["text_config"]!.AsObject();
        text["attn_logit_softcapping"] = null;
        text["final_logit_softcapping"] = 0;
        text["sliding_window"] = null;
        text["hidden_act"] = "gelu";
        text["rope_parameters"] = new JsonObject { ["rope_theta"] = 500.0, ["rope_type"] = "default" };
        text["eos_token_id"] = new JsonArray(1, 7);
        _ = json.Remove("eos_token_id");
        _ = json.Remove("image_token_index");
        json["image_token_id"] = 65;
        TinyModel.Write(folder, json, TinyModel.Weights(config));
        _ = folder.Write("tokenizer.model", "");
        using (Checkpoint checkpoint = Checkpoint.Load(folder.Path))
        {
            Assert.Equal((0f, 0f, 0), (checkpoint.Config.Text.AttentionSoftCap, checkpoint.Config.Text.FinalSoftCap, checkpoint.Config.Text.SlidingWindow));
            Assert.Equal(500f, checkpoint.Config.Text.RopeTheta);
            Assert.Equal([1, 7], checkpoint.Config.EosTokenIds);
            Assert.Equal(65, checkpoint.Config.ImageTokenId);
            Assert.Equal(folder.Path, checkpoint.TokenizerFolder);
        }

        _ = folder.Write("generation_config.json", """{"eos_token_id": 5, "bos_token_id": 3}""");
        using (Checkpoint checkpoint = Checkpoint.Load(folder.Path))
        {
            Assert.Equal([5], checkpoint.Config.EosTokenIds);
            Assert.Equal(3, checkpoint.Config.BosTokenId);
        }
    }

    [Fact]
    public void Class_defaults_are_those_of_the_writers()
    {
        PaliGemmaConfig first = Defaults("""{"model_type":"paligemma","text_config":{"model_type":"gemma"},"vision_config":{}}""");
        Assert.Equal((256000, 3072, 24576, 28, 16, 16, 256), Sizes(first.Text));
        Assert.Equal((0f, 0f, 256f, 0), (first.Text.AttentionSoftCap, first.Text.FinalSoftCap, first.Text.QueryScalar, first.Text.SlidingWindow));
        Assert.Equal(new SigLipConfig(), first.Vision);
        Assert.Equal((2, 0, 256000), (first.BosTokenId, first.PadTokenId, first.ImageTokenId));
        PaliGemmaConfig second = Defaults("""{"model_type":"paligemma","text_config":{"model_type":"gemma2"}}""");
        Assert.Equal((256000, 2304, 9216, 26, 8, 4, 256), Sizes(second.Text));
        Assert.Equal((50f, 30f, 256f, 4096), (second.Text.AttentionSoftCap, second.Text.FinalSoftCap, second.Text.QueryScalar, second.Text.SlidingWindow));
        Assert.Equal((1152, 4096, 27, 16, 14), (second.Vision.Width, second.Vision.MlpWidth, second.Vision.Layers, second.Vision.Heads, second.Vision.PatchSize));

        static (int, int, int, int, int, int, int) Sizes(GemmaConfig text) =>
            (text.VocabularySize, text.Width, text.MlpWidth, text.Layers, text.Heads, text.KeyValueHeads, text.HeadSize);

        static PaliGemmaConfig Defaults(string json)
        {
            using var folder = new TemporaryFolder();
            _ = folder.Write("config.json", json);
            return HuggingFaceConfig.Load(folder.Path, []).Config;
        }
    }

    [Fact]
    public void Preprocessing_is_read_and_its_defaults_are_SigLIPs()
    {
        using var folder = new TemporaryFolder();
        TinyModel.Write(folder);
        using (Checkpoint checkpoint = Checkpoint.Load(folder.Path))
        {
            Assert.Equal((8, 3, 1.0 / 255), (checkpoint.Preprocessing.Size, checkpoint.Preprocessing.Resample, checkpoint.Preprocessing.RescaleFactor));
            Assert.Equal([0.5f, 0.5f, 0.5f], checkpoint.Preprocessing.Mean);
        }

        _ = folder.Write("preprocessor_config.json", """{"size":{"height":448,"width":448},"image_mean":[0.1,0.2,0.3],"image_std":[1,2,3],"resample":2,"rescale_factor":0.5}""");
        using (Checkpoint checkpoint = Checkpoint.Load(folder.Path))
        {
            Assert.Equal((8, 2, 0.5), (checkpoint.Preprocessing.Size, checkpoint.Preprocessing.Resample, checkpoint.Preprocessing.RescaleFactor));
            Assert.Equal([0.1f, 0.2f, 0.3f], checkpoint.Preprocessing.Mean);
            Assert.Equal([1f, 2f, 3f], checkpoint.Preprocessing.Std);
            Assert.Contains(checkpoint.Warnings, warning => warning.Contains("448", StringComparison.Ordinal));
        }

        foreach (string bad in (string[])["""{"image_std":[0,1,1]}""", """{"image_mean":[1,2]}""", """{"resample":9}""", """{"size":"big"}""", "[]", ""])
        {
            _ = folder.Write("preprocessor_config.json", bad);
            _ = Assert.Throws<CheckpointException>(() => Checkpoint.Load(folder.Path));
        }
    }

    [Fact]
    public void Paths_that_hold_no_checkpoint_say_what_to_do()
    {
        using var folder = new TemporaryFolder();
        Refused(folder.Path, "config.json");
        Refused(folder["absent"], "does not exist");
        _ = folder.Write("config.json", TinyModel.ConfigJson(TinyModel.Config()).ToJsonString());
        Refused(folder.Path, "model.safetensors");
        _ = folder.Write("pytorch_model.bin", "x");
        Refused(folder.Path, "pickles");
        Refused(folder["pytorch_model.bin"], "not a checkpoint");
        Refused(folder["config.json"], "give the folder");
        Refused(folder.Write("x.npz.part0", "x"), "join the parts");

        static void Refused(string path, string part)
        {
            Assert.Contains(part, Assert.Throws<CheckpointException>(() => Checkpoint.Load(path)).Message, StringComparison.Ordinal);
            Assert.NotEmpty(CheckpointInspector.Inspect(path).Problems);
        }
    }

    [Fact]
    public void Damaged_configurations_never_do_worse_than_our_exceptions()
    {
        using var folder = new TemporaryFolder();
        TinyModel.Write(folder);
        byte[] valid = File.ReadAllBytes(folder["config.json"]);
        Mutations.Run(Mutations.Of(valid), bytes => LoadWith(folder, bytes), 400);
    }

    [Fact]
    public void Arbitrary_values_never_do_worse_than_our_exceptions()
    {
        using var folder = new TemporaryFolder();
        TinyModel.Write(folder);
        Gen<string> value = Gen.Elements(
            "0", "1", "2", "3", "64", "1000", "-1", "2147483647", "2147483648", "4294967296", "9223372036854775807", "1e18", "1e308", "1e999", "0.5", "-0.0",
            "null", "true", "false", "\"\"", "\"gemma\"", "[]", "[1,2]", "[[]]", "{}", "{\"rope_theta\":0}", "NaN");
        Gen<string> key = Gen.Elements(
            "model_type", "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
            "head_dim", "query_pre_attn_scalar", "image_size", "patch_size", "num_channels", "layer_norm_eps", "rms_norm_eps", "rope_theta", "rope_parameters",
            "sliding_window", "layer_types", "eos_token_id", "bos_token_id", "image_token_index", "text_config", "vision_config", "tie_word_embeddings");
        Gen<string> config =
            from section in Gen.Elements(Sections)
            from name in key
            from content in value
            select WithValue(section, name, content);
        Mutations.Run(config, json => LoadWith(folder, System.Text.Encoding.UTF8.GetBytes(json)), 500);
    }

    private static void LoadWith(TemporaryFolder folder, byte[] config) => Mutations.Survives(() =>
    {
        _ = folder.Write("config.json", config);
        using Checkpoint checkpoint = Checkpoint.Load(folder.Path);
    });

    // Written as text: values such as NaN cannot be expressed as JSON nodes.
    private static string WithValue(string section, string key, string value)
    {
        const string Marker = "\"@@marker@@\"";
        JsonObject json = TinyModel.ConfigJson(TinyModel.Config());
        JsonObject target = section.Length == 0 ? json : json[section]!.AsObject();
        target[key] = "@@marker@@";
        return json.ToJsonString().Replace(Marker, value, StringComparison.Ordinal);
    }
}
