using Microsoft.Extensions.AI;
using PaliSharp.Conversations;
using PaliSharp.Generation;
using Xunit;

namespace PaliSharp.Extensions.AI.Tests;

[Collection(ModelCollection.Name)]
public sealed class ChatClientTests(ModelFixture fixture)
{
    private IChatClient Client => fixture.Model.AsChatClient();

    private static ChatMessage User(params AIContent[] contents) => new(ChatRole.User, [.. contents]);

    private static ChatMessage Ask(string prompt) => User(new DataContent(ModelFixture.Ring, "image/png"), new TextContent(prompt));

    [Fact]
    public async Task A_picture_and_a_prompt_get_the_models_own_answer()
    {
        ChatResponse response = await Client.GetResponseAsync([Ask("caption en")]);
        GenerationResult direct = await fixture.Model.GenerateAsync(ModelFixture.RingImage, "caption en");
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Equal("nano", response.ModelId);
        Assert.Equal(direct.PromptTokens + direct.ImageTokens, response.Usage!.InputTokenCount);
        Assert.Equal(direct.Text, response.Text);
        Assert.Equal(direct.Tokens.Count, response.Usage.OutputTokenCount);
        Assert.Equal(direct.ImageTokens, response.Usage.AdditionalCounts!["image_tokens"]);
        Assert.Equal(direct.Text, Assert.IsType<GenerationResult>(response.RawRepresentation).Text);
    }

