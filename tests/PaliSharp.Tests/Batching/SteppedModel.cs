using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.TestSupport;

namespace PaliSharp.Tests.Batching;

/// <summary>The demonstration model whose batch takes a turn only when it is told to.</summary>
internal sealed class SteppedModel : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly SemaphoreSlim _turns = new(0);
    private readonly SemaphoreSlim _asked = new(0);
    private volatile bool _isFree;

    // Turns as short as those of a large model.
    public SteppedModel(PaliGemmaOptions? options = null, ManualClock? clock = null) =>
        Model = PaliGemma.Load(options: (options ?? new PaliGemmaOptions()) with { Clock = clock, BeforeTurn = Wait, MultiplyAddsPerTurn = 0 });

    public PaliGemma Model { get; }

    public static Image Picture(string name) => Image.Load(Path.Combine(GoldenData.Bundled, "nano", name));

    /// <summary>Options under which an answer has exactly so many tokens.</summary>
    public static GenerationOptions Exactly(int tokens) => new() { MaxNewTokens = tokens, ForbiddenIds = [1] };

    /// <summary>Waits until the batch is empty: callers have their answers a moment before what they held is cleared away.</summary>
    public static async Task IdleAsync(PaliGemma model)
    {
        for (int i = 0; i < 1000 && model.GetStatistics() is { Running: > 0 } or { LentBytes: > 0, PictureCacheBytes: 0 }; i++)
            await Task.Delay(5);
    }

    /// <summary>Lets the batch take so many turns and waits until they are over.</summary>
    public void Turn(int count = 1)
    {
        for (int i = 0; i < count; i++)
        {
            if (!_asked.Wait(Patience))
                throw new TimeoutException("The batch did not ask for a turn.");
            _turns.Release();
        }

        // The turn is over when the next one is asked for; an idle batch does not ask.
        if (_asked.Wait(TimeSpan.FromMilliseconds(500)))
            _asked.Release();
    }

    /// <summary>Turns until something is so.</summary>
    public void TurnUntil(Func<bool> isSo)
    {
        for (int turns = 0; !isSo(); turns++)
        {
            if (turns == 1000)
                throw new TimeoutException("It did not come about in 1,000 turns.");
            Turn();
        }
    }

    /// <summary>From now on turns are taken freely.</summary>
    public void RunFreely()
    {
        _isFree = true;
        _turns.Release();
    }

    public void Dispose()
    {
        RunFreely();
        Model.Dispose();
        _turns.Dispose();
        _asked.Dispose();
    }

    private void Wait()
    {
        if (_isFree)
            return;
        _asked.Release();
        _turns.Wait();
    }
}
