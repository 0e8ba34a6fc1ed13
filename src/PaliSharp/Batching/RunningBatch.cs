using PaliSharp.Imaging;
using PaliSharp.Models;

namespace PaliSharp.Batching;

/// <summary>
/// The items that have a place in the batch, from their pictures to their last token. One thread takes it on, turn by turn.
/// </summary>
/// <remarks>
/// A turn writes one token for every sequence that is being written, then takes the passes of new pictures and prompts, which may be left off
/// between layers, on by so many rows: new requests come in quickly, and nobody's text stands still while they do. Work is measured in rows,
/// never by the clock, so that the same requests in the same order meet in the same steps and give the same bits every time.
/// </remarks>
internal sealed class RunningBatch
{
    // Pictures and prompts go through together up to so many rows: as many as a product takes at once. More would read the weights again
    // anyway, and what passes from one operation to the next would no longer stay in the caches.
    private const int MaxRowsTogether = 512;

    // Memory kept for later requests beyond half the budget of keys and values is given back: requests of ever other lengths would hoard it.
    private const long LeastFreeBytes = 256L << 20;

    // While texts are being written, a turn takes so many new rows through all layers, or the equivalent. Writing one token reads all weights,
    // which takes about as long as computing some five rows; so new requests get a few times the time of those being written. Of a small model
    // it takes more rows, as many as are computed in no noticeable time.
    private const int RowsPerTurn = 16;

    private readonly PaliGemmaModel _model;
    private readonly PicturePreparation _preparation;
    private readonly PictureStore _store;
    private readonly BatchCounters _counters;
    private readonly BatchPace _pace;
    private readonly long _maxFreeBytes;
    private readonly int _allowance;
    private readonly TokenStep _tokens;
    private readonly List<BatchItem> _items = [];
    private readonly List<BatchItem> _arrived = [];
    private readonly List<BatchItem> _encoding = [];
    private readonly List<GenerationItem> _prompts = [];
    private readonly List<GenerationItem> _decoding = [];
    private readonly List<BatchItem> _stepwise = [];
    private BatchPass? _pass;
    private int _count;
    private int _decodingCount;
    private long _kvBytes;

    /// <summary>Prepares an empty batch.</summary>
    /// <param name="model">The model.</param>
    /// <param name="preparation">Resizes pictures.</param>
    /// <param name="store">Keeps encoded pictures.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="counters">Counts what happens.</param>
    /// <param name="pace">Learns how long items take.</param>
    public RunningBatch(
        PaliGemmaModel model, PicturePreparation preparation, PictureStore store, BatchLimits limits, BatchCounters counters, BatchPace pace)
    {
        _model = model;
        _preparation = preparation;
        _store = store;
        _counters = counters;
        _pace = pace;
        _maxFreeBytes = Math.Max(limits.KvBytes / 2, LeastFreeBytes);
        _tokens = new TokenStep(model, counters);
        long layer = PassShares.LayerElements(model.Config.Text);
        _allowance = (int)Math.Clamp(limits.MultiplyAddsPerTurn / layer, RowsPerTurn * model.Config.Text.Layers, int.MaxValue);
    }

    /// <summary>How many items have a place.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>How many of them are being written.</summary>
    public int Decoding => Volatile.Read(ref _decodingCount);

    /// <summary>The bytes of keys and values set aside for them.</summary>
    public long KvBytes => Interlocked.Read(ref _kvBytes);

    /// <summary>The sequences they take at most.</summary>
    public int Rows { get; private set; }

    /// <summary>Gives an item a place.</summary>
    public void Add(BatchItem item)
    {
        item.NoteAdmitted();
        _items.Add(item);
        _arrived.Add(item);
        Rows += item.Rows;
        Interlocked.Add(ref _kvBytes, item.KvBytes);
        Volatile.Write(ref _count, _items.Count);
    }

    /// <summary>Does what can be done now.</summary>
    /// <returns>False if there was nothing.</returns>
    public bool TakeTurn()
    {
        ClearAway();
        TakePictures();
        Sort();
        bool decoded = Decode();
        int allowance = decoded ? _allowance : 1;
        bool stepped = false;
        while (allowance > 0 && StepOnce(ref allowance))
        {
            stepped = true;
            ClearAway();
            Sort();
        }

        ClearAway();
        return decoded || stepped;
    }

    /// <summary>Ends every item with an error and frees what they hold.</summary>
    public void FailAll(Exception exception)
    {
        _pass?.Dispose();
        _pass = null;
        foreach (BatchItem item in _items)
            item.Fail(exception);
        ClearAway();
    }

    /// <summary>Finds the pictures of those who have come, or resizes them to be encoded.</summary>
    private void TakePictures()
    {
        if (_arrived.Count == 0)
            return;
        List<Image> unknown = [];
        foreach (BatchItem item in _arrived)
        {
            for (int i = 0; i < item.Images.Count; i++)
            {
                item.Pictures[i] = _store.Find(item.Images[i]);
                if (item.Pictures[i] is null && !unknown.Contains(item.Images[i]))
                    unknown.Add(item.Images[i]);
            }
        }

        if (unknown.Count > 0)
            Place(unknown, _preparation.Prepare(unknown));
        _encoding.AddRange(_arrived);
        _arrived.Clear();
    }

