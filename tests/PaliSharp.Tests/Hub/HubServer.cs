using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace PaliSharp.Tests.Hub;

/// <summary>One request as a server saw it.</summary>
internal sealed record SeenRequest(bool Storage, string Method, string Path, string? Authorization, string? Range, string? UserAgent);

/// <summary>A file of the served repository.</summary>
internal sealed class ServedFile(byte[] content, bool large)
{
    public byte[] Content { get; } = content;

    public bool Large { get; } = large;

    /// <summary>The true name of the content; replaced to announce a wrong one.</summary>
    public string ETag { get; set; } = large
        ? Convert.ToHexStringLower(SHA256.HashData(content))
        : GitBlob(content);

    /// <summary>The size that the hub announces; replaced to announce a wrong one.</summary>
    public long Size { get; set; } = content.Length;

    [SuppressMessage("Security", "CA5350:Do Not Use Weak Cryptographic Algorithms", Justification = "Git names its objects by SHA-1.")]
    private static string GitBlob(byte[] content)
        => Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));
}

/// <summary>
/// A hub on this machine: one port for the hub, a second one, as another host, for the storage of large files. It serves one repository.
/// </summary>
internal sealed class HubServer : IAsyncDisposable
{
    public const string Id = "acme/tiny";
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private WebApplication _hub = null!;
    private WebApplication _storage = null!;

    public string Address { get; private set; } = "";

    public string StorageAddress { get; private set; } = "";

    public Dictionary<string, ServedFile> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>Extra names for the listing, which have no content.</summary>
    public List<string> ExtraNames { get; } = [];

    public bool ListSizes { get; set; } = true;

    public bool ServeRanges { get; set; } = true;

    public string Gated { get; set; } = "false";

    /// <summary>May answer a request itself; returns whether it did.</summary>
    public Func<HttpContext, SeenRequest, Task<bool>> Intercept { get; set; } = (_, _) => Task.FromResult(false);

    public ConcurrentQueue<SeenRequest> Seen { get; } = new();

    public static async Task<HubServer> StartAsync()
    {
        var server = new HubServer();
        server._storage = await StartOneAsync(context => server.ServeAsync(context, storage: true));
        server._hub = await StartOneAsync(context => server.ServeAsync(context, storage: false));
        server.Address = server._hub.Urls.First();
        server.StorageAddress = server._storage.Urls.First();
        return server;
    }

    /// <summary>A repository with everything that is usual in one, small.</summary>
    public HubServer AddModel(int weightBytes = 300_000)
    {
        Add("config.json", "{\"model_type\":\"paligemma\"}");
        Add("generation_config.json", "{}");
        Add("preprocessor_config.json", "{\"size\":224}");
        Add("tokenizer.json", "{\"model\":{}}");
        Add("tokenizer_config.json", "{}");
        AddLarge("tokenizer.model", 5_000);
        Add("special_tokens_map.json", "{}");
        Add("added_tokens.json", "{\"<image>\":257152}");
        Add("README.md", "# read me");
        Add(".gitattributes", "*.safetensors filter=lfs");
        AddLarge("pytorch_model.bin", 1_000);
        AddLarge("onnx/model.safetensors", 1_000);
        AddLarge("model.safetensors", weightBytes);
        return this;
    }

    public void Add(string path, string text) => Files[path] = new ServedFile(Encoding.UTF8.GetBytes(text), large: false);

    public ServedFile AddLarge(string path, int bytes)
    {
        byte[] content = new byte[bytes];
        new Random(path.Length + bytes).NextBytes(content);
        return Files[path] = new ServedFile(content, large: true);
    }

    public IEnumerable<SeenRequest> Downloads(string path) => Seen.Where(r => r.Method == "GET" && r.Path.EndsWith("/" + path, StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        await _storage.DisposeAsync();
    }

    private static async Task<WebApplication> StartOneAsync(RequestDelegate handler)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Limits.MinResponseDataRate = null;
        });
        WebApplication app = builder.Build();
        app.Run(handler);
        await app.StartAsync();
        return app;
    }

    private async Task ServeAsync(HttpContext context, bool storage)
    {
        HttpRequest request = context.Request;
        string? Text(string name) => request.Headers.TryGetValue(name, out var value) ? value.ToString() : null;
        var seen = new SeenRequest(storage, request.Method, request.Path.Value!, Text("Authorization"), Text("Range"), Text("User-Agent"));
        Seen.Enqueue(seen);
        if (await Intercept(context, seen))
            return;

        if (storage)
            await SendAsync(context, Files[seen.Path["/blob/".Length..]]);
        else if (seen.Path.StartsWith($"/api/models/{Id}/revision/", StringComparison.Ordinal))
            await ListAsync(context);
        else if (seen.Path.StartsWith($"/{Id}/resolve/{Commit}/", StringComparison.Ordinal))
            await ResolveAsync(context, seen.Path[$"/{Id}/resolve/{Commit}/".Length..]);
        else
            Refuse(context, 404, "RepoNotFound", "Repository not found");
    }

    public static void Refuse(HttpContext context, int status, string? code, string? message)
    {
        context.Response.StatusCode = status;
        if (code is not null)
            context.Response.Headers["X-Error-Code"] = code;
        if (message is not null)
            context.Response.Headers["X-Error-Message"] = message;
    }

    private async Task ListAsync(HttpContext context)
    {
        string revision = context.Request.Path.Value!.Split("/revision/")[1];
        if (revision is not ("main" or "bfloat16" or "refs/pr/1" or "refs%2Fpr%2F1" or Commit))
        {
            Refuse(context, 404, "RevisionNotFound", "Invalid rev id: " + revision);
            return;
        }

        IEnumerable<string> siblings = Files.Select(file => ListSizes
                ? $$"""{"rfilename":{{Quote(file.Key)}},"size":{{file.Value.Size}}}"""
                : $$"""{"rfilename":{{Quote(file.Key)}}}""")
            .Concat(ExtraNames.Select(name => $$"""{"rfilename":{{Quote(name)}}}"""));
        await context.Response.WriteAsync($$"""{"id":"{{Id}}","sha":"{{Commit}}","gated":{{Gated}},"siblings":[{{string.Join(',', siblings)}}]}""");
    }

    private static string Quote(string text) => "\"" + JsonEncodedText.Encode(text) + "\"";

    private async Task ResolveAsync(HttpContext context, string path)
    {
        if (!Files.TryGetValue(path, out ServedFile? file))
        {
            Refuse(context, 404, "EntryNotFound", "Entry not found");
            return;
        }

        context.Response.Headers["X-Repo-Commit"] = Commit;
        if (!file.Large)
        {
            context.Response.Headers.ETag = $"\"{file.ETag}\"";
            await SendAsync(context, file);
            return;
        }

        context.Response.Headers["X-Linked-Etag"] = $"\"{file.ETag}\"";
        context.Response.Headers["X-Linked-Size"] = file.Size.ToString(CultureInfo.InvariantCulture);
        context.Response.StatusCode = 302;
        context.Response.Headers.Location = $"{StorageAddress}/blob/{path}";
    }

    private async Task SendAsync(HttpContext context, ServedFile file)
    {
        int start = 0;
        if (ServeRanges && context.Request.Headers.Range.ToString() is { Length: > 0 } range)
        {
            start = int.Parse(range["bytes=".Length..^1], CultureInfo.InvariantCulture);
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes {start}-{file.Content.Length - 1}/{file.Content.Length}";
        }

        context.Response.ContentLength = file.Content.Length - start;
        if (context.Request.Method == "GET")
            await context.Response.Body.WriteAsync(file.Content.AsMemory(start));
    }
}
