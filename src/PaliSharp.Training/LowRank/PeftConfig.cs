using System.Text;
using System.Text.Json;

namespace PaliSharp.Training.LowRank;

/// <summary>Writes <c>adapter_config.json</c>.</summary>
internal static class PeftConfig
{
    /// <summary>The text of the file.</summary>
    /// <param name="options">What the adapter consists of.</param>
    public static string Write(LoraOptions options)
    {
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            WriteMap(json, "alpha_pattern", options.AlphaPattern, (writer, value) => writer.WriteNumberValue(value));
            json.WriteNull("base_model_name_or_path");
            json.WriteString("bias", options.Bias switch { LoraBias.None => "none", LoraBias.LoraOnly => "lora_only", _ => "all" });
            json.WriteBoolean("fan_in_fan_out", false);
            json.WriteBoolean("inference_mode", true);
            json.WriteBoolean("init_lora_weights", true);
            json.WriteNumber("lora_alpha", options.Alpha);
            json.WriteNumber("lora_dropout", options.Dropout);
            if (options.ModulesToSave.Count == 0)
                json.WriteNull("modules_to_save");
            else
                WriteList(json, "modules_to_save", options.ModulesToSave);
            json.WriteString("peft_type", "LORA");
            json.WriteNumber("r", options.Rank);
            WriteMap(json, "rank_pattern", options.RankPattern, (writer, value) => writer.WriteNumberValue(value));
            if (options.TargetPattern is { } pattern)
                json.WriteString("target_modules", pattern);
            else
                WriteList(json, "target_modules", options.Targets);
            json.WriteString("task_type", "CAUSAL_LM");
            json.WriteBoolean("use_dora", options.Dora);
            json.WriteBoolean("use_rslora", options.RankStabilised);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(memory.ToArray());
    }

    private static void WriteList(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values)
            json.WriteStringValue(value);
        json.WriteEndArray();
    }

    private static void WriteMap<T>(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, T> values, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartObject(name);
        foreach ((string key, T value) in values)
        {
            json.WritePropertyName(key);
            write(json, value);
        }

        json.WriteEndObject();
    }
}