    [Fact]
    public async Task Streamed_updates_join_to_the_answer()
    {
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in Client.GetStreamingResponseAsync([Ask("caption en")]))
            updates.Add(update);
        Assert.True(updates.Count > 3);
        Assert.Equal(await fixture.AnswerAsync("caption en"), string.Concat(updates.Select(update => update.Text)));
        ChatResponse joined = updates.ToChatResponse();
        Assert.Equal(await fixture.AnswerAsync("caption en"), joined.Text);
        Assert.Equal(ChatFinishReason.Stop, joined.FinishReason);
        Assert.True(joined.Usage!.OutputTokenCount > 0);
        Assert.Single(joined.Messages);
    }

    [Fact]
    public async Task Pictures_behind_a_uri_are_refused_unless_somebody_fetches_them()
    {
        ChatMessage message = User(new UriContent("https://example.org/ring.png", "image/png"), new TextContent("caption en"));
        PromptException refused = await Assert.ThrowsAsync<PromptException>(() => Client.GetResponseAsync([message]));
        Assert.Contains("FetchPicture", refused.Message, StringComparison.Ordinal);
        Uri? asked = null;
        IChatClient fetching = fixture.Model.AsChatClient(new PaliSharpChatOptions
        {
            FetchPicture = (uri, _) =>
            {
                asked = uri;
                return Task.FromResult<ReadOnlyMemory<byte>>(ModelFixture.Ring);
            },
        });
        Assert.Equal(await fixture.AnswerAsync("caption en"), (await fetching.GetResponseAsync([message])).Text);
        Assert.Equal("https://example.org/ring.png", asked!.ToString());
    }

    [Fact]
    public async Task Several_pictures_are_all_seen()
    {
        ChatResponse response = await Client.GetResponseAsync(
            [User(new DataContent(ModelFixture.Ring, "image/png"), new DataContent(ModelFixture.Ring, "application/octet-stream"), new TextContent("caption en"))],
            new ChatOptions { MaxOutputTokens = 3 });
        Assert.Equal(2 * fixture.Model.Config.ImageTokens, response.Usage!.AdditionalCounts!["image_tokens"]);
        Assert.Equal(ChatFinishReason.Length, response.FinishReason);
    }

    [Fact]
    public async Task Options_are_mapped()
    {
        var options = new ChatOptions
        {
            Temperature = 1.5f,
            TopP = 0.9f,
            TopK = 40,
            Seed = 11,
            MaxOutputTokens = 8,
            StopSequences = ["background"],
            AdditionalProperties = new AdditionalPropertiesDictionary { ["min_p"] = 0.01 },
            ModelId = "nano",
            ToolMode = ChatToolMode.Auto,
            ResponseFormat = ChatResponseFormat.Text,
        };
        GenerationResult direct = await fixture.Model.GenerateAsync(ModelFixture.RingImage, "caption en", new GenerationOptions
        {
            MaxNewTokens = 8,
            StopStrings = ["background"],
            Sampling = new SamplingOptions { Temperature = 1.5f, TopP = 0.9f, TopK = 40, Seed = 11, MinP = 0.01 },
        });
        Assert.Equal(direct.Text, (await Client.GetResponseAsync([Ask("caption en")], options)).Text);
        ChatResponse constrained = await Client.GetResponseAsync([Ask("answer en what color is the ring?")], new ChatOptions
        {
            RawRepresentationFactory = _ => new GenerationOptions { Constraint = TokenConstraints.OneOf(fixture.Model.Tokenizer!, ["blue", "green"]) },
        });
        Assert.Contains(constrained.Text, (string[])["blue", "green"]);
    }

    [Fact]
    public async Task Options_that_cannot_be_honoured_are_refused()
    {
        ChatOptions[] wrong =
        [
            new() { ModelId = "gpt" },
            new() { ConversationId = "c" },
            new() { FrequencyPenalty = 1 },
            new() { PresencePenalty = 1 },
            new() { Tools = [AIFunctionFactory()] },
            new() { ToolMode = ChatToolMode.RequireAny },
            new() { ResponseFormat = ChatResponseFormat.Json },
            new() { Reasoning = new ReasoningOptions { Effort = ReasoningEffort.High } },
            new() { AdditionalProperties = new AdditionalPropertiesDictionary { ["logit_bias"] = 1 } },
            new() { AdditionalProperties = new AdditionalPropertiesDictionary { ["min_p"] = "much" } },
            new() { RawRepresentationFactory = _ => "nonsense" },
            new() { Temperature = -1 },
            new() { TopP = 7 },
            new() { MaxOutputTokens = 0 },
        ];
        foreach (ChatOptions options in wrong)
            await Assert.ThrowsAnyAsync<ArgumentException>(() => Client.GetResponseAsync([Ask("caption en")], options));

        static AITool AIFunctionFactory() => new HostedCodeInterpreterTool();
    }

    [Fact]
    public async Task Contents_that_cannot_be_seen_are_refused()
    {
        ChatMessage[] wrong =
        [
            User(new DataContent(new byte[] { 1 }, "audio/wav"), new TextContent("caption en")),
            User(new UriContent("https://example.org/a.pdf", "application/pdf"), new TextContent("caption en")),
            User(new FunctionCallContent("id", "name"), new TextContent("caption en")),
            new(ChatRole.Tool, "result"),
            new(ChatRole.System, [new DataContent(ModelFixture.Ring, "image/png")]),
            new(ChatRole.User, ""),
        ];
        foreach (ChatMessage message in wrong)
            await Assert.ThrowsAnyAsync<PromptException>(() => Client.GetResponseAsync([message]));
        await Assert.ThrowsAsync<ImageFormatException>(() => Client.GetResponseAsync([User(new DataContent(new byte[] { 1, 2, 3 }, "image/png"), new TextContent("caption en"))]));
    }

    [Fact]
    public async Task System_messages_hold_tasks_and_history_is_refused_or_told()
    {
        string color = await fixture.AnswerAsync("answer en what color is the ring?");
        ChatResponse answer = await Client.GetResponseAsync([new(ChatRole.System, "answer en"), Ask("what color is the ring?")]);
        Assert.Equal(color, answer.Text);
        ChatResponse same = await Client.GetResponseAsync([Ask("what color is the ring?")], new ChatOptions { Instructions = "answer en" });
        Assert.Equal(color, same.Text);
        ConversationException pirate = await Assert.ThrowsAsync<ConversationException>(
            () => Client.GetResponseAsync([new(ChatRole.System, "You are a pirate."), Ask("caption en")]));
        Assert.Equal((ConversationProblem.Instructions, 0), (pirate.Problem, pirate.Turn));
        ChatMessage[] history = [Ask("caption en"), new(ChatRole.Assistant, "a ring"), User(new TextContent("answer en what color is the ring?"))];
        ConversationException refused = await Assert.ThrowsAsync<ConversationException>(() => Client.GetResponseAsync(history));
        Assert.Equal(ConversationProblem.EarlierTurns, refused.Problem);
        ChatResponse last = await fixture.Model.AsChatClient(new PaliSharpChatOptions { History = ConversationHistory.LastMessage }).GetResponseAsync(history);
        Assert.Equal(color, last.Text);
        Assert.Equal(2, Assert.IsAssignableFrom<IReadOnlyList<string>>(last.AdditionalProperties!["warnings"]).Count);
    }

    [Fact]
    public async Task Cancelling_stops_the_answer()
    {
        using var cancelled = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (ChatResponseUpdate update in Client.GetStreamingResponseAsync([Ask("describe en")], cancellationToken: cancelled.Token))
                await cancelled.CancelAsync();
        });
        Assert.Equal(await fixture.AnswerAsync("caption en"), (await Client.GetResponseAsync([Ask("caption en")])).Text);
    }

    [Fact]
    public void Services_behind_the_client_can_be_had()
    {
        IChatClient client = Client;
        Assert.Same(fixture.Model, client.GetService<PaliGemma>());
        Assert.Equal("palisharp", client.GetService<ChatClientMetadata>()!.ProviderName);
        Assert.Same(client, client.GetService<IChatClient>());
        Assert.Null(client.GetService(typeof(string)));
    }
}
