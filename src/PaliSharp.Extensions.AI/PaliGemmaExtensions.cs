using Microsoft.Extensions.AI;

namespace PaliSharp.Extensions.AI;

/// <summary>Turns a model into a chat client.</summary>
public static class PaliGemmaExtensions
{
    /// <summary>The model as a chat client.</summary>
    /// <param name="model">The model; the client does not dispose it.</param>
    /// <param name="options">How conversations and pictures are treated; null for the defaults.</param>
    /// <example>
    /// <code>
    /// IChatClient client = model.AsChatClient();
    /// ChatMessage question = new(ChatRole.User, [new DataContent(bytes, "image/png"), new TextContent("caption en")]);
    /// ChatResponse answer = await client.GetResponseAsync([question]);
    /// </code>
    /// </example>
    public static IChatClient AsChatClient(this PaliGemma model, PaliSharpChatOptions? options = null) => new PaliSharpChatClient(model, options);
}
