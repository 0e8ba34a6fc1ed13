using PaliSharp.Conversations;
using PaliSharp.Hosting;
using PaliSharp.Server.Pictures;

namespace PaliSharp.Server;

/// <summary>What is served, to whom, and within which limits. The defaults serve the demonstration model to this machine only.</summary>
public sealed class ServerOptions
{
    /// <summary>The models, each under a name of its own; none for the demonstration model. The first answers requests that name no model.</summary>
    public IList<HostedModel> Models { get; set; } = [];

    /// <summary>
    /// The most bytes of weights loaded together, above 0; null for no limit. Beyond it the model used longest ago is released, and models are loaded
    /// when they are asked for.
    /// </summary>
    public long? MaxWeightBytes { get; set; }

    /// <summary>How often the files of models are looked at for changes, above 0; changed ones are loaded anew while the old go on. Null for never.</summary>
    public TimeSpan? ReloadInterval { get; set; }

    /// <summary>The address to listen on: <c>localhost</c>, an IP address, or <c>*</c> for every address of the machine.</summary>
    public string Host { get; set; } = "127.0.0.1";

    /// <summary>The port to listen on, 0 to 65535; 0 takes a free one.</summary>
    public int Port { get; set; } = 8080;

    /// <summary>
    /// Names under which the server may be called (the <c>Host</c> header), beside the address it listens on. While it listens on this machine
    /// only, other names are refused, so that a foreign web page cannot reach it through a name that points here.
    /// </summary>
    public IList<string> AllowedHosts { get; set; } = [];

    /// <summary>The keys that callers must present as <c>Authorization: Bearer KEY</c>; none lets everybody in.</summary>
    public IList<string> ApiKeys { get; set; } = [];

    /// <summary>Web origins (<c>https://example.org</c>) whose pages may call the server; none, the default, keeps CORS off.</summary>
    public IList<string> CorsOrigins { get; set; } = [];

    /// <summary>Where pictures named by URL may come from; off by default.</summary>
    public PictureUrlOptions PictureUrls { get; set; } = new();

    /// <summary>The bounds of work, memory and time.</summary>
    public ServerLimits Limits { get; set; } = new();

    /// <summary>What becomes of a conversation with earlier turns, which the model cannot take into account.</summary>
    public ConversationHistory History { get; set; }

    /// <summary>Whether the page to try the model in a browser is served at <c>/</c>.</summary>
    public bool Playground { get; set; } = true;

    /// <summary>Whether <c>/metrics</c> gives metrics in Prometheus' text format; callers need a key if there are keys.</summary>
    public bool Metrics { get; set; } = true;

    /// <summary>Where metrics are sent by OTLP, such as <c>http://localhost:4317</c>; null for nowhere.</summary>
    public Uri? OtlpEndpoint { get; set; }

    /// <summary>Whether prompts and answers are written to the log. Off by default: they may be confidential. Pictures are never logged.</summary>
    public bool LogPrompts { get; set; }
}
