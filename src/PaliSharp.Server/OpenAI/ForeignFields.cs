using System.Text.Json;
using PaliSharp.Server.Errors;

namespace PaliSharp.Server.OpenAI;

/// <summary>
/// Fields of OpenAI's API that have no counterpart here. Those that cannot change an answer are accepted; those that would are refused, unless
/// they hold the value that changes nothing.
/// </summary>
internal static class ForeignFields
{
    private static readonly HashSet<string> Harmless = new(StringComparer.Ordinal)
    {
        "user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "parallel_tool_calls",
    };

    private static readonly Dictionary<string, (Func<JsonElement, bool> IsNeutral, string Why)> Changing = new(StringComparer.Ordinal)
    {
        ["frequency_penalty"] = (
            IsZero, "The model's location tokens repeat by design, so penalties of this kind are not offered. Use repetition_penalty with care."),
        ["presence_penalty"] = (
            IsZero, "The model's location tokens repeat by design, so penalties of this kind are not offered. Use repetition_penalty with care."),
        ["logit_bias"] = (IsEmpty, "Logits cannot be biased. Use response_format to hold the answer to a form."),
        ["tools"] = (IsEmpty, "The model cannot call tools."),
        ["tool_choice"] = (value => IsOneOf(value, "none", "auto"), "The model cannot call tools."),
        ["functions"] = (IsEmpty, "The model cannot call functions."),
        ["function_call"] = (value => IsOneOf(value, "none", "auto"), "The model cannot call functions."),
        ["modalities"] = (IsTextOnly, "The model writes text only."),
        ["audio"] = (IsNull, "The model writes text only."),
        ["prediction"] = (IsNull, "Predicted outputs are not supported."),
        ["reasoning_effort"] = (value => IsOneOf(value, "none"), "The model does not reason before it answers."),
        ["verbosity"] = (value => IsOneOf(value, "medium"), "The length of answers follows the task: use 'caption en' or 'describe en' as the prompt."),
        ["web_search_options"] = (IsNull, "The model cannot search."),
    };

    private static readonly HashSet<string> HarmlessInMessages = new(StringComparer.Ordinal) { "name" };

    private static readonly Dictionary<string, (Func<JsonElement, bool> IsNeutral, string Why)> ChangingInMessages = new(StringComparer.Ordinal)
    {
        ["refusal"] = (IsNull, "The model cannot take earlier refusals into account."),
        ["audio"] = (IsNull, "The model takes text and pictures only."),
        ["annotations"] = (IsEmpty, "The model cannot take annotations into account."),
        ["tool_calls"] = (IsEmpty, "The model cannot call tools."),
        ["function_call"] = (IsNull, "The model cannot call functions."),
    };

    /// <summary>Checks the fields of a request that are not read.</summary>
    /// <exception cref="ApiException">One would change the answer, or is unknown.</exception>
    public static void CheckRequest(IReadOnlyDictionary<string, JsonElement>? fields) => Check(fields, Harmless, Changing, string.Empty, "a chat request");

    /// <summary>Checks the fields of a message that are not read.</summary>
    /// <param name="fields">The fields.</param>
    /// <param name="param">The message, such as <c>messages[0]</c>.</param>
    /// <exception cref="ApiException">One would change the answer, or is unknown.</exception>
    public static void CheckMessage(IReadOnlyDictionary<string, JsonElement>? fields, string param) =>
        Check(fields, HarmlessInMessages, ChangingInMessages, param + ".", "a message");

    private static void Check(
        IReadOnlyDictionary<string, JsonElement>? fields,
        HashSet<string> harmless,
        Dictionary<string, (Func<JsonElement, bool> IsNeutral, string Why)> changing,
        string prefix,
        string where)
    {
        foreach ((string name, JsonElement value) in fields ?? new Dictionary<string, JsonElement>(StringComparer.Ordinal))
        {
            if (harmless.Contains(name))
                continue;
            if (!changing.TryGetValue(name, out (Func<JsonElement, bool> IsNeutral, string Why) rule))
                throw ApiException.UnknownField(prefix + name, where);
            if (!IsNull(value) && !rule.IsNeutral(value))
                throw ApiException.BadRequest("unsupported_parameter", $"'{name}' is not supported: {rule.Why}", prefix + name);
        }
    }

    private static bool IsNull(JsonElement value) => value.ValueKind == JsonValueKind.Null;

    private static bool IsZero(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number == 0;

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().MoveNext(),
        _ => false,
    };

    private static bool IsOneOf(JsonElement value, params string[] allowed) =>
        value.ValueKind == JsonValueKind.String && allowed.Contains(value.GetString(), StringComparer.Ordinal);

    private static bool IsTextOnly(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String && item.ValueEquals("text"));
}
