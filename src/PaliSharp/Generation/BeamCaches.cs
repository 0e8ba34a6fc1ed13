using PaliSharp.Models;

namespace PaliSharp.Generation;

/// <summary>
/// The caches of the live beams. All agree on the prompt, so when a beam is continued more than once only the generated positions are copied;
/// a beam's first continuation takes its cache over as it is.
/// </summary>
/// <param name="create">Makes a cache with room for prompt and answer.</param>
internal sealed class BeamCaches(Func<KvCache> create) : IDisposable
{
    private KvCache[] _live = [create()];
    private readonly List<KvCache> _free = [];

    /// <summary>The cache of a live beam.</summary>
    public KvCache this[int beam] => _live[beam];

    /// <summary>Gives each beam of the next step the positions of its parent.</summary>
    /// <param name="steps">The next beams.</param>
    /// <param name="shared">The leading positions on which all caches agree once they have been filled.</param>
    public void Follow(ReadOnlySpan<BeamStep> steps, int shared)
    {
        var next = new KvCache[steps.Length];
        var isTaken = new bool[_live.Length];
        for (int i = 0; i < steps.Length; i++)
        {
            if (isTaken[steps[i].Parent])
                continue;
            isTaken[steps[i].Parent] = true;
            next[i] = _live[steps[i].Parent];
        }

        for (int i = 0; i < _live.Length; i++)
        {
            if (!isTaken[i])
                _free.Add(_live[i]);
        }

        for (int i = 0; i < steps.Length; i++)
        {
            if (next[i] is not null)
                continue;
            KvCache cache = TakeFree();
            cache.CopyFrom(_live[steps[i].Parent], Math.Min(cache.Length, shared));
            next[i] = cache;
        }

        _live = next;
    }

    public void Dispose()
    {
        foreach (KvCache cache in _live)
            cache.Dispose();
        foreach (KvCache cache in _free)
            cache.Dispose();
    }

    private KvCache TakeFree()
    {
        if (_free.Count == 0)
            return create();
        KvCache cache = _free[^1];
        _free.RemoveAt(_free.Count - 1);
        return cache;
    }
}
