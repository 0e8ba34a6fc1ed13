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
        if (format is not { } form || form.ValueKind == JsonValueKind.Null)
            return options;
        if (form.ValueKind != JsonValueKind.Object || !form.TryGetProperty("type", out JsonElement type) || type.ValueKind != JsonValueKind.String)
            throw ApiException.InvalidValue(Param, "response_format is not an object with a type.");
        return JsonText.Of(type, $"{Param}.type") switch
        {
            "text" => options,
            "json_object" => throw ApiException.Unsupported(
                $"{Param}.type", "JSON without a schema is not offered: the model has not been trained to write it. Send a json_schema."),
            "json_schema" => options with { Constraint = Schema(form, options, model) },
            var other => throw ApiException.InvalidValue($"{Param}.type", $"There is no response format '{Shown.Text(other)}'. Expected text or json_schema."),
        };
    }

    // The name and the description are for people; strictness is what a grammar gives anyway.
    private static ITokenConstraint Schema(JsonElement form, GenerationOptions options, PaliGemma model)
    {
        const string param = $"{Param}.json_schema";
        if (!form.TryGetProperty("json_schema", out JsonElement holder) || holder.ValueKind != JsonValueKind.Object
            || !holder.TryGetProperty("schema", out JsonElement schema) || schema.ValueKind != JsonValueKind.Object)
        {
            throw ApiException.InvalidValue(param, "json_schema is not an object with a schema.");
        }

        if (model.Tokenizer is null)
            throw ApiException.Unsupported(Param, "The model has no tokenizer, so its answers cannot be held to a form.");
        try
        {
            return TokenConstraints.JsonSchema(model.Tokenizer, schema.GetRawText(), options.MaxNewTokens);
        }
        catch (PaliSharpException exception)
        {
            throw ApiException.BadRequest("unsupported_schema", exception.Message, $"{param}.schema", exception);
        }
    }
}
