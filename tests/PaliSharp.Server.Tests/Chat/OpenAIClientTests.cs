using System.ClientModel;
using System.Text;
using OpenAI.Chat;
using PaliSharp.Server.Tests.Support;
using Xunit;

namespace PaliSharp.Server.Tests.Chat;

/// <summary>The official OpenAI client for .NET talks to the server.</summary>
[Collection(ServerCollection.Name)]
public sealed class OpenAIClientTests(ServerFixture fixture)
{
    private const string Ring = "orange-ring.png";

    private ChatClient Client => new(
        TestServer.ModelName,
        new ApiKeyCredential("not-needed"),
        new global::OpenAI.OpenAIClientOptions { Endpoint = new Uri(fixture.Server.Address, "/v1"), RetryPolicy = new System.ClientModel.Primitives.ClientRetryPolicy(0) });

    private static UserChatMessage Ask(string prompt) => new(
        ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(Sample.Bytes(Ring)), "image/png"), ChatMessageContentPart.CreateTextPart(prompt));

    [Fact]
    public async Task Plain_text_and_pictures()
    {
        ChatCompletion answer = await Client.CompleteChatAsync([Ask("caption en")]);
        Assert.Equal(await fixture.AnswerAsync("caption en", Ring), answer.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Assert.Equal(answer.Usage.InputTokenCount + answer.Usage.OutputTokenCount, answer.Usage.TotalTokenCount);
        Assert.True(answer.Usage.InputTokenCount > fixture.Model.Config.ImageTokens);
        ChatCompletion text = await Client.CompleteChatAsync([new UserChatMessage("caption en")], new ChatCompletionOptions { MaxOutputTokenCount = 3 });
        Assert.Equal(ChatFinishReason.Length, text.FinishReason);
        ChatCompletion task = await Client.CompleteChatAsync([new SystemChatMessage("answer en"), Ask("what color is the ring?")]);
        Assert.Equal(await fixture.AnswerAsync("answer en what color is the ring?", Ring), task.Content[0].Text);
    }

    [Fact]
    public async Task Streaming()
    {
        var text = new StringBuilder();
        int pieces = 0;
        ChatFinishReason? reason = null;
        await foreach (StreamingChatCompletionUpdate update in Client.CompleteChatStreamingAsync([Ask("caption en")]))
        {
            foreach (ChatMessageContentPart part in update.ContentUpdate)
                text.Append(part.Text);
            pieces += update.ContentUpdate.Count;
            reason ??= update.FinishReason;
        }

        Assert.Equal(await fixture.AnswerAsync("caption en", Ring), text.ToString());
        Assert.True(pieces > 3);
        Assert.Equal(ChatFinishReason.Stop, reason);
    }

    [Fact]
    public async Task Log_probabilities()
    {
        ChatCompletion answer = await Client.CompleteChatAsync([Ask("caption en")], new ChatCompletionOptions { IncludeLogProbabilities = true, TopLogProbabilityCount = 2 });
        Assert.Equal(await fixture.AnswerAsync("caption en", Ring), string.Concat(answer.ContentTokenLogProbabilities.Select(token => token.Token)));
        Assert.All(answer.ContentTokenLogProbabilities, token => Assert.Equal(2, token.TopLogProbabilities.Count));
        List<ChatTokenLogProbabilityDetails> streamed = [];
        await foreach (StreamingChatCompletionUpdate update in Client.CompleteChatStreamingAsync([Ask("caption en")], new ChatCompletionOptions { IncludeLogProbabilities = true }))
            streamed.AddRange(update.ContentTokenLogProbabilities);
        Assert.Equal(answer.ContentTokenLogProbabilities.Select(token => token.Token), streamed.Select(token => token.Token));
    }

    [Fact]
    public async Task Answers_held_to_a_schema()
    {
        var options = new ChatCompletionOptions
        {
            ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat(
                "color",
                BinaryData.FromString("""{"type": "object", "properties": {"color": {"enum": ["orange", "blue"]}}, "required": ["color"], "additionalProperties": false}"""),
                jsonSchemaIsStrict: true),
        };
        ChatCompletion answer = await Client.CompleteChatAsync([Ask("answer en what color is the ring?")], options);
        Assert.Equal(System.Text.Json.JsonValueKind.Object, System.Text.Json.JsonDocument.Parse(answer.Content[0].Text).RootElement.ValueKind);
    }

    [Fact]
    public async Task Errors_arrive_as_the_clients_exceptions()
    {
        ClientResultException refused = await Assert.ThrowsAsync<ClientResultException>(
            () => Client.CompleteChatAsync([Ask("caption en")], new ChatCompletionOptions { Tools = { ChatTool.CreateFunctionTool("f") } }));
        Assert.Equal(400, refused.Status);
        Assert.Contains("cannot call tools", refused.Message, StringComparison.Ordinal);
        ChatClient unknown = new("none", new ApiKeyCredential("x"), new global::OpenAI.OpenAIClientOptions { Endpoint = new Uri(fixture.Server.Address, "/v1") });
        Assert.Equal(404, (await Assert.ThrowsAsync<ClientResultException>(() => unknown.CompleteChatAsync([Ask("caption en")]))).Status);
    }

    [Fact]
    public async Task Cancellation()
    {
        using var cancelled = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            var options = new ChatCompletionOptions { Temperature = 2, MaxOutputTokenCount = 2000 };
            await foreach (StreamingChatCompletionUpdate update in Client.CompleteChatStreamingAsync([Ask("describe en")], options, cancelled.Token))
                await cancelled.CancelAsync();
            cancelled.Token.ThrowIfCancellationRequested();
        });
        await Eventually.HoldsAsync(() => fixture.Model.GetStatistics().Running == 0);
    }

    [Fact]
    public async Task Models()
    {
        var client = new global::OpenAI.Models.OpenAIModelClient(new ApiKeyCredential("x"), new global::OpenAI.OpenAIClientOptions { Endpoint = new Uri(fixture.Server.Address, "/v1") });
        Assert.Equal(["nano", "second"], (await client.GetModelsAsync()).Value.Select(model => model.Id));
    }
}
