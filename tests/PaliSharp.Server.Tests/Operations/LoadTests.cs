using System.Net;
using System.Text;
using System.Text.Json;
using PaliSharp.Server.Hosting;
using PaliSharp.Server.Tests.Support;
using Xunit;

namespace PaliSharp.Server.Tests.Operations;

/// <summary>Many callers at once: everybody gets an own answer or is told to come again.</summary>
public sealed class LoadTests
{
    private const int Clients = 200;

    [Fact]
    public async Task Two_hundred_clients_at_tenfold_overload_get_their_own_answers()
    {
        // 4 at work and 16 waiting: ten times as many come at once.
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.Limits.ConcurrentRequests = 4;
            options.Limits.QueuedRequests = 16;
        });
        (string Path, object Body)[] kinds = Kinds();
        string[] expected = new string[kinds.Length];
        for (int i = 0; i < kinds.Length; i++)
            expected[i] = Essence(await server.PostAsync(kinds[i].Path, kinds[i].Body));
        long before = GC.GetTotalMemory(forceFullCollection: true);

        int refused = 0;
        int served = 0;
        async Task AskAsync(int client)
        {
            int kind = client % kinds.Length;
            for (int attempt = 0; ; attempt++)
            {
                Answer answer = await server.PostAsync(kinds[kind].Path, kinds[kind].Body);
                if (answer.Status == HttpStatusCode.TooManyRequests)
                {
                    Interlocked.Increment(ref refused);
                    Assert.Equal("server_overloaded", answer.ErrorCode);
                    Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
                    await Task.Delay(20 + ((client * 7 + attempt * 13) % 60));
                    continue;
                }

                Assert.Equal(expected[kind], Essence(answer));
                Interlocked.Increment(ref served);
                return;
            }
        }

        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(AskAsync)).WaitAsync(timeout.Token);
        Assert.Equal(Clients, served);
        Assert.True(refused > 0, "nobody was refused");
        Assert.Equal((0, 0), (server.Get<Admission>().Running, server.Get<Admission>().Waiting));
        Assert.Equal(0, server.Get<BodyReader>().HeldBytes);
        Assert.Equal(0, server.Get<Pictures.PictureReader>().HeldBytes);
        long growth = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.True(growth < 64L << 20, $"{growth:N0} bytes more are held than before");
    }

    [Fact]
    public async Task Callers_that_go_away_leave_their_places()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.Limits.ConcurrentRequests = 2;
            options.Limits.QueuedRequests = 2;
        });
        using (var gone = new CancellationTokenSource())
        {
            Task[] waiting = [.. Enumerable.Range(0, 4).Select(_ => StreamUntilCancelledAsync(server, gone.Token))];
            await Eventually.HoldsAsync(() => server.Get<Admission>() is { Running: 2, Waiting: 2 });
            await gone.CancelAsync();
            await Task.WhenAll(waiting);
        }

        await Eventually.HoldsAsync(() => server.Get<Admission>() is { Running: 0, Waiting: 0, Admitted: 0 });
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/v1/vision/caption", new { image = Sample.DataUrl("orange-ring.png") })).Status);
        Assert.Equal(0, server.Model.GetStatistics().Running);
    }

    [Fact]
    public async Task Requests_that_take_too_long_end_and_leave_their_places()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.Limits.ConcurrentRequests = 1);
        Answer late = await server.PostAsync("/v1/chat/completions", LongAnswer(), request => request.Headers.Add("X-Request-Timeout-Ms", "60"));
        Assert.Equal(HttpStatusCode.GatewayTimeout, late.Status);
        Assert.Equal("timeout", late.ErrorCode);
        Answer nonsense = await server.PostAsync("/v1/chat/completions", LongAnswer(), request => request.Headers.Add("X-Request-Timeout-Ms", "soon"));
        Assert.Equal("invalid_value", nonsense.ErrorCode);
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/v1/vision/caption", new { image = Sample.DataUrl("orange-ring.png") })).Status);
    }

    [Fact]
    public async Task A_server_that_stops_finishes_what_it_accepted()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.Limits.ConcurrentRequests = 2;
            options.Limits.QueuedRequests = 20;
        });
        (string Path, object Body)[] kinds = Kinds();
        string[] expected = [.. (await Task.WhenAll(kinds.Select(kind => server.PostAsync(kind.Path, kind.Body)))).Select(Essence)];

        // Two long ones hold the places, so that the others are certainly waiting.
        Task<Answer>[] working = [.. Enumerable.Range(0, 2).Select(_ => server.PostAsync("/v1/chat/completions", LongAnswer()))];
        Task<Answer>[] waiting = [.. kinds.Select(kind => server.PostAsync(kind.Path, kind.Body))];
        await Eventually.HoldsAsync(() => server.Get<Admission>().Admitted == working.Length + waiting.Length);
        using var late = new HttpClient { BaseAddress = server.Address };
        Task stopping = server.App.StopAsync();
        Assert.All(await Task.WhenAll(working), answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        Assert.Equal(expected, (await Task.WhenAll(waiting)).Select(Essence));
        await stopping;
        Assert.Contains("every accepted request is finished", server.Log.Text, StringComparison.Ordinal);
        await Assert.ThrowsAsync<HttpRequestException>(() => late.GetAsync("/health/live"));
    }

    private static (string Path, object Body)[] Kinds() =>
    [
        ("/v1/vision/caption", new { image = Sample.DataUrl("orange-ring.png") }),
        ("/v1/vision/detect", new { image = Sample.DataUrl("rings.png"), things = (string[])["ring"] }),
        ("/v1/vision/ask", new { image = Sample.DataUrl("orange-ring.png"), question = "what color is the ring?" }),
        ("/v1/chat/completions", new { messages = (object[])[Sample.Message("describe en", "red-circles.png")] }),
        ("/v1/chat/completions", new { messages = (object[])[Sample.Message("caption en", "open-sign.png")], stream = true }),
        ("/v1/vision/segment", new { image = Sample.DataUrl("orange-ring.png"), things = (string[])["orange ring"] }),
        ("/v1/vision/classify", new { image = Sample.DataUrl("orange-ring.png"), labels = (string[])["orange", "blue"] }),
        ("/v1/chat/completions", new { messages = (object[])[Sample.Message("caption en", "rings.png")], temperature = 1, seed = 5, n = 2 }),
    ];

    private static object LongAnswer() =>
        new { messages = (object[])[Sample.Message("describe en", "open-sign.png")], temperature = 3, seed = 1, max_tokens = 400, n = 8, stream = false };

    // What an answer says, without ids and times. Scores depend on the company a request computes in by rounding alone.
    private static string Essence(Answer answer)
    {
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        if (answer.ContentType!.StartsWith("text/event-stream", StringComparison.Ordinal))
        {
            var text = new StringBuilder();
            foreach (string data in answer.Text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(line => line["data: ".Length..]).Where(data => data != "[DONE]"))
            {
                JsonElement delta = JsonDocument.Parse(data).RootElement.GetProperty("choices")[0].GetProperty("delta");
                text.Append(delta.TryGetProperty("content", out JsonElement piece) ? piece.GetString() : null);
            }

            Assert.EndsWith("data: [DONE]\n\n", answer.Text, StringComparison.Ordinal);
            return text.ToString();
        }

        if (answer.Json.TryGetProperty("choices", out JsonElement choices))
            return string.Join('|', choices.EnumerateArray().Select(choice => choice.GetProperty("message").GetProperty("content").GetString()));
        JsonElement line = answer.Json.GetProperty("results")[0];
        return line.TryGetProperty("tokens", out JsonElement tokens) ? tokens.GetRawText()
            : line.TryGetProperty("labels", out JsonElement labels) ? string.Join('|', labels.EnumerateArray().Select(label => label.GetProperty("label").GetString()))
            : line.GetProperty("text").GetString()!;
    }

    private static async Task StreamUntilCancelledAsync(TestServer server, CancellationToken gone)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = System.Net.Http.Json.JsonContent.Create(new
            {
                messages = (object[])[Sample.Message("describe en", "open-sign.png")],
                temperature = 5,
                seed = 2,
                max_tokens = 2000,
                n = 16,
                stream = true,
            }),
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            using HttpResponseMessage response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, gone);
            await (await response.Content.ReadAsStreamAsync(gone)).CopyToAsync(Stream.Null, gone);
            await Task.Delay(Timeout.Infinite, gone);
        });
    }
}
