using System.Text.Json;
using PaliSharp.Server.Errors;
using PaliSharp.Server.Pictures;

namespace PaliSharp.Server.OpenAI;

/// <summary>What the model is asked: a prompt and pictures.</summary>
/// <param name="Prompt">The text the model sees.</param>
/// <param name="Pictures">The pictures, in order; all of them stand before the text.</param>
/// <param name="Warnings">What of the conversation the model does not see.</param>
internal sealed record Question(string Prompt, IReadOnlyList<PictureSource> Pictures, IReadOnlyList<string> Warnings);

/// <summary>
/// Makes a question of a conversation. The model has had no chat training: it sees pictures, then one prompt. So the message of the user is the
/// prompt as it stands; a system message may hold a task the prompt begins with; earlier turns are refused, or left out with a warning.
/// </summary>
internal sealed class Conversation(PictureReader pictures, ConversationHistory history)
{
    private const string HistoryWarning = "The model cannot see earlier turns: only the last message was answered.";
    private const string PictureWarning = "The last message has no picture; the latest one before it was used.";

    /// <summary>Reads a conversation.</summary>
    /// <exception cref="ApiException">The model cannot be asked that.</exception>
    public Question Read(IReadOnlyList<ChatMessage>? messages)
    {
        if (messages is null or { Count: 0 })
            throw ApiException.InvalidValue("messages", "There is no message. Send one of the role 'user' with the prompt and the picture.");
        var task = new List<string>();
        var turns = new List<Turn>();
        for (int i = 0; i < messages.Count; i++)
        {
            string param = $"messages[{i}]";
            ChatMessage message = messages[i] ?? throw ApiException.InvalidValue(param, $"{param} is null.");
            ForeignFields.CheckMessage(message.Other, param);
            switch (message.Role)
            {
                case "system" or "developer":
                    AddTask(task, message, param);
                    break;
                case "user" or "assistant":
                    turns.Add(ReadTurn(message, param));
                    break;
                case "tool" or "function":
                    throw ApiException.Unsupported($"{param}.role", "The model cannot call tools, so there are no answers of tools.");
                default:
                    throw ApiException.InvalidValue($"{param}.role", $"The role is '{Shown.Text(message.Role ?? "null")}'; expected system, user or assistant.");
            }
        }

        (Turn last, List<string> warnings) = Choose(turns);
        pictures.CheckCount(last.Pictures.Count, "messages");
        return new Question(Join(task, last.Text), last.Pictures, warnings);
    }

    // The words of a system message stand before the prompt, where the model has been trained to see its task; anything else it cannot follow.
    private static void AddTask(List<string> task, ChatMessage message, string param)
    {
        string text = PartsOf(message, param, (_, partParam) => throw ApiException.Unsupported(partParam, "A system message holds text only.")).Trim();
        if (text.Length == 0)
            return;
        if (!TaskWords.IsTask(text))
        {
            throw ApiException.BadRequest(
                "unsupported_system_message",
                "The model has not been trained to follow instructions, so it cannot heed this system message. Leave it out, or send a task the prompt is to "
                    + $"begin with, such as {TaskWords.Examples}.",
                param);
        }

        task.Add(text);
    }

    private static string Join(List<string> task, string text) =>
        task.Count == 0 ? text : string.Join(' ', (string[])[.. task, .. text.Length == 0 ? Array.Empty<string>() : [text]]);

    private static string PartsOf(ChatMessage message, string param, Action<JsonElement, string> onPicture)
    {
        if (message.Content is not { } content || content.ValueKind == JsonValueKind.Null)
            return string.Empty;
        if (content.ValueKind == JsonValueKind.String)
            return JsonText.Of(content, $"{param}.content");
        if (content.ValueKind != JsonValueKind.Array)
            throw ApiException.InvalidValue($"{param}.content", "The content is neither a text nor a list of parts.");
        var texts = new List<string>();
        int index = 0;
        foreach (JsonElement part in content.EnumerateArray())
        {
            string partParam = $"{param}.content[{index++}]";
            switch (Text(part, "type", partParam))
            {
                case "text":
                    texts.Add(Text(part, "text", partParam));
                    break;
                case "image_url":
                    onPicture(part, partParam);
                    break;
                case var other:
                    throw ApiException.Unsupported($"{partParam}.type", $"A part of the type '{Shown.Text(other)}' cannot be given to the model. Parts are text or image_url.");
            }
        }

        return string.Join(' ', texts.Where(text => text.Length > 0));
    }

    private static string Text(JsonElement part, string name, string param) =>
        part.ValueKind == JsonValueKind.Object && part.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? JsonText.Of(value, $"{param}.{name}")
            : throw ApiException.InvalidValue($"{param}.{name}", $"The part has no text '{name}'.");

    private Turn ReadTurn(ChatMessage message, string param)
    {
        var found = new List<PictureSource>();
        string text = PartsOf(message, param, (part, partParam) =>
        {
            pictures.CheckCount(found.Count + 1, partParam);
            found.Add(ReadPicture(part, partParam, found.Count));
        });
        return new Turn(message.Role == "user", text, found);
    }

    private PictureSource ReadPicture(JsonElement part, string param, int index)
    {
        if (!part.TryGetProperty("image_url", out JsonElement image))
            throw ApiException.InvalidValue($"{param}.image_url", "The part has no image_url.");
        if (image.ValueKind == JsonValueKind.String)
            return pictures.Parse(JsonText.Of(image, param), $"{param}.image_url", $"image{index}");
        if (image.ValueKind != JsonValueKind.Object)
            throw ApiException.InvalidValue($"{param}.image_url", "image_url is not an object with a url.");
        foreach (JsonProperty property in image.EnumerateObject())
        {
            // The model has one resolution: 'detail' changes nothing.
            if (property.Name is not ("url" or "detail"))
                throw ApiException.UnknownField($"{param}.image_url.{Shown.Text(property.Name)}", "image_url");
        }

        return pictures.Parse(Text(image, "url", $"{param}.image_url"), $"{param}.image_url.url", $"image{index}");
    }

    private (Turn Turn, List<string> Warnings) Choose(List<Turn> turns)
    {
        if (turns.Count == 0)
            throw ApiException.InvalidValue("messages", "There is no message of the role 'user'. Send one with the prompt and the picture.");
        Turn last = turns[^1];
        if (!last.IsUser)
            throw ApiException.Unsupported("messages", "The last message is not the user's, and the model cannot go on with an answer of its own. End with a message of the role 'user'.");
        if (turns.Count == 1)
            return (last, []);

        // Pictures sent ahead of the prompt are one turn with it.
        if (turns.TrueForAll(turn => turn.IsUser) && turns[..^1].TrueForAll(turn => turn.Text.Length == 0))
            return (last with { Pictures = [.. turns.SelectMany(turn => turn.Pictures)] }, []);
        if (history == ConversationHistory.Refuse)
        {
            throw ApiException.BadRequest(
                "unsupported_conversation",
                "The model answers single questions and cannot take earlier turns into account. Send one message of the user with the prompt and its picture; "
                    + "or let the server answer the last message alone (--history last).",
                "messages");
        }

        var warnings = new List<string> { HistoryWarning };
        if (last.Pictures.Count > 0 || turns.FindLast(turn => turn.IsUser && turn.Pictures.Count > 0) is not { } earlier)
            return (last, warnings);
        warnings.Add(PictureWarning);
        return (last with { Pictures = earlier.Pictures }, warnings);
    }

    private sealed record Turn(bool IsUser, string Text, IReadOnlyList<PictureSource> Pictures);
}
