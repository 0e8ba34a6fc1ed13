using System.Net;
using System.Text.Json;
using PaliSharp.Server.Tests.Support;
using Xunit;

namespace PaliSharp.Server.Tests.Chat;

[Collection(ServerCollection.Name)]
public sealed class ChatRefusalTests(ServerFixture fixture)
{
    private const string User = """{"role": "user", "content": "caption en"}""";

    // Body, status, code, field.
    public static TheoryData<string, int, string, string?> Wrong => new()
    {
        { "", 400, "invalid_json", null },
        { "null", 400, "invalid_json", null },
        { "[]", 400, "invalid_json", null },
        { "{", 400, "invalid_json", null },
        { "{\"messages\": [", 400, "invalid_json", "messages[0]" },
        { "{}", 400, "invalid_value", "messages" },
        { """{"messages": []}""", 400, "invalid_value", "messages" },
        { """{"messages": [null]}""", 400, "invalid_value", "messages[0]" },
        { """{"messages": "caption en"}""", 400, "invalid_json", "messages" },
        { $$"""{"messages": [{{User}}], "messages": [{{User}}]}""", 400, "invalid_json", "messages" },
        { """{"messages": [{"role": "user", "content": ""}]}""", 400, "invalid_value", "messages" },
        { """{"messages": [{"role": "user", "content": "\ud800"}]}""", 400, "invalid_json", "messages[0].content" },
        { """{"messages": [{"role": "user", "content": 1}]}""", 400, "invalid_value", "messages[0].content" },
        { """{"messages": [{"role": "wizard", "content": "x"}]}""", 400, "invalid_value", "messages[0].role" },
        { """{"messages": [{"role": "tool", "content": "x"}]}""", 400, "unsupported_value", "messages[0].role" },
        { """{"messages": [{"role": "assistant", "content": "x"}]}""", 400, "unsupported_value", "messages" },
        { $$"""{"messages": [{"role": "system", "content": "You are a pirate."}, {{User}}]}""", 400, "unsupported_system_message", "messages[0]" },
        { $$"""{"messages": [{{User}}, {"role": "assistant", "content": "a ring"}, {{User}}]}""", 400, "unsupported_conversation", "messages" },
        { """{"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]}""", 400, "unsupported_value", "messages[0].content[0].type" },
        { """{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}""", 400, "invalid_value", "messages[0].content[0].image_url" },
        { """{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]}]}""", 400, "invalid_value", "messages[0].content[0].image_url.url" },
        { """{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}]}]}""", 400, "picture_urls_disabled", "messages[0].content[0].image_url.url" },
        { """{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,@@@"}}]}]}""", 400, "invalid_value", "messages[0].content[0].image_url.url" },
        { """{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png,abc"}}]}]}""", 400, "invalid_value", "messages[0].content[0].image_url.url" },
        { """{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}, {"type": "text", "text": "caption en"}]}]}""", 400, "invalid_image", "messages[0].content[0].image_url.url" },
        { """{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "zoom": 2}}]}]}""", 400, "unknown_parameter", "messages[0].content[0].image_url.zoom" },
        { $$"""{"messages": [{{User}}], "model": "gpt-5"}""", 404, "model_not_found", "model" },
        { $$"""{"messages": [{{User}}], "model": "../../etc/passwd"}""", 404, "model_not_found", "model" },
        { $$"""{"messages": [{{User}}], "model": "nano\u0000"}""", 404, "model_not_found", "model" },
        { $$"""{"messages": [{{User}}], "temprature": 1}""", 400, "unknown_parameter", "temprature" },
        { $$"""{"messages": [{{User}}], "tools": [{"type": "function"}]}""", 400, "unsupported_parameter", "tools" },
        { $$"""{"messages": [{{User}}], "presence_penalty": 1}""", 400, "unsupported_parameter", "presence_penalty" },
        { $$"""{"messages": [{{User}}], "logit_bias": {"5": 1} }""", 400, "unsupported_parameter", "logit_bias" },
        { $$"""{"messages": [{{User}}], "n": 0}""", 400, "invalid_value", "n" },
        { $$"""{"messages": [{{User}}], "n": 1000000}""", 400, "invalid_value", "n" },
        { $$"""{"messages": [{{User}}], "n": 99999999999999}""", 400, "invalid_json", "n" },
        { $$"""{"messages": [{{User}}], "max_tokens": 0}""", 400, "invalid_value", "max_tokens" },
        { $$"""{"messages": [{{User}}], "max_tokens": 2147483647}""", 400, "invalid_value", "max_tokens" },
        { $$"""{"messages": [{{User}}], "max_tokens": 4, "max_completion_tokens": 5}""", 400, "invalid_value", "max_tokens" },
        { $$"""{"messages": [{{User}}], "temperature": -1}""", 400, "invalid_value", "temperature" },
        { $$"""{"messages": [{{User}}], "temperature": "NaN"}""", 400, "invalid_value", "temperature" },
        { $$"""{"messages": [{{User}}], "top_p": 2}""", 400, "invalid_value", "top_p" },
        { $$"""{"messages": [{{User}}], "top_logprobs": 2}""", 400, "invalid_value", "top_logprobs" },
        { $$"""{"messages": [{{User}}], "logprobs": true, "top_logprobs": 21}""", 400, "invalid_value", "top_logprobs" },
        { $$"""{"messages": [{{User}}], "stop": 5}""", 400, "invalid_value", "stop" },
        { $$"""{"messages": [{{User}}], "stop": [""]}""", 400, "invalid_value", "stop" },
        { $$"""{"messages": [{{User}}], "stream_options": {} }""", 400, "invalid_value", "stream_options" },
        { $$"""{"messages": [{{User}}], "response_format": {"type": "json_object"} }""", 400, "unsupported_value", "response_format.type" },
        { $$"""{"messages": [{{User}}], "response_format": {"type": "xml"} }""", 400, "invalid_value", "response_format.type" },
        { $$"""{"messages": [{{User}}], "response_format": 3}""", 400, "invalid_value", "response_format" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task What_cannot_work_is_refused_in_OpenAIs_form(string body, int status, string code, string? param)
    {
        Answer answer = await fixture.Server.PostTextAsync("/v1/chat/completions", body);
        Assert.True((int)answer.Status == status, answer.Text);
        Assert.Equal("application/json; charset=utf-8", answer.ContentType);
        Assert.Equal(code, answer.ErrorCode);
        Assert.Equal(param, answer.Error.GetProperty("param").GetString());
        Assert.Equal("invalid_request_error", answer.Error.GetProperty("type").GetString());
        Assert.NotEmpty(answer.Error.GetProperty("message").GetString()!);
    }

    [Fact]
    public async Task Deep_nesting_is_no_way_in()
    {
        string deep = new string('[', 5000) + new string(']', 5000);
        Answer answer = await fixture.Server.PostTextAsync("/v1/chat/completions", $$"""{"messages": [{"role": "user", "content": {{deep}}}]}""");
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal("invalid_json", answer.ErrorCode);
    }

    [Fact]
    public async Task A_body_that_is_not_declared_as_json_is_refused()
    {
        Answer answer = await fixture.Server.SendAsync("/v1/chat/completions", new StringContent("{}", System.Net.Http.Headers.MediaTypeHeaderValue.Parse("text/plain")));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.Status);
        Assert.Equal("unsupported_media_type", answer.ErrorCode);
    }

    [Fact]
    public async Task Too_many_pictures_are_refused()
    {
        Answer answer = await fixture.Server.PostAsync(
            "/v1/chat/completions", new { messages = (object[])[Sample.Message("caption en", [.. Enumerable.Repeat("orange-ring.png", 17)])] });
        Assert.Equal("invalid_value", answer.ErrorCode);
        Assert.Contains("16 pictures", answer.Error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unknown_routes_and_methods_are_errors_in_the_same_form()
    {
        Answer route = await fixture.Server.GetAsync("/v1/embeddings");
        Assert.Equal(HttpStatusCode.NotFound, route.Status);
        Assert.Equal("not_found", route.ErrorCode);
        Answer method = await fixture.Server.GetAsync("/v1/chat/completions");
        Assert.Equal(HttpStatusCode.NotFound, method.Status);
        Assert.Equal(JsonValueKind.Null, method.Error.GetProperty("param").ValueKind);
    }
}
