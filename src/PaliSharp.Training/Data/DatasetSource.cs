using System.Collections;
using System.Globalization;

namespace PaliSharp.Training.Data;

/// <summary>
/// An endless stream of a set's examples, shuffled anew for each pass, loaded and augmented ahead. Its position is the number of items gone by,
/// bad ones included, so that everything about the next example is a function of position and seed.
/// </summary>
internal sealed class DatasetSource : ITrainingSource
{
    private readonly ExampleSet _set;
    private readonly ExampleLoader _loader;
    private readonly OrderedPrefetcher<LoadedItem> _prefetcher;
    private readonly ulong _seed;
    private readonly bool _shuffle;
    private readonly BitArray _reported;
    private readonly DataReport _report = new();
    private readonly int[]? _order;
    private long _orderEpoch = -1;
    private long _position;

    /// <summary>Begins at the first item.</summary>
    public DatasetSource(ExampleSet set, ExampleLoader loader, ulong seed, bool shuffle, PrefetchOptions prefetch)
    {
        (_set, _loader, _seed, _shuffle) = (set, loader, seed, shuffle);
        _reported = new BitArray(set.Count);
        _report.Add(set.OpeningReport);
        _order = shuffle ? new int[set.Count] : null;
        _prefetcher = new OrderedPrefetcher<LoadedItem>(Start, prefetch.Ahead, prefetch.Threads);
    }

    public long? ExamplesPerEpoch => _set.Count;

    public DataReport Report => _report;

    public TrainingExample Next()
    {
        // A good item may come first in one pass and last in the next: after two passes without any, there is none.
        for (long bad = 0; bad < 2L * _set.Count; bad++)
        {
            LoadedItem item = _prefetcher.Take();
            _position++;
            if (item.Example is { } example)
                return example;
            if (_reported[item.Index])
                continue;
            _reported[item.Index] = true;
            _report.Add(item.Problem!.Kind, item.Problem.Message);
        }

        throw new RecipeException($"None of {_set.Count} items can be used; {_report}");
    }

    public string SavePosition() => string.Create(CultureInfo.InvariantCulture, $"{_set.Fingerprint}:{_position}");

    public void RestorePosition(string position)
    {
        ArgumentNullException.ThrowIfNull(position);
        int colon = position.LastIndexOf(':');
        if (colon < 0
            || !position.AsSpan(0, colon).SequenceEqual(_set.Fingerprint)
            || !long.TryParse(position.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long place))
        {
            throw new RecipeException($"The position '{position}' does not belong to this data ({_set.Fingerprint}). Resume with the data that "
                + "the training was begun with.");
        }

        _position = place;
        _prefetcher.MoveTo(place);
    }

    private Func<LoadedItem> Start(long place)
    {
        long epoch = place / _set.Count;
        int index = (int)(place % _set.Count);
        if (_shuffle)
            index = Order(epoch)[index];
        return () => _loader.Load(_set, new ItemDraw(_seed, epoch, index));
    }

    private int[] Order(long epoch)
    {
        if (epoch != _orderEpoch)
        {
            for (int i = 0; i < _order!.Length; i++)
                _order[i] = i;
            Shuffling.Shuffle(_order, new ItemDraw(_seed, epoch, 0).Random(0));
            _orderEpoch = epoch;
        }

        return _order!;
    }
}

/// <summary>How far and with how many threads examples are loaded ahead.</summary>
/// <param name="Ahead">The most examples loaded or waiting; their decoded pictures are in memory.</param>
/// <param name="Threads">The most loaded at once.</param>
internal readonly record struct PrefetchOptions(int Ahead, int Threads);
