using System.Text.Json;
using PaliSharp.Conversations;
using PaliSharp.Server.Errors;
using PaliSharp.Server.Pictures;

namespace PaliSharp.Server.OpenAI;

/// <summary>Reads the messages of a chat request and makes a question of them.</summary>
internal sealed class ChatMessages(PictureReader pictures, ConversationHistory history)
{
    /// <summary>Reads messages.</summary>
    /// <exception cref="ApiException">The model cannot be asked that.</exception>
    public Question<PictureSource> Read(IReadOnlyList<ChatMessage>? messages)
    {
        if (messages is null or { Count: 0 })
            throw ApiException.InvalidValue("messages", "There is no message. Send one of the role 'user' with the prompt and the picture.");
        Turn<PictureSource>[] turns = [.. messages.Select((message, i) => ReadTurn(message, $"messages[{i}]"))];
        try
        {
            Question<PictureSource> question = Conversation.Ask(turns, history);
            pictures.CheckCount(question.Pictures.Count, "messages");
            return question;
        }
        catch (ConversationException exception)
        {
            throw ApiException.BadRequest(
                CodeOf(exception.Problem), exception.Message, exception.Turn is { } turn ? $"messages[{turn}]" : "messages", exception);
        }
    }

    private static string CodeOf(ConversationProblem problem) => problem switch
    {
        ConversationProblem.Instructions => "unsupported_system_message",
        ConversationProblem.EarlierTurns => "unsupported_conversation",
        ConversationProblem.Continuation => "unsupported_value",
        _ => "invalid_value",
    };

    private static string Text(JsonElement part, string name, string param) =>
        part.ValueKind == JsonValueKind.Object && part.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? JsonText.Of(value, $"{param}.{name}")
            : throw ApiException.InvalidValue($"{param}.{name}", $"The part has no text '{name}'.");

    private Turn<PictureSource> ReadTurn(ChatMessage message, string param)
    {
        if (message is null)
            throw ApiException.InvalidValue(param, $"{param} is null.");
        ForeignFields.CheckMessage(message.Other, param);
        TurnRole role = message.Role switch
        {
            "system" or "developer" => TurnRole.System,
            "user" => TurnRole.User,
            "assistant" => TurnRole.Assistant,
            "tool" or "function" => throw ApiException.Unsupported($"{param}.role", "The model cannot call tools, so there are no answers of tools."),
            var other => throw ApiException.InvalidValue($"{param}.role", $"The role is '{Shown.Text(other ?? "null")}'; expected system, user or assistant."),
        };
        var found = new List<PictureSource>();
        string text = message.Content switch
        {
            null or { ValueKind: JsonValueKind.Null } => string.Empty,
            { ValueKind: JsonValueKind.String } content => JsonText.Of(content, $"{param}.content"),
            { ValueKind: JsonValueKind.Array } content => ReadParts(content, $"{param}.content", found),
            _ => throw ApiException.InvalidValue($"{param}.content", "The content is neither a text nor a list of parts."),
        };
        return role == TurnRole.User || found.Count == 0
            ? new Turn<PictureSource>(role, text, found)
            : throw ApiException.Unsupported($"{param}.content", "Pictures belong to messages of the user.");
    }

    private string ReadParts(JsonElement content, string contentParam, List<PictureSource> found)
    {
        var texts = new List<string>();
        int index = 0;
        foreach (JsonElement part in content.EnumerateArray())
        {
            string param = $"{contentParam}[{index++}]";
            switch (Text(part, "type", param))
            {
                case "text":
                    texts.Add(Text(part, "text", param));
                    break;
                case "image_url":
                    pictures.CheckCount(found.Count + 1, param);
                    found.Add(ReadPicture(part, param, found.Count));
                    break;
                case var other:
                    throw ApiException.Unsupported(
                        $"{param}.type", $"A part of the type '{Shown.Text(other)}' cannot be given to the model. Parts are text or image_url.");
            }
        }

        return string.Join(' ', texts.Where(text => text.Length > 0));
    }

    private PictureSource ReadPicture(JsonElement part, string param, int index)
    {
        param += ".image_url";
        if (!part.TryGetProperty("image_url", out JsonElement image))
            throw ApiException.InvalidValue(param, "The part has no image_url.");
        if (image.ValueKind == JsonValueKind.String)
            return pictures.Parse(JsonText.Of(image, param), param, $"image{index}");
        if (image.ValueKind != JsonValueKind.Object)
            throw ApiException.InvalidValue(param, "image_url is not an object with a url.");
        foreach (JsonProperty property in image.EnumerateObject())
        {
            // The model has one resolution: 'detail' changes nothing.
            if (property.Name is not ("url" or "detail"))
                throw ApiException.UnknownField($"{param}.{Shown.Text(property.Name)}", "image_url");
        }

        return pictures.Parse(Text(image, "url", param), $"{param}.url", $"image{index}");
    }
}
