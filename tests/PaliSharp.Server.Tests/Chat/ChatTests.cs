using System.Net;
using System.Text.Json;
using PaliSharp.Conversations;
using PaliSharp.Generation;
using PaliSharp.Server.Tests.Support;
using Xunit;

namespace PaliSharp.Server.Tests.Chat;

[Collection(ServerCollection.Name)]
public sealed class ChatTests(ServerFixture fixture)
{
    private const string Route = "/v1/chat/completions";
    private const string Ring = "orange-ring.png";

    private TestServer Server => fixture.Server;

    private Task<string> RingCaptionAsync() => fixture.AnswerAsync("caption en", Ring);

    [Fact]
    public async Task A_picture_and_a_prompt_get_the_models_own_answer()
    {
        Answer answer = await AskAsync(new { model = "nano", messages = (object[])[Sample.Message("caption en", Ring)] });
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        JsonElement json = answer.Json;
        Assert.Equal("chat.completion", json.GetProperty("object").GetString());
        Assert.Equal("nano", json.GetProperty("model").GetString());
        Assert.StartsWith("chatcmpl-", json.GetProperty("id").GetString(), StringComparison.Ordinal);
        JsonElement choice = Assert.Single(json.GetProperty("choices").EnumerateArray());
        Assert.Equal(await RingCaptionAsync(), choice.GetProperty("message").GetProperty("content").GetString());
        Assert.Equal("assistant", choice.GetProperty("message").GetProperty("role").GetString());
        Assert.Equal(JsonValueKind.Null, choice.GetProperty("message").GetProperty("refusal").ValueKind);
        Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
        Assert.StartsWith("req_", answer.Headers.GetValues("X-Request-Id").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Usage_counts_the_tokens_of_pictures_and_timings_add_up()
    {
        Answer answer = await AskAsync(new { messages = (object[])[Sample.Message("caption en", Ring, Ring)] });
        GenerationResult direct = await fixture.Model.GenerateAsync(new GenerationRequest("caption en", [Sample.Image(Ring), Sample.Image(Ring)]));
        JsonElement usage = answer.Json.GetProperty("usage");
        Assert.Equal(2 * fixture.Model.Config.ImageTokens, usage.GetProperty("prompt_tokens_details").GetProperty("image_tokens").GetInt32());
        Assert.Equal(direct.PromptTokens + direct.ImageTokens, usage.GetProperty("prompt_tokens").GetInt32());
        Assert.Equal(direct.Tokens.Count, usage.GetProperty("completion_tokens").GetInt32());
        Assert.Equal(usage.GetProperty("prompt_tokens").GetInt32() + usage.GetProperty("completion_tokens").GetInt32(), usage.GetProperty("total_tokens").GetInt32());
        JsonElement timings = answer.Json.GetProperty("timings");
        foreach (string name in (string[])["queue_ms", "picture_ms", "prompt_ms", "answer_ms", "first_token_ms", "total_ms", "answer_tokens_per_second"])
            Assert.True(timings.GetProperty(name).GetDouble() >= 0, name);
        Assert.True(timings.GetProperty("total_ms").GetDouble() > 0);
    }

    [Fact]
    public async Task The_text_alone_may_be_the_content()
    {
        Answer answer = await AskAsync(new { messages = (object[])[new { role = "user", content = "answer en how many?" }], max_tokens = 4 });
        GenerationResult direct = await fixture.Model.GenerateAsync(new GenerationRequest("answer en how many?", new GenerationOptions { MaxNewTokens = 4 }));
        Assert.Equal(direct.Text, ContentOf(answer));
        Assert.Equal(0, answer.Json.GetProperty("usage").GetProperty("prompt_tokens_details").GetProperty("image_tokens").GetInt32());
    }

    [Fact]
    public async Task A_task_in_a_system_message_begins_the_prompt()
    {
        Answer answer = await AskAsync(new
        {
            messages = (object[])[new { role = "system", content = "answer en" }, Sample.Message("what color is the ring?", Ring)],
        });
        GenerationResult direct = await fixture.Model.GenerateAsync(Sample.Image(Ring), "answer en what color is the ring?");
        Assert.Equal(direct.Text, ContentOf(answer));
    }

    [Fact]
    public async Task Pictures_sent_ahead_of_the_prompt_belong_to_it()
    {
        object ahead = new { role = "user", content = (object[])[new { type = "image_url", image_url = new { url = Sample.DataUrl(Ring), detail = "high" } }] };
        Answer answer = await AskAsync(new { messages = (object[])[ahead, new { role = "user", content = "caption en" }] });
        Assert.Equal(await RingCaptionAsync(), ContentOf(answer));
    }

    [Fact]
    public async Task The_limit_on_tokens_ends_the_answer_as_length()
    {
        foreach (string field in (string[])["max_tokens", "max_completion_tokens"])
        {
            Answer answer = await AskAsync(new Dictionary<string, object> { ["messages"] = (object[])[Sample.Message("caption en", Ring)], [field] = 2 });
            Assert.Equal("length", answer.Json.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
            Assert.Equal(2, answer.Json.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        }
    }

    [Fact]
    public async Task A_stop_text_ends_the_answer_before_it()
    {
        string caption = await RingCaptionAsync();
        string word = caption.Split(' ')[2];
        string before = caption[..caption.IndexOf($" {word}", StringComparison.Ordinal)];
        foreach (object stop in (object[])[$" {word}", (string[])["xyz", $" {word}"]])
        {
            Answer answer = await AskAsync(new { messages = (object[])[Sample.Message("caption en", Ring)], stop });
            Assert.Equal(before, ContentOf(answer));
            Assert.Equal("stop", answer.Json.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        }
    }

    [Fact]
    public async Task Log_probabilities_are_the_models_own()
    {
        Answer answer = await AskAsync(new { messages = (object[])[Sample.Message("caption en", Ring)], logprobs = true, top_logprobs = 3 });
        GenerationResult direct = await fixture.Model.GenerateAsync(Sample.Image(Ring), "caption en", new GenerationOptions { MaxNewTokens = 256, TopLogProbabilities = 3 });
        JsonElement[] content = [.. answer.Json.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content").EnumerateArray()];
        Assert.Equal(direct.Tokens.Count, content.Length);
        Assert.Equal(await RingCaptionAsync(), string.Concat(content.Select(token => token.GetProperty("token").GetString())));
        for (int i = 0; i < content.Length; i++)
        {
            Assert.Equal(direct.Tokens[i].LogProbability, content[i].GetProperty("logprob").GetDouble(), 1e-4);
            Assert.Equal(3, content[i].GetProperty("top_logprobs").GetArrayLength());
            Assert.Equal(direct.TopTokens[i][2].LogProbability, content[i].GetProperty("top_logprobs")[2].GetProperty("logprob").GetDouble(), 1e-4);
            string text = System.Text.Encoding.UTF8.GetString([.. content[i].GetProperty("bytes").EnumerateArray().Select(b => b.GetByte())]);
            Assert.Equal(content[i].GetProperty("token").GetString(), text);
        }
    }

    [Fact]
    public async Task Several_choices_with_a_seed_are_drawn_apart_and_repeatable()
    {
        object body = new { messages = (object[])[Sample.Message("caption en", "open-sign.png")], n = 4, temperature = 1.5, seed = 7, max_tokens = 12 };
        Answer first = await AskAsync(body);
        Answer second = await AskAsync(body);
        string[] texts = Contents(first);
        Assert.Equal(4, texts.Length);
        Assert.Equal(texts, Contents(second));
        Assert.True(texts.Distinct(StringComparer.Ordinal).Count() > 1);
        Assert.Equal([0, 1, 2, 3], first.Json.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("index").GetInt32()));
        for (int i = 0; i < texts.Length; i++)
        {
            var options = new GenerationOptions { MaxNewTokens = 12, Sampling = new SamplingOptions { Temperature = 1.5, Seed = 7 + (ulong)i } };
            GenerationResult direct = await fixture.Model.GenerateAsync(Sample.Image("open-sign.png"), "caption en", options);
            Assert.Equal(direct.Text, texts[i]);
        }
    }

    [Fact]
    public async Task Fields_that_change_nothing_are_accepted()
    {
        Answer answer = await Server.PostTextAsync(Route, $$"""
            {"messages": [{{JsonSerializer.Serialize(Sample.Message("caption en", Ring))}}], "user": "u", "metadata": {"a": "b"}, "store": false,
             "service_tier": "auto", "presence_penalty": 0, "frequency_penalty": 0, "logit_bias": {}, "tools": [], "tool_choice": "none",
             "modalities": ["text"], "response_format": {"type": "text"}, "reasoning_effort": null, "stop": null, "n": 1, "temperature": 0}
            """);
        Assert.Equal(await RingCaptionAsync(), ContentOf(answer));
    }

    [Fact]
    public async Task A_conversation_is_answered_from_its_last_message_where_the_server_says_so()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.History = ConversationHistory.LastMessage);
        Answer answer = await server.PostAsync(Route, new
        {
            messages = (object[])[Sample.Message("caption en", Ring), new { role = "assistant", content = "a ring" }, new { role = "user", content = "answer en what color is the ring?" }],
        });
        Assert.Equal(await fixture.AnswerAsync("answer en what color is the ring?", Ring), ContentOf(answer));
        string[] warnings = [.. answer.Json.GetProperty("warnings").EnumerateArray().Select(item => item.GetString()!)];
        Assert.Equal(2, warnings.Length);
        Assert.Contains("earlier turns", warnings[0], StringComparison.Ordinal);
        Assert.Contains("picture", warnings[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_can_be_held_to_a_schema()
    {
        object format = new
        {
            type = "json_schema",
            json_schema = new { name = "ring", strict = true, schema = new { type = "object", properties = new { color = new { @enum = (string[])["orange", "blue"] } }, required = (string[])["color"], additionalProperties = false } },
        };
        Answer answer = await AskAsync(new { messages = (object[])[Sample.Message("answer en what color is the ring?", Ring)], response_format = format });
        using JsonDocument document = JsonDocument.Parse(ContentOf(answer));
        Assert.Contains(document.RootElement.GetProperty("color").GetString(), (string[])["orange", "blue"]);
        Answer refused = await AskAsync(new
        {
            messages = (object[])[Sample.Message("caption en", Ring)],
            response_format = new { type = "json_schema", json_schema = new { name = "x", schema = new { type = "object", patternProperties = new { a = new { type = "string" } } } } },
        });
        Assert.Equal("unsupported_schema", refused.ErrorCode);
        Assert.Equal("response_format.json_schema.schema", refused.Error.GetProperty("param").GetString());
    }

    [Fact]
    public async Task Models_are_listed_with_the_default_first()
    {
        Answer list = await Server.GetAsync("/v1/models");
        Assert.Equal(["nano", "second"], list.Json.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()));
        Answer one = await Server.GetAsync("/v1/models/second");
        Assert.Equal("model", one.Json.GetProperty("object").GetString());
        Assert.Equal(fixture.Model.Config.ImageTokens, one.Json.GetProperty("image_tokens").GetInt32());
        Answer none = await Server.GetAsync("/v1/models/third");
        Assert.Equal(HttpStatusCode.NotFound, none.Status);
        Assert.Equal("model_not_found", none.ErrorCode);
    }

    private static string ContentOf(Answer answer) => Assert.Single(Contents(answer));

    private static string[] Contents(Answer answer)
    {
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        return [.. answer.Json.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("message").GetProperty("content").GetString()!)];
    }

    private Task<Answer> AskAsync(object body) => Server.PostAsync(Route, body);
}
