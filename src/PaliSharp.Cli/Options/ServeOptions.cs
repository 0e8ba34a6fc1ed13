using System.CommandLine;
using PaliSharp.Conversations;
using PaliSharp.Server;
using PaliSharp.Server.Pictures;

namespace PaliSharp.Cli.Options;

/// <summary>How a server listens, whom it answers, and what it allows.</summary>
internal sealed class ServeOptions
{
    private readonly Option<string[]> _names = new("--name")
    {
        Description = "A model under a name, NAME=MODEL. May be repeated; the first is the default.",
        HelpName = "NAME=MODEL",
    };

    private readonly Option<string[]> _adapters = new("--adapter-for")
    {
        Description = "The adapter of one of the models, NAME=ADAPTER; --adapter is that of all others. May be repeated.",
        HelpName = "NAME=ADAPTER",
    };

    private readonly Option<string?> _host = new("--host") { Description = "Address to listen on; * for all. Default: 127.0.0.1.", HelpName = "ADDRESS" };

    private readonly Option<int?> _port = new Option<int?>("--port") { Description = "Port to listen on; 0 for a free one. Default: 8080.", HelpName = "N" }.Between(0, 65535);

    private readonly Option<string[]> _allowedHosts = new("--allowed-host") { Description = "A name the server may be called by. May be repeated.", HelpName = "HOST" };

    private readonly Option<FileInfo?> _keys = new("--api-keys")
    {
        Description = "A file with one API key a line. Default: keys in $PALISHARP_API_KEYS, separated by commas, else none.",
        HelpName = "FILE",
    };

    private readonly Option<string[]> _cors = new("--cors-origin") { Description = "A web origin whose pages may call the server. May be repeated.", HelpName = "ORIGIN" };

    private readonly Option<string[]> _pictureHosts = new("--picture-host")
    {
        Description = "Fetch pictures by URL from this host: NAME, *.NAME, or * for any public one. May be repeated. Default: no fetching.",
        HelpName = "HOST",
    };

    private readonly Option<int?> _concurrent = new Option<int?>("--concurrent") { Description = "Requests worked on at once. Default: 16.", HelpName = "N" }.Between(1, 4096);

    private readonly Option<int?> _queue = new Option<int?>("--queue") { Description = "Requests that may wait. Default: 64.", HelpName = "N" }.Between(0, 100_000);

    private readonly Option<int?> _batch = new Option<int?>("--batch") { Description = "The most sequences computed together. Default: 8.", HelpName = "N" }.Between(1, 1024);

    private readonly Option<int?> _rate = new Option<int?>("--rate") { Description = "Requests a caller may send a minute. Default: no limit.", HelpName = "N" }.Between(1, 1_000_000);

    private readonly Option<double?> _timeout = new Option<double?>("--timeout")
    {
        Description = "Seconds a request may take, waiting included. Default: 120.",
        HelpName = "S",
    }.Between(0.001, 86_400);

    private readonly Option<double?> _drain = new Option<double?>("--drain") { Description = "Seconds to finish accepted requests when stopped. Default: 60.", HelpName = "S" }.Between(0.001, 86_400);

    private readonly Option<double?> _drainDelay = new Option<double?>("--drain-delay")
    {
        Description = "Seconds to go on listening when stopped, already not ready. Default: 0.",
        HelpName = "S",
    }.Between(0, 3600);

    private readonly Option<double?> _modelMemory = new Option<double?>("--model-memory")
    {
        Description = "GiB of weights loaded together; beyond it the model used longest ago is released. Default: no limit.",
        HelpName = "GIB",
    }.Between(0.001, 1e6);

    private readonly Option<double?> _reload = new Option<double?>("--reload")
    {
        Description = "Look every so many seconds whether a model's files changed, and load them anew. Default: never.",
        HelpName = "S",
    }.Between(1, 86_400);

    private readonly Option<string?> _history = new("--history") { Description = "Conversations with earlier turns: refuse them (default), or answer the last message." };

    private readonly Option<string?> _otlp = new("--otlp") { Description = "Send metrics to this OTLP endpoint.", HelpName = "URL" };

    private readonly Option<bool> _noPlayground = new("--no-playground") { Description = "Do not serve the page at /." };

    private readonly Option<bool> _noMetrics = new("--no-metrics") { Description = "Do not serve /metrics." };

    private readonly Option<bool> _logPrompts = new("--log-prompts") { Description = "Write prompts and answers to the log. Pictures never are." };

