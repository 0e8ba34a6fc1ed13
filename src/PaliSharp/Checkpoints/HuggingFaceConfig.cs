using PaliSharp.Models;

namespace PaliSharp.Checkpoints;

/// <summary>
/// Reads <c>config.json</c> and <c>generation_config.json</c>. A published file omits every value that equals the default of the class
/// that wrote it, so those defaults are stated here.
/// </summary>
internal static class HuggingFaceConfig
{
    private static readonly string[] TanhGelu = ["gelu_pytorch_tanh", "gelu_new", "gelu_fast", "gelu_python_tanh"];

    /// <summary>The configuration and what the weights may still correct.</summary>
    /// <param name="Config">The geometry; the vocabulary's size is what the file declares.</param>
    /// <param name="ImageSizeStated">False where the picture's size is a class default, so that the position table decides.</param>
    /// <param name="Tied">False where the file says that the output head has weights of its own.</param>
    public sealed record Result(PaliGemmaConfig Config, bool ImageSizeStated, bool Tied);

    /// <summary>Reads the configuration of a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="warnings">Receives what was found odd but harmless.</param>
    /// <exception cref="CheckpointException">A file is missing or a value is not allowed.</exception>
    public static Result Load(string folder, List<string> warnings)
    {
        ConfigSection root = ConfigSection.Load(Path.Combine(folder, "config.json"));
        if (root.Text("model_type") is not "paligemma")
            throw root.Bad("model_type", "\"paligemma\" (PaliGemma and PaliGemma 2 checkpoints); other models are not supported");

        ConfigSection? vision = root.Section("vision_config");
        ConfigSection? text = root.Section("text_config");
        GemmaConfig gemma = ReadText(root, text, warnings);
        if (root.OptionalInteger("hidden_size", 0, int.MaxValue) is { } hidden && hidden != gemma.Width)
            warnings.Add($"config.json: the top-level hidden_size {hidden} is ignored; text_config.hidden_size {gemma.Width} counts.");

        ConfigSection? generation = ConfigSection.LoadIfPresent(Path.Combine(folder, "generation_config.json"));
        var config = new PaliGemmaConfig
        {
            Vision = ReadVision(vision),
            Text = gemma,
            ImageTokenId = ReadImageToken(root, warnings),
            BosTokenId = Id("bos_token_id", 2, generation, root, text),
            PadTokenId = Id("pad_token_id", 0, generation, root, text),
            EosTokenIds = EosIds(generation, root, text),
        };
        bool tied = (text ?? root).Flag("tie_word_embeddings", root.Flag("tie_word_embeddings", true));
        return new Result(config, vision?.Has("image_size") ?? false, tied);
    }

    private static SigLipConfig ReadVision(ConfigSection? section)
    {
        // Without a vision_config PaliGemma's own class builds So400m/14, with an MLP that no released model has.
        if (section is not { } vision)
            return new SigLipConfig { ImageSize = 224, PatchSize = 14, Width = 1152, MlpWidth = 4096, Layers = 27, Heads = 16 };

        if (vision.Text("model_type") is { } type and not "siglip_vision_model")
            throw vision.Bad("model_type", "\"siglip_vision_model\"");
        if (vision.Text("hidden_act") is { } activation && !TanhGelu.Contains(activation))
            throw vision.Bad("hidden_act", $"a tanh GELU ({string.Join(", ", TanhGelu)})");
        var config = new SigLipConfig
        {
            ImageSize = vision.Integer("image_size", 224, 1, GeometryLimits.ImageSize),
            PatchSize = vision.Integer("patch_size", 16, 1, GeometryLimits.PatchSize),
            Channels = vision.Integer("num_channels", 3, 3, 3),
            Width = vision.Integer("hidden_size", 768, 1, GeometryLimits.Width),
            MlpWidth = vision.Integer("intermediate_size", 3072, 1, GeometryLimits.MlpWidth),
            Layers = vision.Integer("num_hidden_layers", 12, 1, GeometryLimits.Layers),
            Heads = vision.Integer("num_attention_heads", 12, 1, GeometryLimits.Heads),
            NormEpsilon = vision.Number("layer_norm_eps", 1e-6f, 0, 1),
        };
        if (config.Width % config.Heads != 0)
            throw vision.Bad("num_attention_heads", $"a divisor of hidden_size {config.Width}");
        if (config.Grid > GeometryLimits.Grid)
            throw vision.Bad("image_size", $"at most {GeometryLimits.Grid} patches of {config.PatchSize} pixels along an edge");
        if (config.ImageSize % config.PatchSize != 0)
            throw vision.Bad("patch_size", $"a divisor of image_size {config.ImageSize}");
        return config;
    }

