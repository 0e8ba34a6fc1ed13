using Microsoft.Extensions.AI;
using PaliSharp.Conversations;
using PaliSharp.Imaging;

namespace PaliSharp.Extensions.AI;

/// <summary>Makes a question of chat messages, and pictures of their contents.</summary>
internal sealed class MessageReader(PaliSharpChatOptions options)
{
    /// <summary>Makes a question.</summary>
    /// <param name="messages">The messages.</param>
    /// <param name="instructions">A system message beside them; null for none.</param>
    /// <param name="history">What becomes of earlier turns.</param>
    /// <exception cref="PromptException">The model cannot be asked that.</exception>
    public static Question<AIContent> Ask(IEnumerable<ChatMessage> messages, string? instructions, ConversationHistory history)
    {
        var turns = new List<Turn<AIContent>>();
        if (!string.IsNullOrWhiteSpace(instructions))
            turns.Add(new Turn<AIContent>(TurnRole.System, instructions, []));
        turns.AddRange(messages.Select(ReadTurn));
        return Conversation.Ask(turns, history);
    }

    /// <summary>Gets and decodes pictures.</summary>
    /// <param name="contents">The contents that hold or name them.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="PromptException">A picture is named by a URI, and those are not fetched.</exception>
    /// <exception cref="ImageFormatException">A picture cannot be decoded.</exception>
    public async Task<IReadOnlyList<Image>> ReadPicturesAsync(IReadOnlyList<AIContent> contents, CancellationToken cancellationToken)
    {
        var pictures = new Image[contents.Count];
        for (int i = 0; i < pictures.Length; i++)
        {
            ReadOnlyMemory<byte> data = contents[i] is DataContent held
                ? held.Data
                : await FetchAsync(((UriContent)contents[i]).Uri, cancellationToken).ConfigureAwait(false);
            pictures[i] = await Task.Run(() => Image.Decode(data, options.Decoder), cancellationToken).ConfigureAwait(false);
        }

        return pictures;
    }

    private static Turn<AIContent> ReadTurn(ChatMessage message)
    {
        TurnRole role = message.Role == ChatRole.System ? TurnRole.System
            : message.Role == ChatRole.User ? TurnRole.User
            : message.Role == ChatRole.Assistant ? TurnRole.Assistant
            : throw new PromptException(
                $"A message has the role '{message.Role}'. The model takes messages of system, user and assistant; it cannot call tools.");
        var texts = new List<string>();
        var pictures = new List<AIContent>();
        foreach (AIContent content in message.Contents)
        {
            switch (content)
            {
                case TextContent text:
                    texts.Add(text.Text);
                    break;
                case DataContent data when IsPicture(data.MediaType):
                case UriContent uri when IsPicture(uri.MediaType):
                    pictures.Add(content);
                    break;
                case DataContent data:
                    throw new PromptException($"A content has the media type '{data.MediaType}'. The model takes pictures (image/*) and text.");
                case UriContent uri:
                    throw new PromptException($"A content has the media type '{uri.MediaType}'. The model takes pictures (image/*) and text.");
                default:
                    throw new PromptException($"A message holds a {content.GetType().Name}, which the model cannot be given. It takes text and pictures.");
            }
        }

        return role == TurnRole.User || pictures.Count == 0
            ? new Turn<AIContent>(role, string.Join(' ', texts.Where(text => text.Length > 0)), pictures)
            : throw new PromptException($"A message of the role '{message.Role}' holds a picture. Pictures belong to messages of the user.");
    }

    // What is in the data decides; a type that says nothing is let through to the decoder.
    private static bool IsPicture(string mediaType) =>
        mediaType.StartsWith("image/", StringComparison.OrdinalIgnoreCase) || mediaType.Equals("application/octet-stream", StringComparison.OrdinalIgnoreCase);

    private async Task<ReadOnlyMemory<byte>> FetchAsync(Uri uri, CancellationToken cancellationToken)
    {
        if (uri.Scheme == "data")
            return new DataContent(uri).Data;
        return options.FetchPicture is { } fetch
            ? await fetch(uri, cancellationToken).ConfigureAwait(false)
            : throw new PromptException(
                $"A picture is named by the URI of the host '{uri.Host}', and pictures are not fetched. "
                + "Send it as DataContent, or set PaliSharpChatOptions.FetchPicture.");
    }
}
