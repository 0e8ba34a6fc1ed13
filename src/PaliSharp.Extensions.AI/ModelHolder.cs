using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace PaliSharp.Extensions.AI;

/// <summary>Loads the model of a program once, when it is needed first, and disposes it with the program's services.</summary>
internal sealed class ModelHolder : IDisposable
{
    private readonly Lazy<PaliGemma> _model;

    /// <summary>Remembers what to load.</summary>
    public ModelHolder(IOptions<PaliSharpOptions> options) =>
        _model = new Lazy<PaliGemma>(() => PaliGemma.Load(options.Value.Model, options.Value.ToModelOptions()));

    /// <summary>Whether it is loaded.</summary>
    public bool IsLoaded => _model.IsValueCreated;

    /// <summary>The model.</summary>
    /// <exception cref="PaliSharpException">It cannot be loaded.</exception>
    public PaliGemma Model => _model.Value;

    /// <summary>Releases it, if it was loaded.</summary>
    public void Dispose()
    {
        if (_model.IsValueCreated)
            _model.Value.Dispose();
    }
}

/// <summary>Loads the model while the program starts, and asks it once about a picture, so that nobody waits for code to be compiled later.</summary>
internal sealed class ModelStart(ModelHolder holder, IOptions<PaliSharpOptions> options) : IHostedService
{
    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!options.Value.LoadAtStart)
            return;
        PaliGemma model = await Task.Run(() => holder.Model, cancellationToken).ConfigureAwait(false);
        await model.WarmUpAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
