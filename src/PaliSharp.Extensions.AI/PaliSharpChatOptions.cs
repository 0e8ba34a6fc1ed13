using PaliSharp.Conversations;
using PaliSharp.Imaging;

namespace PaliSharp.Extensions.AI;

/// <summary>How a <see cref="PaliSharpChatClient"/> treats conversations and pictures.</summary>
public sealed record PaliSharpChatOptions
{
    /// <summary>The name the client gives its model, and the only <c>ModelId</c> it accepts; null for the name of the checkpoint's folder.</summary>
    public string? ModelId { get; init; }

    /// <summary>What becomes of conversations with earlier turns, which the model cannot take into account; refused by default.</summary>
    public ConversationHistory History { get; init; }

    /// <summary>The most tokens of an answer unless <c>ChatOptions.MaxOutputTokens</c> says otherwise, at least 1.</summary>
    public int DefaultMaxTokens { get; init; } = 256;

    /// <summary>Limits of the pictures that are decoded.</summary>
    public ImageDecoderOptions Decoder { get; init; } = new();

    /// <summary>
    /// Gets the picture a <c>UriContent</c> names: the encoded file. Null, the default, refuses such contents, because a program that fetches what
    /// its users name reaches into its own network; whoever sets it decides which addresses are safe.
    /// </summary>
    public Func<Uri, CancellationToken, Task<ReadOnlyMemory<byte>>>? FetchPicture { get; init; }
}
