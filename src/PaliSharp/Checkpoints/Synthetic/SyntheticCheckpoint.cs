using System.Text.Json;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Quantization;

namespace PaliSharp.Checkpoints.Synthetic;

/// <summary>Checkpoints of any geometry with weights by <see cref="SyntheticLaw"/>: in memory, or as a folder that any reader of the format opens.</summary>
public static unsafe class SyntheticCheckpoint
{
    private const int ChunkElements = 1 << 20;

    /// <summary>Computes all weights of a model in native memory, on all processors.</summary>
    /// <param name="config">The geometry.</param>
    /// <param name="type">
    /// How matrices are stored; vectors and the position table are float32 as in any loaded checkpoint. Values are rounded to bfloat16 first, so
    /// that quantised types hold the quantised form of the same model.
    /// </param>
    /// <param name="cancellationToken">Stops between pieces.</param>
    /// <exception cref="ResourceLimitException">The process may not use so much memory.</exception>
    public static WeightSet Create(PaliGemmaConfig config, WeightType type = WeightType.BFloat16, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        (string Name, TensorShape Shape)[] tensors = [.. ModelTensors.Of(config)];
        long needed = tensors.Sum(tensor => Weight.SizeOf(StoredType(tensor.Name, tensor.Shape, type), tensor.Shape));
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (needed > available)
        {
            throw new ResourceLimitException(
                $"The weights take {needed >> 20} MiB and this process may use {available >> 20} MiB. Choose a smaller size, or write a checkpoint to disk.");
        }

        return new WeightSet([.. tensors.Select(tensor => Create(tensor.Name, tensor.Shape, type, cancellationToken))]);
    }