    private void Place(List<Image> images, PreparedPixels[] prepared)
    {
        foreach (BatchItem item in _arrived)
        {
            for (int i = 0; i < item.Images.Count; i++)
            {
                if (item.Pictures[i] is not null)
                    continue;
                int index = images.IndexOf(item.Images[i]);
                if (prepared[index].Failure is { } failure)
                    item.Fail(Wrap(failure));
                else
                    item.Pictures[i] = _store.FindOrAdd(images[index], prepared[index].Key, prepared[index].Pixels!);
            }
        }
    }

    /// <summary>Moves items whose pictures are there to what they need next.</summary>
    private void Sort()
    {
        int kept = 0;
        for (int i = 0; i < _encoding.Count; i++)
        {
            BatchItem item = _encoding[i];
            if (!Array.TrueForAll(item.Pictures, picture => picture is { IsReady: true }))
            {
                _encoding[kept++] = item;
                continue;
            }

            item.NoteEncoded();
            switch (item)
            {
                case GenerationItem generation:
                    _prompts.Add(generation);
                    break;
                case PictureItem picture:
                    picture.Complete(_store);
                    break;
                default:
                    _stepwise.Add(item);
                    break;
            }
        }

        _encoding.RemoveRange(kept, _encoding.Count - kept);
    }

    private bool Decode()
    {
        if (_decoding.Count == 0)
            return false;
        try
        {
            _tokens.Continue(_decoding);
        }
        catch (Exception exception) // the pass they share failed, so all of them did
        {
            foreach (GenerationItem item in _decoding)
                item.Fail(Wrap(exception));
        }

        ClearAway();
        return true;
    }

    /// <summary>Takes the pass under way one layer further, or begins one; where there is none, other work one step.</summary>
    private bool StepOnce(ref int allowance)
    {
        bool stepped = StepOther(ref allowance);
        _pass ??= NextPass();
        if (_pass is null)
            return stepped;
        allowance -= _pass.Rows;
        bool isOver = _pass.IsAbandoned;
        try
        {
            isOver = isOver || _pass.Step();
        }
        catch (Exception exception) // ends what the pass was for
        {
            _pass.Fail(Wrap(exception));
            isOver = true;
        }

        if (isOver)
            EndPass();
        return true;
    }

    private void EndPass()
    {
        if (_pass is PrefillPass prefill)
            _decoding.AddRange(prefill.Items);
        foreach (BatchItem item in _encoding)
        {
            if (Array.Find(item.Pictures, picture => picture is { Failure: not null }) is { } failed)
                item.Fail(failed.Failure!);
        }

        _pass!.Dispose();
        _pass = null;
        ClearAway();
    }

    private BatchPass? NextPass()
    {
        // Prompts first: sequences that decode together cost little more than one.
        if (_prompts.Count > 0)
        {
            var items = new List<GenerationItem>();
            for (int rows = 0; items.Count < _prompts.Count && rows < MaxRowsTogether;)
            {
                GenerationItem item = _prompts[items.Count];
                items.Add(item);
                rows += item.PromptPositions;
            }

            _prompts.RemoveRange(0, items.Count);
            return new PrefillPass(_model, _tokens, _counters, items);
        }

        if (!_store.HasPending)
            return null;
        List<EncodedPicture> pictures = _store.TakePending(Math.Max(1, MaxRowsTogether / _model.Config.ImageTokens));
        return pictures.Count > 0 ? new PicturePass(_model, _store, pictures) : null;
    }

    private bool StepOther(ref int allowance)
    {
        if (_stepwise.Count == 0)
            return false;
        allowance -= MaxRowsTogether; // nothing is known about its size
        BatchItem item = _stepwise[0];
        _stepwise.RemoveAt(0);
        _stepwise.Add(item);
        try
        {
            ((IStepwiseItem)item).Step();
        }
        catch (Exception exception) // the item's own
        {
            item.Fail(Wrap(exception));
        }

        return true;
    }

    /// <summary>Frees what items hold that are over; those in a pass under way follow when it ends.</summary>
    private void ClearAway()
    {
        int kept = 0;
        for (int i = 0; i < _items.Count; i++)
        {
            BatchItem item = _items[i];
            if (item.IsOver && !IsInPass(item))
                Remove(item);
            else
                _items[kept++] = item;
        }

        if (kept < _items.Count && _model.Backend.Pool is var pool && pool.AllocatedBytes - pool.LentBytes > _maxFreeBytes)
            pool.Trim();
        _items.RemoveRange(kept, _items.Count - kept);
        Volatile.Write(ref _count, kept);
        Volatile.Write(ref _decodingCount, _decoding.Count);
    }

    private bool IsInPass(BatchItem item) => item is GenerationItem generation && _pass is PrefillPass prefill && prefill.Items.Contains(generation);

    private void Remove(BatchItem item)
    {
        item.Release();
        if (item.Succeeded)
            _pace.Note(item.ServiceTime());
        foreach (EncodedPicture? picture in item.Pictures)
        {
            if (picture is not null)
                _store.Release(picture);
        }

        Array.Clear(item.Pictures);
        Rows -= item.Rows;
        Interlocked.Add(ref _kvBytes, -item.KvBytes);
        _arrived.Remove(item);
        _encoding.Remove(item);
        _stepwise.Remove(item);
        if (item is not GenerationItem generation)
            return;
        _prompts.Remove(generation);
        _decoding.Remove(generation);
    }

    private static Exception Wrap(Exception exception) => exception is OutOfMemoryException
        ? new ResourceLimitException("The system has not enough memory for the request. Ask for fewer tokens, lower MaxBatch or KvCacheBytes, or use quantised weights.", exception)
        : exception;
}