    /// <summary>Creates the options.</summary>
    public ServeOptions() => _history.AcceptOnlyFromAmong("refuse", "last");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        Option[] options =
        [
            _names, _adapters, _host, _port, _allowedHosts, _keys, _cors, _pictureHosts, _concurrent, _queue, _batch, _rate, _timeout, _drain, _drainDelay, _modelMemory, _reload, _history, _otlp,
            _noPlayground, _noMetrics, _logPrompts,
        ];
        foreach (Option option in options)
            command.Add(option);
    }

    /// <summary>The most sequences computed together.</summary>
    public int Batch(ParseResult parsed) => parsed.GetValue(_batch) ?? new PaliGemmaOptions().MaxBatch;

    /// <summary>The models with names.</summary>
    /// <exception cref="UsageException">One is not of the form NAME=MODEL.</exception>
    public IReadOnlyList<(string Name, string Path)> Names(ParseResult parsed) => Pairs(parsed, _names);

    /// <summary>The adapters of single models.</summary>
    /// <exception cref="UsageException">One is not of the form NAME=ADAPTER, or stands for a model that is not served.</exception>
    public IReadOnlyDictionary<string, string> Adapters(ParseResult parsed)
    {
        string[] names = [.. Names(parsed).Select(item => item.Name)];
        var adapters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string name, string path) in Pairs(parsed, _adapters))
        {
            if (!names.Contains(name, StringComparer.Ordinal))
                throw new UsageException($"--adapter-for {name}: there is no model of that name. Name it with --name {name}=MODEL.");
            if (!adapters.TryAdd(name, path))
                throw new UsageException($"--adapter-for {name} is given twice.");
        }

        return adapters;
    }

    /// <summary>Reads what was given.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="keys">API keys of the environment, separated by commas.</param>
    /// <exception cref="UsageException">A value makes no sense.</exception>
    /// <exception cref="IOException">The file of keys cannot be read.</exception>
    public ServerOptions Read(ParseResult parsed, string? keys)
    {
        var defaults = new ServerOptions();
        string[] pictureHosts = parsed.GetValue(_pictureHosts) ?? [];
        return new ServerOptions
        {
            MaxWeightBytes = parsed.GetValue(_modelMemory) is { } memory ? (long)(memory * (1L << 30)) : null,
            ReloadInterval = Seconds(parsed.GetValue(_reload)),
            Host = parsed.GetValue(_host) ?? defaults.Host,
            Port = parsed.GetValue(_port) ?? defaults.Port,
            AllowedHosts = parsed.GetValue(_allowedHosts) ?? [],
            ApiKeys = ReadKeys(parsed.GetValue(_keys), keys),
            CorsOrigins = parsed.GetValue(_cors) ?? [],
            PictureUrls = new PictureUrlOptions { Enabled = pictureHosts.Length > 0, AllowedHosts = pictureHosts },
            Limits = ReadLimits(parsed, defaults.Limits),
            History = parsed.GetValue(_history) == "last" ? ConversationHistory.LastMessage : ConversationHistory.Refuse,
            Playground = !parsed.GetValue(_noPlayground),
            Metrics = !parsed.GetValue(_noMetrics),
            OtlpEndpoint = parsed.GetValue(_otlp) is { } otlp ? ReadUrl(otlp) : null,
            LogPrompts = parsed.GetValue(_logPrompts),
        };
    }

    private static IReadOnlyList<(string Name, string Path)> Pairs(ParseResult parsed, Option<string[]> option) =>
    [
        .. (parsed.GetValue(option) ?? []).Select(text => text.IndexOf('=', StringComparison.Ordinal) is > 0 and var at && at < text.Length - 1
            ? (text[..at], text[(at + 1)..])
            : throw new UsageException($"{option.Name} {text}: expected {option.HelpName}.")),
    ];

    private static string[] ReadKeys(FileInfo? file, string? variable)
    {
        if (file is null)
            return (variable ?? string.Empty).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string[] keys = [.. File.ReadLines(file.FullName).Select(line => line.Trim()).Where(line => line.Length > 0)];
        return keys.Length > 0 ? keys : throw new UsageException($"--api-keys {file}: there is no key in it. Write one a line.");
    }

    private static Uri ReadUrl(string text) => Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps)
        ? url
        : throw new UsageException($"--otlp {text}: expected a URL such as http://localhost:4317.");

    private ServerLimits ReadLimits(ParseResult parsed, ServerLimits defaults) => new()
    {
        ConcurrentRequests = parsed.GetValue(_concurrent) ?? defaults.ConcurrentRequests,
        QueuedRequests = parsed.GetValue(_queue) ?? defaults.QueuedRequests,
        RequestsPerMinute = parsed.GetValue(_rate),
        RequestTimeout = Seconds(parsed.GetValue(_timeout)) ?? defaults.RequestTimeout,
        DrainTimeout = Seconds(parsed.GetValue(_drain)) ?? defaults.DrainTimeout,
        DrainDelay = Seconds(parsed.GetValue(_drainDelay)) ?? defaults.DrainDelay,
    };

    private static TimeSpan? Seconds(double? value) => value is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
}
