using System.Text.Json;
using PaliSharp.Generation;
using PaliSharp.Imaging;

namespace PaliSharp.Tasks;

/// <summary>JSON the model wrote.</summary>
public sealed record JsonResult : TextResult
{
    /// <summary>The value; null if the text is no JSON.</summary>
    public required JsonElement? Value { get; init; }
}

/// <summary>Answers a prompt with JSON that a schema describes, by constraint.</summary>
/// <param name="Prompt">The text the model sees.</param>
/// <param name="Schema">The schema, in the subset of <see cref="TokenConstraints.JsonSchema"/>.</param>
public sealed record JsonTask(string Prompt, string Schema) : VisionTask<JsonResult>
{
    internal override TaskPlan Plan(PaliGemma model, IReadOnlyList<Image> images)
    {
        GenerationOptions options = OptionsOr(512);
        options = TextPlans.Constrain(options, TokenConstraints.JsonSchema(TextPlans.RequireTokenizer(model), Schema, options.MaxNewTokens));
        return Ask(new GenerationRequest(Prompt, images, options), answer =>
        {
            List<string> warnings = [.. TextPlans.Warnings(answer)];
            return new JsonResult { Value = Read(answer.Text, warnings), Text = answer.Text, Prompt = Prompt, Warnings = warnings, Generation = answer };
        });
    }

    private static JsonElement? Read(string text, List<string> warnings)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException exception)
        {
            warnings.Add($"The answer is no JSON: {exception.Message}");
            return null;
        }
    }
}
