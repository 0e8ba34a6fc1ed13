using System.Text.Json;
using PaliSharp.TestSupport;

namespace PaliSharp.Cli.Tests;

/// <summary>
/// Checks JSON against <c>docs/json.schema.json</c>, with the keywords that file uses, and that it has no field which the file does not describe.
/// </summary>
internal static class JsonShape
{
    private static readonly JsonElement Schema =
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(GoldenData.RepositoryRoot, "docs", "json.schema.json"))).RootElement;

    /// <summary>The names of all shapes.</summary>
    public static IEnumerable<string> Names => Schema.GetProperty("$defs").EnumerateObject().Select(shape => shape.Name);

    /// <summary>What is wrong with a value, one sentence each.</summary>
    /// <param name="value">The value.</param>
    /// <param name="shapes">The shapes it must all have.</param>
    public static List<string> Problems(JsonElement value, params string[] shapes)
    {
        var problems = new List<string>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (string shape in shapes)
        {
            Check(value, Shape(shape), "$", problems);
            Collect(Shape(shape), known);
        }

        problems.AddRange(value.EnumerateObject().Where(field => !known.Contains(field.Name)).Select(field => $"$.{field.Name} is not described."));
        return problems;
    }

    private static JsonElement Shape(string name) => Schema.GetProperty("$defs").GetProperty(name);

    private static void Check(JsonElement value, JsonElement schema, string path, List<string> problems)
    {
        foreach (JsonProperty keyword in schema.EnumerateObject())
        {
            switch (keyword.Name)
            {
                case "$ref":
                    Check(value, Shape(keyword.Value.GetString()![("#/$defs/".Length)..]), path, problems);
                    break;
                case "allOf":
                    foreach (JsonElement part in keyword.Value.EnumerateArray())
                        Check(value, part, path, problems);
                    break;
                case "anyOf":
                    if (!keyword.Value.EnumerateArray().Any(part => Fits(value, part, path)))
                        problems.Add($"{path} is {value} and fits none of {keyword.Value}.");
                    break;
                case "type":
                    CheckType(value, keyword.Value, path, problems);
                    break;
                case "const":
                    if (!JsonElement.DeepEquals(value, keyword.Value))
                        problems.Add($"{path} is {value}, not {keyword.Value}.");
                    break;
                case "enum":
                    if (!keyword.Value.EnumerateArray().Any(item => JsonElement.DeepEquals(value, item)))
                        problems.Add($"{path} is {value}, none of {keyword.Value}.");
                    break;
                case "minimum" when value.ValueKind == JsonValueKind.Number && value.GetDouble() < keyword.Value.GetDouble():
                case "maximum" when value.ValueKind == JsonValueKind.Number && value.GetDouble() > keyword.Value.GetDouble():
                case "minItems" when value.ValueKind == JsonValueKind.Array && value.GetArrayLength() < keyword.Value.GetInt32():
                case "maxItems" when value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > keyword.Value.GetInt32():
                    problems.Add($"{path} is {value}, against {keyword}.");
                    break;
                case "required" when value.ValueKind == JsonValueKind.Object:
                    problems.AddRange(keyword.Value.EnumerateArray().Where(name => !value.TryGetProperty(name.GetString()!, out _)).Select(name => $"{path}.{name} is missing."));
                    break;
                case "items" when value.ValueKind == JsonValueKind.Array:
                    foreach ((int index, JsonElement item) in value.EnumerateArray().Index())
                        CheckWhole(item, keyword.Value, $"{path}[{index}]", problems);
                    break;
                case "properties" when value.ValueKind == JsonValueKind.Object:
                    foreach (JsonProperty property in keyword.Value.EnumerateObject())
                    {
                        if (value.TryGetProperty(property.Name, out JsonElement field))
                            CheckWhole(field, property.Value, $"{path}.{property.Name}", problems);
                    }

                    break;
                case "description" or "minimum" or "maximum" or "minItems" or "maxItems" or "required" or "items" or "properties":
                    break;
                default:
                    throw new NotSupportedException($"The keyword '{keyword.Name}' is not checked.");
            }
        }
    }

    /// <summary>A value within another: where its fields are described, it has no others.</summary>
    private static void CheckWhole(JsonElement value, JsonElement schema, string path, List<string> problems)
    {
        Check(value, schema, path, problems);
        var known = new HashSet<string>(StringComparer.Ordinal);
        Collect(schema, known);
        if (known.Count > 0 && value.ValueKind == JsonValueKind.Object)
            problems.AddRange(value.EnumerateObject().Where(field => !known.Contains(field.Name)).Select(field => $"{path}.{field.Name} is not described."));
    }

    private static bool Fits(JsonElement value, JsonElement schema, string path)
    {
        var problems = new List<string>();
        Check(value, schema, path, problems);
        return problems.Count == 0;
    }

    private static void CheckType(JsonElement value, JsonElement type, string path, List<string> problems)
    {
        string[] names = type.ValueKind == JsonValueKind.Array ? [.. type.EnumerateArray().Select(name => name.GetString()!)] : [type.GetString()!];
        bool fits = value.ValueKind switch
        {
            JsonValueKind.Object => names.Contains("object"),
            JsonValueKind.Array => names.Contains("array"),
            JsonValueKind.String => names.Contains("string"),
            JsonValueKind.Number => names.Contains("number") || (names.Contains("integer") && value.TryGetInt64(out _)),
            JsonValueKind.Null => names.Contains("null"),
            _ => names.Contains("boolean"),
        };
        if (!fits)
            problems.Add($"{path} is {value}, no {string.Join(" or ", names)}.");
    }

    private static void Collect(JsonElement schema, HashSet<string> known)
    {
        if (schema.TryGetProperty("$ref", out JsonElement reference))
            Collect(Shape(reference.GetString()![("#/$defs/".Length)..]), known);
        if (schema.TryGetProperty("allOf", out JsonElement parts))
        {
            foreach (JsonElement part in parts.EnumerateArray())
                Collect(part, known);
        }

        if (schema.TryGetProperty("properties", out JsonElement properties))
            known.UnionWith(properties.EnumerateObject().Select(property => property.Name));
    }
}
