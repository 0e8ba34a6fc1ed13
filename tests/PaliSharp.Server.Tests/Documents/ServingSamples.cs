using System.ClientModel;
using Microsoft.AspNetCore.Builder;
using OpenAI;
using OpenAI.Chat;

namespace PaliSharp.Server.Tests.Documents;

/// <summary>The C# of <c>docs/serving.md</c> that stands in none of the samples: every block there stands here, is compiled, and run where it ends.</summary>
internal static class ServingSamples
{
    public static async Task<string> AskAsync(Uri server, byte[] picture)
    {
        var client = new ChatClient("paligemma-nano", new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = server });
        ChatCompletion answer = await client.CompleteChatAsync([new UserChatMessage(
            ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(picture), "image/png"),
            ChatMessageContentPart.CreateTextPart("caption en"))]);
        return answer.Content[0].Text;
    }

    public static async Task ServeAsync(ServerOptions options)
    {
        await using WebApplication server = PaliSharpServer.Create(options);
        await server.RunAsync();
    }
}
