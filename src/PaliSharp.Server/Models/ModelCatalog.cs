using PaliSharp.Generation;
using PaliSharp.Hosting;
using PaliSharp.Imaging;
using PaliSharp.Server.Hosting;

namespace PaliSharp.Server.Models;

/// <summary>The models that are served, by name. Callers' names are looked up and never become paths.</summary>
internal sealed class ModelCatalog : IDisposable
{
    private const string DemonstrationName = "paligemma-nano";
    private const byte Grey = 127;
    private const int WarmUpTokens = 4;

    private readonly ModelHost _host;
    private readonly bool _isBounded;
    private volatile bool _isReady;

    /// <summary>Remembers what is to be served; nothing is loaded yet.</summary>
    /// <exception cref="ArgumentException">A name is malformed or given twice, or a limit is out of range.</exception>
    public ModelCatalog(ServerOptions options)
    {
        _isBounded = options.MaxWeightBytes is not null;
        _host = new ModelHost(new ModelHostOptions
        {
            Models = options.Models.Count > 0 ? [.. options.Models] : [new HostedModel { Name = DemonstrationName }],
            MaxWeightBytes = options.MaxWeightBytes,
            ReloadInterval = options.ReloadInterval,
            WarmUp = WarmUpAsync,
        });
    }

    /// <summary>Whether the models that are loaded at the start are.</summary>
    public bool IsReady => _isReady;

    /// <summary>The names, the default first.</summary>
    public IReadOnlyList<string> Names => _host.Names;

    /// <summary>What each model is now, the default first.</summary>
    public IReadOnlyList<HostedModelState> State => _host.GetState();

    /// <summary>Loads every model; where memory is bounded, the default alone, the others when they are asked for.</summary>
    /// <exception cref="PaliSharpException">One cannot be loaded.</exception>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        foreach (string name in _isBounded ? _host.Names.Take(1) : _host.Names)
            (await _host.AcquireAsync(name, cancellationToken)).Dispose();
        _isReady = true;
    }

    /// <summary>Gives a request the use of a model until it ends.</summary>
    /// <param name="name">The model's name; null for the default.</param>
    /// <param name="call">The request.</param>
    /// <exception cref="UnknownModelException">There is no such model.</exception>
    /// <exception cref="PaliSharpException">It cannot be loaded.</exception>
    public async Task<ModelLease> OpenAsync(string? name, ApiCall call)
    {
        ModelLease lease = await _host.AcquireAsync(name, call.Cancellation);
        call.Hold(lease);
        return lease;
    }

    /// <summary>Releases the models.</summary>
    public void Dispose() => _host.Dispose();

    // The first caller should not pay for pages read from disk and code compiled, those of the picture encoder included.
    private static async Task WarmUpAsync(PaliGemma model, CancellationToken cancellationToken)
    {
        if (model.Tokenizer is null)
            return;
        int size = model.Config.Vision.ImageSize;
        byte[] pixels = new byte[size * size * 3];
        Array.Fill(pixels, Grey);
        await model.GenerateAsync(Image.FromPixels(size, size, pixels), "caption en", new GenerationOptions { MaxNewTokens = WarmUpTokens }, cancellationToken);
    }
}