    /// <summary>Writes <c>config.json</c> and <c>model.safetensors</c>; there is no tokenizer.</summary>
    /// <param name="folder">The folder to create.</param>
    /// <param name="config">The geometry.</param>
    /// <param name="type">How the tensors are stored. Values are rounded to bfloat16 in any case, so that all types hold the same model.</param>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static void Write(string folder, PaliGemmaConfig config, WeightType type = WeightType.BFloat16)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(config);
        Directory.CreateDirectory(folder);
        SafetensorsWriter.Write(
            Path.Combine(folder, "model.safetensors"),
            [.. ModelTensors.Of(config).Select(tensor => new SafetensorsContent(
                tensor.Name, type, tensor.Shape, stream => Write(stream, tensor.Name, tensor.Shape, type)))],
            new Dictionary<string, string> { ["format"] = "pt" });
        AtomicFile.Write(Path.Combine(folder, "config.json"), stream => WriteConfig(stream, config, type));
    }

    /// <summary>
    /// Writes <c>config.json</c> and the quantised file alone, where loading finds it: straight from the formula, so that the size of a model is
    /// limited by the disk and not by memory.
    /// </summary>
    /// <param name="folder">The folder to create.</param>
    /// <param name="config">The geometry.</param>
    /// <param name="type"><see cref="WeightType.Int8"/> or <see cref="WeightType.Int4"/>.</param>
    /// <param name="progress">Told about every piece written.</param>
    /// <param name="cancellationToken">Stops between pieces and leaves no file.</param>
    /// <returns>The path of the quantised file.</returns>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static string WriteQuantized(
        string folder, PaliGemmaConfig config, WeightType type, IProgress<QuantizationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(config);
        Directory.CreateDirectory(folder);
        string path = QuantizedFile.PathBeside(folder, type);
        new QuantizedFileWriter(type, everything: false, sourceBytes: 0, progress, cancellationToken).Write(path, ModelTensors.Of(config).Select(tensor =>
        {
            WeightType dense = StoredType(tensor.Name, tensor.Shape, WeightType.BFloat16);
            return new WeightSource(
                new SafetensorsContent(tensor.Name, dense, tensor.Shape, stream => Write(stream, tensor.Name, tensor.Shape, dense)),
                Reader(tensor.Name, tensor.Shape));
        }));
        AtomicFile.Write(Path.Combine(folder, "config.json"), stream => WriteConfig(stream, config, WeightType.BFloat16));
        return path;
    }

    private static WeightType StoredType(string name, TensorShape shape, WeightType type) =>
        ModelTensors.IsWidened(name, shape) ? WeightType.Float32
        : !QuantizedLayout.IsQuantized(type) ? type
        : QuantizationScheme.TypeOf(name, shape, type, everything: false) ?? WeightType.BFloat16;

    private static ElementReader Reader(string name, TensorShape shape) => (start, count, destination) =>
    {
        Span<float> run = destination[..count];
        SyntheticLaw.Fill(name, shape, start, run);
        foreach (ref float value in run)
            value = BitConverter.UInt32BitsToSingle((uint)RoundToBFloat16(value) << 16);
    };

    private static Weight Create(string name, TensorShape shape, WeightType type, CancellationToken cancellationToken)
    {
        WeightType stored = StoredType(name, shape, type);
        if (QuantizedLayout.IsQuantized(stored))
        {
            cancellationToken.ThrowIfCancellationRequested();
            return Quantizer.Quantize(name, shape, stored, Reader(name, shape));
        }

        var memory = new NativeBuffer(shape.Count * Weight.ElementSize(stored));
        long chunks = (shape.Count + ChunkElements - 1) / ChunkElements;
        Parallel.For(0L, chunks, new ParallelOptions { CancellationToken = cancellationToken }, () => new float[ChunkElements], (chunk, _, values) =>
        {
            long start = chunk * ChunkElements;
            Span<float> run = values.AsSpan(0, (int)Math.Min(ChunkElements, shape.Count - start));
            SyntheticLaw.Fill(name, shape, start, run);
            int size = Weight.ElementSize(stored);
            Store(run, stored, new Span<byte>((byte*)memory.Pointer + (start * size), run.Length * size));
            return values;
        }, _ => { });
        return new Weight(name, stored, shape, memory.Pointer, memory);
    }

    private static void Write(Stream stream, string name, TensorShape shape, WeightType type)
    {
        float[] values = new float[(int)Math.Min(ChunkElements, shape.Count)];
        byte[] bytes = new byte[values.Length * Weight.ElementSize(type)];
        for (long start = 0; start < shape.Count; start += values.Length)
        {
            Span<float> run = values.AsSpan(0, (int)Math.Min(values.Length, shape.Count - start));
            SyntheticLaw.Fill(name, shape, start, run);
            Span<byte> encoded = bytes.AsSpan(0, run.Length * Weight.ElementSize(type));
            Store(run, type, encoded);
            stream.Write(encoded);
        }
    }

    private static void Store(ReadOnlySpan<float> values, WeightType type, Span<byte> destination)
    {
        for (int i = 0; i < values.Length; i++)
        {
            ushort rounded = RoundToBFloat16(values[i]);
            float value = BitConverter.UInt32BitsToSingle((uint)rounded << 16);
            switch (type)
            {
                case WeightType.Float32:
                    BitConverter.TryWriteBytes(destination[(4 * i)..], value);
                    break;
                case WeightType.BFloat16:
                    BitConverter.TryWriteBytes(destination[(2 * i)..], rounded);
                    break;
                default:
                    BitConverter.TryWriteBytes(destination[(2 * i)..], (Half)value);
                    break;
            }
        }
    }

    private static ushort RoundToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFFu + ((bits >> 16) & 1)) >> 16); // to nearest, ties to even
    }

    private static void WriteConfig(Stream stream, PaliGemmaConfig config, WeightType type)
    {
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("model_type", "paligemma");
        json.WriteNumber("image_token_index", config.ImageTokenId);
        json.WriteNumber("bos_token_id", config.BosTokenId);
        json.WriteNumber("eos_token_id", config.EosTokenIds[0]);
        json.WriteNumber("pad_token_id", config.PadTokenId);
        json.WriteNumber("projection_dim", config.Text.Width);
        json.WriteNumber("hidden_size", config.Text.Width);
        json.WriteString("torch_dtype", type.ToString().ToLowerInvariant());
        WriteText(json, config.Text);
        WriteVision(json, config.Vision, config.Text.Width);
        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, GemmaConfig text)
    {
        json.WriteStartObject("text_config");
        json.WriteString("model_type", text.Version == GemmaVersion.Gemma1 ? "gemma" : "gemma2");
        json.WriteNumber("vocab_size", text.VocabularySize);
        json.WriteNumber("hidden_size", text.Width);
        json.WriteNumber("intermediate_size", text.MlpWidth);
        json.WriteNumber("num_hidden_layers", text.Layers);
        json.WriteNumber("num_attention_heads", text.Heads);
        json.WriteNumber("num_key_value_heads", text.KeyValueHeads);
        json.WriteNumber("head_dim", text.HeadSize);
        json.WriteNumber("rms_norm_eps", text.NormEpsilon);
        json.WriteNumber("rope_theta", text.RopeTheta);
        json.WriteNumber("max_position_embeddings", text.MaxPositions);
        if (text.Version == GemmaVersion.Gemma2)
        {
            json.WriteNumber("query_pre_attn_scalar", text.QueryScalar);
            json.WriteNumber("sliding_window", text.SlidingWindow);
            json.WriteNumber("attn_logit_softcapping", text.AttentionSoftCap);
            json.WriteNumber("final_logit_softcapping", text.FinalSoftCap);
        }

        json.WriteEndObject();
    }

    private static void WriteVision(Utf8JsonWriter json, SigLipConfig vision, int projection)
    {
        json.WriteStartObject("vision_config");
        json.WriteString("model_type", "siglip_vision_model");
        json.WriteNumber("hidden_size", vision.Width);
        json.WriteNumber("intermediate_size", vision.MlpWidth);
        json.WriteNumber("num_hidden_layers", vision.Layers);
        json.WriteNumber("num_attention_heads", vision.Heads);
        json.WriteNumber("image_size", vision.ImageSize);
        json.WriteNumber("patch_size", vision.PatchSize);
        json.WriteNumber("projection_dim", projection);
        json.WriteBoolean("vision_use_head", false);
        json.WriteEndObject();
    }
}
