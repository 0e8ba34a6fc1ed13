using PaliSharp.Server.Errors;

namespace PaliSharp.Server.Models;

/// <summary>The models that are served, by name. Callers' names are looked up and never become paths.</summary>
internal sealed class ModelCatalog : IDisposable
{
    private const string DemonstrationName = "paligemma-nano";

    private readonly ServedModel[] _served;
    private Dictionary<string, LoadedModel>? _loaded;

    /// <summary>Remembers what is to be served; nothing is loaded yet.</summary>
    public ModelCatalog(ServerOptions options) =>
        _served = options.Models.Count > 0 ? [.. options.Models] : [new ServedModel { Name = DemonstrationName }];

    /// <summary>Whether every model is loaded.</summary>
    public bool IsReady => Volatile.Read(ref _loaded) is not null;

    /// <summary>The names, the default first.</summary>
    public IEnumerable<string> Names => _served.Select(model => model.Name);

    /// <summary>The loaded models, the default first; none before they are loaded.</summary>
    public IEnumerable<LoadedModel> Loaded => Volatile.Read(ref _loaded) is { } loaded ? _served.Select(model => loaded[model.Name]) : [];

    /// <summary>Loads every model.</summary>
    /// <param name="warmUp">What is done with each before it is ready.</param>
    /// <param name="cancellationToken">Stops between models.</param>
    /// <exception cref="PaliSharpException">One cannot be loaded.</exception>
    public async Task LoadAsync(Func<LoadedModel, Task> warmUp, CancellationToken cancellationToken)
    {
        var loaded = new Dictionary<string, LoadedModel>(StringComparer.Ordinal);
        try
        {
            foreach (ServedModel served in _served)
            {
                cancellationToken.ThrowIfCancellationRequested();
                PaliGemma model = await Task.Run(() => PaliGemma.Load(served.Path, served.Options), cancellationToken);
                var entry = new LoadedModel(served.Name, model, DateTimeOffset.UtcNow);
                loaded.Add(served.Name, entry);
                await warmUp(entry);
            }
        }
        catch
        {
            foreach (LoadedModel entry in loaded.Values)
                entry.Model.Dispose();
            throw;
        }

        Volatile.Write(ref _loaded, loaded);
    }

    /// <summary>Finds a model.</summary>
    /// <param name="name">Its name; null for the default.</param>
    /// <exception cref="ApiException">There is no such model, or none is loaded yet.</exception>
    public LoadedModel Find(string? name)
    {
        Dictionary<string, LoadedModel> loaded = Volatile.Read(ref _loaded) ?? throw ApiException.Unavailable("The server is loading its models.", TimeSpan.FromSeconds(5));
        if (name is null)
            return loaded[_served[0].Name];
        return loaded.TryGetValue(name, out LoadedModel? model) ? model : throw ApiException.ModelNotFound(name, Names);
    }

    /// <summary>Releases the models.</summary>
    public void Dispose()
    {
        foreach (LoadedModel entry in Interlocked.Exchange(ref _loaded, null)?.Values ?? Enumerable.Empty<LoadedModel>())
            entry.Model.Dispose();
    }
}

/// <summary>A model that is loaded.</summary>
/// <param name="Name">The name callers know it by.</param>
/// <param name="Model">The model.</param>
/// <param name="LoadedAt">Since when.</param>
internal sealed record LoadedModel(string Name, PaliGemma Model, DateTimeOffset LoadedAt)
{
    /// <summary>What tells this model, as it was loaded, from others of its name.</summary>
    public string Fingerprint { get; } = $"fp_{LoadedAt.ToUnixTimeSeconds():x}";
}