    private static GemmaConfig ReadText(ConfigSection root, ConfigSection? section, List<string> warnings)
    {
        // The vocabulary's size moved between the two levels over the years.
        int topVocabulary = root.Integer("vocab_size", root.Integer("_vocab_size", 0, 1, GeometryLimits.Vocabulary), 1, GeometryLimits.Vocabulary);
        if (section is not { } text)
        {
            return new GemmaConfig
            {
                Version = GemmaVersion.Gemma1,
                VocabularySize = topVocabulary > 0 ? topVocabulary : 257152,
                Width = 2048,
                MlpWidth = 16384,
                Layers = 18,
                Heads = 8,
                KeyValueHeads = 1,
                HeadSize = 256,
                QueryScalar = 256,
            };
        }

        GemmaVersion version = text.Text("model_type") switch
        {
            null or "gemma" => GemmaVersion.Gemma1,
            "gemma2" => GemmaVersion.Gemma2,
            _ => throw text.Bad("model_type", "\"gemma\" (PaliGemma) or \"gemma2\" (PaliGemma 2)"),
        };
        bool second = version == GemmaVersion.Gemma2;
        int layers = text.Integer("num_hidden_layers", second ? 26 : 28, 1, GeometryLimits.Layers);
        int headSize = text.Integer("head_dim", 256, 2, GeometryLimits.Width);
        var config = new GemmaConfig
        {
            Version = version,
            VocabularySize = text.Integer("vocab_size", topVocabulary > 0 ? topVocabulary : 256000, 1, GeometryLimits.Vocabulary),
            Width = text.Integer("hidden_size", second ? 2304 : 3072, 1, GeometryLimits.Width),
            MlpWidth = text.Integer("intermediate_size", second ? 9216 : 24576, 1, GeometryLimits.MlpWidth),
            Layers = layers,
            Heads = text.Integer("num_attention_heads", second ? 8 : 16, 1, GeometryLimits.Heads),
            KeyValueHeads = text.Integer("num_key_value_heads", second ? 4 : 16, 1, GeometryLimits.Heads),
            HeadSize = headSize,
            QueryScalar = second ? text.Number("query_pre_attn_scalar", 256, 1e-3f, 1e9f) : headSize,
            AttentionSoftCap = second ? SoftCap(text, "attn_logit_softcapping", 50) : 0,
            FinalSoftCap = second ? SoftCap(text, "final_logit_softcapping", 30) : 0,
            SlidingWindow = second ? Window(text, layers, warnings) : 0,
            RopeTheta = RopeTheta(text),
            NormEpsilon = text.Number("rms_norm_eps", 1e-6f, 0, 1),
            MaxPositions = text.Integer("max_position_embeddings", 8192, 1, 1 << 24),
        };
        if (config.Heads % config.KeyValueHeads != 0)
            throw text.Bad("num_key_value_heads", $"a divisor of num_attention_heads {config.Heads}");
        if (headSize % 2 != 0)
            throw text.Bad("head_dim", "an even number: rotary embeddings turn pairs");
        if ((long)config.Heads * headSize > GeometryLimits.Width)
            throw text.Bad("head_dim", $"at most {GeometryLimits.Width / config.Heads} with {config.Heads} heads");
        if (text.Flag("attention_bias", false))
            throw text.Bad("attention_bias", "false: Gemma's attention has no biases");
        CheckActivation(text, warnings);
        return config;
    }

