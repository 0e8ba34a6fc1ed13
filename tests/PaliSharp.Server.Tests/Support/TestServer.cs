using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PaliSharp.Hosting;
using PaliSharp.Server.Pictures;
using PaliSharp.TestSupport;

namespace PaliSharp.Server.Tests.Support;

/// <summary>A real server on a free port of this machine, with the demonstration model.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    public const string ModelName = "nano";

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private TestServer(WebApplication app, LogLines log)
    {
        App = app;
        Log = log;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Client = new HttpClient { BaseAddress = Address };
    }

    public WebApplication App { get; }

    public Uri Address { get; }

    public HttpClient Client { get; }

    public LogLines Log { get; }

    /// <summary>The options of most tests: one model, one thread team, generous limits.</summary>
    public static ServerOptions DefaultOptions() => new()
    {
        Port = 0,
        Models = [new HostedModel { Name = ModelName, Path = Path.Combine(GoldenData.RepositoryRoot, "models", "nano") }],
    };

    public static async Task<TestServer> StartAsync(Action<ServerOptions>? change = null, FetchNetwork? network = null, bool waitUntilReady = true)
    {
        ServerOptions options = DefaultOptions();
        change?.Invoke(options);
        var log = new LogLines();
        WebApplication app = PaliSharpServer.Create(options, logging => logging.AddProvider(log).SetMinimumLevel(LogLevel.Information), network ?? FetchNetwork.Public);
        await app.StartAsync();
        var server = new TestServer(app, log);
        if (waitUntilReady)
            await server.WaitUntilReadyAsync();
        return server;
    }

    /// <summary>The model that answers, for what it says when asked directly.</summary>
    public PaliGemma Model => Get<ModelHost>().GetState()[0].Model!;

    public T Get<T>()
        where T : notnull => App.Services.GetRequiredService<T>();

    public async Task WaitUntilReadyAsync()
    {
        using var timeout = new CancellationTokenSource(StartTimeout);
        while (true)
        {
            using HttpResponseMessage response = await Client.GetAsync("/health/ready", timeout.Token);
            if (response.IsSuccessStatusCode)
                return;
            if (PaliSharpServer.Failure(App) is { } failure)
                throw new InvalidOperationException("The server could not load its models.", failure);
            await Task.Delay(10, timeout.Token);
        }
    }

    /// <summary>Posts JSON.</summary>
    public Task<Answer> PostAsync(string path, object body, Action<HttpRequestMessage>? change = null) => SendAsync(path, JsonContent.Create(body), change);

    /// <summary>Posts JSON as it is written.</summary>
    public Task<Answer> PostTextAsync(string path, string json, Action<HttpRequestMessage>? change = null) =>
        SendAsync(path, new StringContent(json, MediaTypeHeaderValue.Parse("application/json")), change);

    public async Task<Answer> SendAsync(string path, HttpContent content, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        change?.Invoke(request);
        using HttpResponseMessage response = await Client.SendAsync(request);
        return await Answer.OfAsync(response);
    }

    public async Task<Answer> GetAsync(string path)
    {
        using HttpResponseMessage response = await Client.GetAsync(path);
        return await Answer.OfAsync(response);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await App.DisposeAsync();
        Log.Dispose();
    }
}

/// <summary>An answer, read to its end.</summary>
internal sealed record Answer(HttpStatusCode Status, string Text, HttpResponseHeaders Headers, string? ContentType, byte[] Bytes)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    public JsonElement Error => Json.GetProperty("error");

    public string ErrorCode => Error.GetProperty("code").GetString()!;

    public static async Task<Answer> OfAsync(HttpResponseMessage response)
    {
        byte[] bytes = await response.Content.ReadAsByteArrayAsync();
        return new Answer(response.StatusCode, System.Text.Encoding.UTF8.GetString(bytes), response.Headers, response.Content.Headers.ContentType?.ToString(), bytes);
    }
}
