using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using PaliSharp.Server.Hosting;
using PaliSharp.Server.Tests.Support;
using Xunit;

namespace PaliSharp.Server.Tests.Operations;

/// <summary>Health, metrics, the log, and the description of the API.</summary>
public sealed class OperationsTests
{
    [Fact]
    public async Task It_is_alive_at_once_and_ready_when_the_models_have_seen_a_picture()
    {
        await using TestServer server = await TestServer.StartAsync(waitUntilReady: false);
        Assert.Equal("live", (await server.GetAsync("/health/live")).Json.GetProperty("status").GetString());
        await server.WaitUntilReadyAsync();
        Assert.Equal("ready", (await server.GetAsync("/health/ready")).Json.GetProperty("status").GetString());
        Assert.Equal((1L, 1L), (server.Model.GetStatistics().Completed, server.Model.GetStatistics().PictureCacheMisses));
        server.Get<Admission>().Drain();
        Answer stopping = await server.GetAsync("/health/ready");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "stopping"), (stopping.Status, stopping.Json.GetProperty("status").GetString()));
        Answer refused = await server.PostAsync("/v1/vision/caption", new { image = Sample.DataUrl("orange-ring.png") });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.Status);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync("/health/live")).Status);
    }

    [Fact]
    public async Task A_model_that_cannot_be_loaded_stops_the_server_with_the_reason()
    {
        ServerOptions options = TestServer.DefaultOptions();
        options.Models = [options.Models[0] with { Path = "/no/such/folder" }];
        using var log = new LogLines();
        await using WebApplication app = PaliSharpServer.Create(options, logging => logging.AddProvider(log));
        await app.StartAsync();
        await app.WaitForShutdownAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.NotNull(PaliSharpServer.Failure(app));
        Assert.Contains("could not be loaded", log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Models_share_a_bounded_memory()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.Models.Add(options.Models[0] with { Name = "second" });
            options.MaxWeightBytes = 10_000_000;
        });
        async Task<string[]> LoadedAsync() => [.. (await server.GetAsync("/v1/models")).Json.GetProperty("data").EnumerateArray()
            .Where(model => model.GetProperty("is_loaded").GetBoolean()).Select(model => model.GetProperty("id").GetString()!)];
        Assert.Equal(["nano"], await LoadedAsync());
        string caption = (await server.Model.CaptionAsync(Sample.Image("orange-ring.png"))).Text;
        foreach (string name in (string[])["second", "nano", "second"])
        {
            Answer answer = await server.PostAsync("/v1/vision/caption", new { image = Sample.DataUrl("orange-ring.png"), model = name });
            Assert.Equal(caption, answer.Json.GetProperty("results")[0].GetProperty("text").GetString());
            Assert.Equal([name], await LoadedAsync());
        }
    }

    [Fact]
    public async Task Metrics_count_what_happened()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.PostAsync("/v1/vision/caption", new { image = Sample.DataUrl("orange-ring.png") });
        await server.PostAsync("/v1/chat/completions", new { messages = (object[])[Sample.Message("caption en", "orange-ring.png")], stream = true });
        await server.PostTextAsync("/v1/chat/completions", "{");
        Answer answer = await server.GetAsync("/metrics");
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.ContentType);
        string[] lines = answer.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, line => Assert.Matches(@"^(# (HELP|TYPE) palisharp_[a-z_]+ .+|palisharp_[a-z_]+(\{[a-z]+=""[^""]*""(,[a-z]+=""[^""]*"")*\})? [0-9.E+-]+)$", line));
        Assert.Contains("palisharp_request_duration_seconds_count{route=\"/v1/vision/caption\",status=\"200\"} 1", lines);
        Assert.Contains("palisharp_request_duration_seconds_count{route=\"/v1/chat/completions\",status=\"400\"} 1", lines);
        Assert.Contains("palisharp_requests_running 0", lines);
        Assert.Contains("palisharp_tokens_image_total{model=\"nano\"} 128", lines);
        Assert.Contains("palisharp_request_first_text_seconds_count{model=\"nano\"} 1", lines);
        Assert.Contains(lines, line => line.StartsWith("palisharp_picture_cache_hits_total{model=\"nano\"} ", StringComparison.Ordinal) && !line.EndsWith(" 0", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("palisharp_batch_generated_tokens_total{model=\"nano\"} ", StringComparison.Ordinal));
        Assert.Contains("# TYPE palisharp_request_duration_seconds histogram", lines);
    }

    [Fact]
    public async Task The_log_holds_neither_prompts_nor_pictures_unless_asked_for()
    {
        foreach (bool logPrompts in (bool[])[false, true])
        {
            await using TestServer server = await TestServer.StartAsync(options => options.LogPrompts = logPrompts);
            await server.PostAsync("/v1/vision/ask", new { image = Sample.DataUrl("orange-ring.png"), question = "is it a secret?" });
            await server.PostAsync("/v1/chat/completions", new { messages = (object[])[Sample.Message("answer en is it a secret?", "orange-ring.png")] });
            string log = server.Log.Text;
            Assert.Contains("POST /v1/vision/ask 200", log, StringComparison.Ordinal);
            Assert.Equal(logPrompts, log.Contains("secret", StringComparison.Ordinal));
            Assert.DoesNotContain("iVBORw0", log, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_description_of_the_api_lists_every_route_and_no_other()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement document = (await server.GetAsync("/openapi.json")).Json;
        Assert.Equal("3.1.0", document.GetProperty("openapi").GetString());
        var described = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Where(entry => entry.Name is "get" or "post").Select(entry => $"{entry.Name.ToUpperInvariant()} {path.Name}"))
            .Order(StringComparer.Ordinal).ToArray();
        var served = server.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>() is not null)
            .SelectMany(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(method => $"{method} {endpoint.RoutePattern.RawText!.Replace("{**name}", "{name}", StringComparison.Ordinal)}"))
            .Where(route => !Regex.IsMatch(route, "^GET /(playground/|samples/|$|openapi)"))
            .Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(served, described);

        // Every reference leads somewhere, and the fields of requests are those that are read.
        foreach (Match reference in Regex.Matches(document.GetRawText(), "\"\\$ref\": ?\"#/components/(?<kind>[a-zA-Z]+)/(?<name>[A-Za-z]+)\""))
            Assert.True(document.GetProperty("components").GetProperty(reference.Groups["kind"].Value).TryGetProperty(reference.Groups["name"].Value, out _), reference.Value);
        string[] fields = [.. document.GetProperty("components").GetProperty("schemas").GetProperty("VisionRequest").GetProperty("properties").EnumerateObject().Select(field => field.Name).Order(StringComparer.Ordinal)];
        string[] read = [.. JsonAnswer.TypeInfo<PaliSharp.Server.Vision.VisionRequest>().Properties.Select(property => property.Name).Order(StringComparer.Ordinal)];
        Assert.Equal(read, fields);
        string[] chat = [.. document.GetProperty("components").GetProperty("schemas").GetProperty("ChatRequest").GetProperty("properties").EnumerateObject().Select(field => field.Name).Order(StringComparer.Ordinal)];
        Assert.Equal([.. JsonAnswer.TypeInfo<PaliSharp.Server.OpenAI.ChatRequest>().Properties.Where(property => !property.IsExtensionData).Select(property => property.Name).Order(StringComparer.Ordinal)], chat);
    }
}