    private static void CheckActivation(ConfigSection text, List<string> warnings)
    {
        if (text.Text("hidden_activation") is { } activation)
        {
            if (!TanhGelu.Contains(activation))
                throw text.Bad("hidden_activation", $"a tanh GELU ({string.Join(", ", TanhGelu)})");
            return;
        }

        // The first Gemma files said "gelu" here and meant the tanh form; their readers ignore hidden_act unless hidden_activation is set.
        switch (text.Text("hidden_act"))
        {
            case null:
                break;
            case "gelu":
                warnings.Add("config.json: text_config.hidden_act \"gelu\" is read as the tanh GELU, which Gemma was trained with.");
                break;
            case { } name when !TanhGelu.Contains(name):
                throw text.Bad("hidden_act", $"a tanh GELU ({string.Join(", ", TanhGelu)})");
        }
    }

    private static float SoftCap(ConfigSection text, string key, float fallback) =>
        text.IsNull(key) ? 0 : text.Number(key, fallback, 0, 1e9f);

    private static int Window(ConfigSection text, int layers, List<string> warnings)
    {
        int window = text.IsNull("sliding_window") ? 0 : text.Integer("sliding_window", 4096, 0, 1 << 24);
        if (text.Texts("layer_types", GeometryLimits.Layers) is not { } types)
            return window;
        foreach (string type in types)
        {
            if (type is not ("sliding_attention" or "full_attention"))
                throw text.Bad("layer_types", "a list of \"sliding_attention\" and \"full_attention\"");
        }

        if (types.Count != layers)
            throw text.Bad("layer_types", $"a list of {layers} names, one for each layer");
        for (int layer = 0; layer < layers; layer++)
        {
            if (types[layer] == "sliding_attention" != (layer % 2 == 0))
            {
                if (types.Contains("sliding_attention"))
                    warnings.Add("config.json: layer_types is not Gemma 2's alternation (even layers sliding, odd layers full); the sliding window is not available.");
                return 0;
            }
        }

        return window;
    }

    private static float RopeTheta(ConfigSection text)
    {
        const float Minimum = 1;
        const float Maximum = 1e12f;
        float theta = text.Number("rope_theta", 10_000, Minimum, Maximum);
        foreach (string key in (ReadOnlySpan<string>)["rope_scaling", "rope_parameters"])
        {
            if (text.Section(key) is not { } rope)
                continue;
            if ((rope.Text("rope_type") ?? rope.Text("type")) is { } type and not "default")
                throw rope.Bad(rope.Has("rope_type") ? "rope_type" : "type", "\"default\": scaled rotary embeddings are not part of PaliGemma");
            theta = rope.Number("rope_theta", theta, Minimum, Maximum);
        }

        return theta;
    }

    private static int ReadImageToken(ConfigSection root, List<string> warnings)
    {
        int? id = root.OptionalInteger("image_token_index", 0, GeometryLimits.Vocabulary) ?? root.OptionalInteger("image_token_id", 0, GeometryLimits.Vocabulary);
        if (id is null)
            warnings.Add("config.json: neither image_token_index nor image_token_id is given; the class default 256000 is used, which published files do not.");
        return id ?? 256000;
    }

    private static int Id(string key, int fallback, params ReadOnlySpan<ConfigSection?> sections)
    {
        foreach (ConfigSection? section in sections)
        {
            if (section?.OptionalInteger(key, 0, GeometryLimits.Vocabulary) is { } id)
                return id;
        }

        return fallback;
    }

    private static IReadOnlyList<int> EosIds(params ReadOnlySpan<ConfigSection?> sections)
    {
        foreach (ConfigSection? section in sections)
        {
            if (section?.Integers("eos_token_id", 0, GeometryLimits.Vocabulary, 256) is { Count: > 0 } ids)
                return ids;
        }

        return [1];
    }
}
