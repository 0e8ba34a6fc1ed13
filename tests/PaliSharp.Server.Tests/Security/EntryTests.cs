using System.Net;
using System.Net.Http.Headers;
using PaliSharp.Hosting;
using PaliSharp.Server.Tests.Support;
using Xunit;

namespace PaliSharp.Server.Tests.Security;

/// <summary>Keys, hosts, origins, limits on rates, headers.</summary>
public sealed class EntryTests
{
    private const string Key = "a-long-enough-key";

    [Fact]
    public async Task Keys_are_needed_where_there_are_some()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.ApiKeys = ["another-good-key", Key]);
        foreach (string? header in (string?[])[null, "Bearer", "Bearer wrong", $"Basic {Key}", $"Bearer {Key}x", $"Bearer {Key[..^1]}", $"Bearer {new string('k', 5000)}"])
        {
            Answer refused = await GetAsync(server, "/v1/models", header);
            Assert.True(refused.Status == HttpStatusCode.Unauthorized, header);
            Assert.Equal("invalid_api_key", refused.ErrorCode);
            Assert.Equal("Bearer", refused.Headers.WwwAuthenticate.Single().Scheme);
            Assert.DoesNotContain(Key, refused.Text, StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.OK, (await GetAsync(server, "/v1/models", $"Bearer {Key}")).Status);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(server, "/v1/models", $"bearer  {Key} ")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.GetAsync("/metrics")).Status);
        foreach (string open in (string[])["/", "/health/live", "/health/ready", "/openapi.json", "/playground/app.js"])
            Assert.Equal(HttpStatusCode.OK, (await server.GetAsync(open)).Status);
        Answer post = await server.PostAsync("/v1/vision/caption", new { });
        Assert.Equal(HttpStatusCode.Unauthorized, post.Status);
        Assert.DoesNotContain(Key, server.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Callers_that_come_too_often_are_told_when_to_come_again()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.ApiKeys = [Key, "another-good-key"];
            options.Limits.RequestsPerMinute = 3;
        });
        for (int i = 0; i < 3; i++)
            Assert.Equal(HttpStatusCode.OK, (await GetAsync(server, "/v1/models", $"Bearer {Key}")).Status);
        Answer limited = await GetAsync(server, "/v1/models", $"Bearer {Key}");
        Assert.Equal(HttpStatusCode.TooManyRequests, limited.Status);
        Assert.Equal("rate_limit_exceeded", limited.ErrorCode);
        Assert.InRange(limited.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(server, "/v1/models", "Bearer another-good-key")).Status);

        // Guessing keys is limited by address.
        for (int i = 0; i < 3; i++)
            Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(server, "/v1/models", $"Bearer guess-number-{i}")).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await GetAsync(server, "/v1/models", "Bearer guess-number-4")).Status);
        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync("/health/live")).Status);
    }

    [Fact]
    public async Task Foreign_names_and_pages_are_refused()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.AllowedHosts = ["models.example"];
            options.CorsOrigins = ["https://app.example"];
        });
        Assert.Equal("unknown_host", (await SendAsync(server, request => request.Headers.Host = "evil.example")).ErrorCode);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(server, request => request.Headers.Host = "models.example")).Status);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(server, request => request.Headers.Host = $"localhost:{server.Address.Port}")).Status);
        Assert.Equal("foreign_origin", (await SendAsync(server, request => request.Headers.Add("Origin", "https://evil.example"))).ErrorCode);
        Assert.Equal("foreign_origin", (await SendAsync(server, request => request.Headers.Add("Origin", "null"))).ErrorCode);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(server, request => request.Headers.Add("Origin", server.Address.GetLeftPart(UriPartial.Authority)))).Status);
        Answer allowed = await SendAsync(server, request => request.Headers.Add("Origin", "https://app.example"));
        Assert.Equal("https://app.example", allowed.Headers.GetValues("Access-Control-Allow-Origin").Single());
    }

    [Fact]
    public async Task Cors_is_off_by_default_and_headers_are_strict()
    {
        await using TestServer server = await TestServer.StartAsync(waitUntilReady: false);
        using var preflight = new HttpRequestMessage(HttpMethod.Options, "/v1/chat/completions");
        preflight.Headers.Add("Origin", "https://app.example");
        preflight.Headers.Add("Access-Control-Request-Method", "POST");
        using HttpResponseMessage response = await server.Client.SendAsync(preflight);
        Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
        foreach (string path in (string[])["/", "/v1/none", "/health/live"])
        {
            Answer answer = await server.GetAsync(path);
            string policy = answer.Headers.GetValues("Content-Security-Policy").Single();
            Assert.StartsWith("default-src 'none'; script-src 'self'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.False(answer.Headers.Contains("Server"));
        }
    }

    [Fact]
    public async Task The_server_listens_to_this_machine_only_unless_told()
    {
        Assert.Equal("127.0.0.1", new ServerOptions().Host);
        await using TestServer server = await TestServer.StartAsync(waitUntilReady: false);
        Assert.True(IPAddress.IsLoopback(IPAddress.Parse(server.Address.Host)));
    }

    [Fact]
    public async Task Headers_cannot_be_injected()
    {
        await using TestServer server = await TestServer.StartAsync();
        const string evil = "nano\r\nX-Evil: 1";
        Answer answer = await server.PostAsync("/v1/chat/completions", new { model = evil, messages = (object[])[new { role = "user", content = "x" }] });
        Assert.Equal("model_not_found", answer.ErrorCode);
        Assert.False(answer.Headers.Contains("X-Evil"));
        Answer path = await server.GetAsync("/v1/models/nano%0d%0aX-Evil:%201");
        Assert.Equal(HttpStatusCode.NotFound, path.Status);
        Assert.False(path.Headers.Contains("X-Evil"));
        Assert.DoesNotContain('\r', path.Error.GetProperty("message").GetString()!);
    }

    [Theory]
    [InlineData("/v1/models/../../etc/passwd")]
    [InlineData("/v1/models/..%2f..%2fetc%2fpasswd")]
    [InlineData("/v1/models/%2e%2e/%2e%2e/config.json")]
    [InlineData("/playground/../ServerOptions.cs")]
    [InlineData("/samples/..%2fREADME.md")]
    public async Task Names_never_become_paths(string path)
    {
        await using TestServer server = await TestServer.StartAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await server.GetAsync(path)).Status);
    }

    [Fact]
    public void Options_that_make_no_sense_are_refused()
    {
        Action<ServerOptions>[] wrong =
        [
            options => options.Port = 70_000,
            options => options.Host = "example.org",
            options => options.ApiKeys = ["short"],
            options => options.ApiKeys = ["a key with spaces"],
            options => options.CorsOrigins = ["https://app.example/path"],
            options => options.CorsOrigins = ["*"],
            options => options.PictureUrls.Enabled = true,
            options => options.PictureUrls = new Pictures.PictureUrlOptions { Enabled = true, AllowedHosts = ["a b"] },
            options => options.Models.Add(new HostedModel { Name = TestServer.ModelName }),
            options => options.Models.Add(new HostedModel { Name = "a\nb" }),
            options => options.Limits.ConcurrentRequests = 0,
            options => options.Limits.BufferedBodyBytes = 10,
            options => options.Limits.RequestTimeout = TimeSpan.Zero,
        ];
        foreach (Action<ServerOptions> change in wrong)
        {
            ServerOptions options = TestServer.DefaultOptions();
            change(options);
            Assert.Throws<ArgumentException>(() => PaliSharpServer.Create(options));
        }
    }

    private static Task<Answer> GetAsync(TestServer server, string path, string? authorization) => SendAsync(
        server,
        request =>
        {
            if (authorization is not null)
                request.Headers.TryAddWithoutValidation("Authorization", authorization);
        },
        path);

    private static async Task<Answer> SendAsync(TestServer server, Action<HttpRequestMessage> change, string path = "/v1/models")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        change(request);
        using HttpResponseMessage response = await server.Client.SendAsync(request);
        return await Answer.OfAsync(response);
    }
}
