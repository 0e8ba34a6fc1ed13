using System.Text.Json;
using PaliSharp.Generation;
using PaliSharp.Server.Errors;

namespace PaliSharp.Server.OpenAI;

/// <summary>The form an answer must have (<c>response_format</c>), as a grammar the model is held to.</summary>
internal static class AnswerForm
{
    private const string Param = "response_format";

    /// <summary>Adds the grammar to the options of an answer.</summary>
    /// <exception cref="ApiException">The form is unknown or beyond what grammars can express.</exception>
    public static GenerationOptions Apply(JsonElement? format, GenerationOptions options, PaliGemma model)
    {
        _ = model;
        if (format is not { } form || form.ValueKind == JsonValueKind.Null)
            return options;
        if (form.ValueKind != JsonValueKind.Object || !form.TryGetProperty("type", out JsonElement type) || type.ValueKind != JsonValueKind.String)
            throw ApiException.InvalidValue(Param, "response_format is not an object with a type.");
        return JsonText.Of(type, $"{Param}.type") switch
        {
            "text" => options,
            "json_object" => throw ApiException.Unsupported($"{Param}.type", "JSON without a schema is not offered: the model has not been trained to write it. Send a json_schema."),
            "json_schema" => throw ApiException.Unsupported($"{Param}.type", "json_schema is not offered."),
            var other => throw ApiException.InvalidValue($"{Param}.type", $"There is no response format '{Shown.Text(other)}'. Expected text or json_schema."),
        };
    }
}
