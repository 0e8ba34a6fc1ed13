using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using PaliSharp.Server.Errors;
using PaliSharp.Server.Hosting;

namespace PaliSharp.Server.Vision;

/// <summary>A request within a batch.</summary>
/// <param name="Id">What the caller named it; its place otherwise.</param>
/// <param name="Task">The task.</param>
/// <param name="Fields">The fields of the task.</param>
internal sealed record BatchItem(string Id, string Task, JsonElement Fields)
{
    private const string Requests = "requests";
    private const int MaximumIdLength = 256;

    /// <summary>Reads the items of a batch.</summary>
    /// <param name="body">The body.</param>
    /// <param name="maximum">The most items.</param>
    /// <exception cref="ApiException">It is no list of requests, or too long.</exception>
    public static IReadOnlyList<BatchItem> Read(JsonElement body, int maximum)
    {
        if (body.ValueKind != JsonValueKind.Object || !body.TryGetProperty(Requests, out JsonElement requests) || requests.ValueKind != JsonValueKind.Array)
            throw ApiException.BadRequest(
                "missing_parameter", "'requests' is missing. Send a list such as [{\"task\": \"caption\", \"image\": \"data:…\"}].", Requests);
        foreach (JsonProperty property in body.EnumerateObject())
        {
            if (property.Name != Requests)
                throw ApiException.UnknownField(property.Name, "a batch");
        }

        int count = requests.GetArrayLength();
        if (count == 0 || count > maximum)
            throw ApiException.InvalidValue(Requests, $"There are {count} requests; expected 1 to {maximum}.");
        return [.. requests.EnumerateArray().Select(ReadItem)];
    }

    private static BatchItem ReadItem(JsonElement item, int index)
    {
        string param = $"{Requests}[{index}]";
        if (item.ValueKind != JsonValueKind.Object)
            throw ApiException.InvalidValue(param, $"{param} is not a JSON object.");
        string id = index.ToString(CultureInfo.InvariantCulture);
        string? task = null;
        var fields = new JsonObject();
        foreach (JsonProperty property in item.EnumerateObject())
        {
            switch (property.Name)
            {
                case "id":
                    id = Text(property.Value, $"{param}.id");
                    break;
                case "task":
                    task = Text(property.Value, $"{param}.task");
                    break;
                default:
                    fields[property.Name] = JsonNode.Parse(property.Value.GetRawText());
                    break;
            }
        }

        if (id.Length > MaximumIdLength)
            throw ApiException.InvalidValue($"{param}.id", $"The id is longer than {MaximumIdLength} characters.");
        return task is not null && VisionFields.IsTask(task)
            ? new BatchItem(id, task, JsonAnswer.ToElement(fields))
            : throw ApiException.InvalidValue(
                $"{param}.task", $"There is no task '{Shown.Text(task ?? "null")}'. Expected one of {string.Join(", ", VisionFields.Tasks)}.");
    }

    private static string Text(JsonElement value, string param) =>
        value.ValueKind == JsonValueKind.String ? JsonText.Of(value, param) : throw ApiException.InvalidValue(param, $"{param} is not a text.");
}
