using System.Text.Json;
using PaliSharp.Server.Tests.Support;
using Xunit;

namespace PaliSharp.Server.Tests.Chat;

[Collection(ServerCollection.Name)]
public sealed class ChatStreamTests(ServerFixture fixture)
{
    private const string Route = "/v1/chat/completions";
    private const string Ring = "orange-ring.png";

    [Fact]
    public async Task Pieces_rejoin_exactly_and_the_stream_ends_with_done()
    {
        foreach (string prompt in (string[])["caption en", "describe en", "detect ring", "segment ring"])
        {
            Answer whole = await fixture.Server.PostAsync(Route, new { messages = (object[])[Sample.Message(prompt, Ring)] });
            Answer streamed = await fixture.Server.PostAsync(Route, new { messages = (object[])[Sample.Message(prompt, Ring)], stream = true });
            Assert.Equal("text/event-stream; charset=utf-8", streamed.ContentType);
            string[] events = Events(streamed);
            Assert.Equal("[DONE]", events[^1]);
            JsonElement[] chunks = [.. events[..^1].Select(data => JsonDocument.Parse(data).RootElement)];
            Assert.All(chunks, chunk => Assert.Equal("chat.completion.chunk", chunk.GetProperty("object").GetString()));
            Assert.Single(chunks.Select(chunk => chunk.GetProperty("id").GetString()).Distinct(StringComparer.Ordinal));
            Assert.Equal("assistant", chunks[0].GetProperty("choices")[0].GetProperty("delta").GetProperty("role").GetString());
            JsonElement expected = whole.Json.GetProperty("choices")[0];
            Assert.Equal(expected.GetProperty("message").GetProperty("content").GetString(), Join(chunks, 0));
            Assert.Equal(expected.GetProperty("finish_reason").GetString(), chunks[^1].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
            Assert.True(chunks.Length > 3, $"{prompt} came in {chunks.Length} chunks");
        }
    }

    [Fact]
    public async Task Choices_are_streamed_side_by_side_and_usage_comes_last_if_asked_for()
    {
        object body = new
        {
            messages = (object[])[Sample.Message("caption en", "open-sign.png")],
            n = 3,
            temperature = 1.2,
            seed = 3,
            max_tokens = 10,
            stream = true,
            stream_options = new { include_usage = true },
            logprobs = true,
        };
        Answer streamed = await fixture.Server.PostAsync(Route, body);
        JsonElement[] chunks = [.. Events(streamed)[..^1].Select(data => JsonDocument.Parse(data).RootElement)];
        Answer whole = await fixture.Server.PostAsync(Route, new
        {
            messages = (object[])[Sample.Message("caption en", "open-sign.png")],
            n = 3,
            temperature = 1.2,
            seed = 3,
            max_tokens = 10,
            logprobs = true,
        });
        for (int i = 0; i < 3; i++)
        {
            JsonElement choice = whole.Json.GetProperty("choices")[i];
            Assert.Equal(choice.GetProperty("message").GetProperty("content").GetString(), Join(chunks, i));
            Assert.Equal(choice.GetProperty("logprobs").GetProperty("content").GetArrayLength(), LogprobCount(chunks, i));
        }

        JsonElement last = chunks[^1];
        Assert.Equal(0, last.GetProperty("choices").GetArrayLength());
        Assert.Equal(whole.Json.GetProperty("usage").GetRawText(), last.GetProperty("usage").GetRawText());
        Assert.True(last.GetProperty("timings").GetProperty("first_token_ms").GetDouble() > 0);
        Assert.All(chunks[..^1], chunk => Assert.False(chunk.TryGetProperty("usage", out _)));
    }

    [Fact]
    public async Task An_error_before_the_first_piece_has_a_status_of_its_own()
    {
        Answer answer = await fixture.Server.PostAsync(Route, new { messages = (object[])[new { role = "user", content = new string('x', 20_000) }], stream = true });
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal("invalid_prompt", answer.ErrorCode);
    }

    private static string[] Events(Answer answer)
    {
        string[] events = answer.Text.Split("\n\n");
        Assert.Equal(string.Empty, events[^1]);
        return [.. events[..^1].Select(text => text.StartsWith("data: ", StringComparison.Ordinal) ? text["data: ".Length..] : throw new InvalidDataException(text))];
    }

    private static string Join(IEnumerable<JsonElement> chunks, int index) => string.Concat(ChoicesOf(chunks, index)
        .Select(choice => choice.GetProperty("delta").TryGetProperty("content", out JsonElement content) ? content.GetString() : string.Empty));

    private static int LogprobCount(IEnumerable<JsonElement> chunks, int index) => ChoicesOf(chunks, index)
        .Sum(choice => choice.GetProperty("logprobs") is { ValueKind: JsonValueKind.Object } logprobs ? logprobs.GetProperty("content").GetArrayLength() : 0);

    private static IEnumerable<JsonElement> ChoicesOf(IEnumerable<JsonElement> chunks, int index) => chunks
        .SelectMany(chunk => chunk.GetProperty("choices").EnumerateArray())
        .Where(choice => choice.GetProperty("index").GetInt32() == index);
}
