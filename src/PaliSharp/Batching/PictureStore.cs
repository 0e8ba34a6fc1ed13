using System.Runtime.CompilerServices;
using PaliSharp.Imaging;
using PaliSharp.Tensors;

namespace PaliSharp.Batching;

/// <summary>
/// The encoded pictures of a model by content: those that items of the batch need, and as many others as fit a budget, the ones used longest ago
/// leaving first. Only the projector's output is kept: it depends on the picture alone, which keys and values of the decoder do not.
/// </summary>
/// <param name="budget">The most bytes kept beside what is in use.</param>
internal sealed class PictureStore(long budget)
{
    private readonly Lock _gate = new();
    private readonly ConditionalWeakTable<Image, StrongBox<PictureKey>> _keys = [];
    private readonly Dictionary<PictureKey, LinkedListNode<EncodedPicture>> _pictures = [];
    private readonly LinkedList<EncodedPicture> _byUse = new(); // the one used last comes first
    private readonly Queue<EncodedPicture> _pending = new();
    private long _bytes;
    private long _hits;
    private long _misses;
    private bool _closed;

    /// <summary>The bytes of all encodings.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>How often a picture was there, encoded or about to be.</summary>
    public long Hits => Interlocked.Read(ref _hits);

    /// <summary>How often it was not.</summary>
    public long Misses => Interlocked.Read(ref _misses);

    /// <summary>Whether pictures wait to be encoded.</summary>
    public bool HasPending
    {
        get
        {
            lock (_gate)
                return _pending.Count > 0;
        }
    }

    /// <summary>Finds a picture whose content has been seen in this very object, without touching a pixel.</summary>
    /// <returns>The picture, with a use counted, or null.</returns>
    public EncodedPicture? Find(Image image)
    {
        lock (_gate)
        {
            return _keys.TryGetValue(image, out StrongBox<PictureKey>? key) ? Use(key.Value) : null;
        }
    }

    /// <summary>Finds a picture by its content, or takes it in to be encoded.</summary>
    /// <param name="image">The object it came from.</param>
    /// <param name="key">Its content.</param>
    /// <param name="pixels">The encoder's input; owned from here on.</param>
    /// <returns>The picture, with a use counted.</returns>
    public EncodedPicture FindOrAdd(Image image, PictureKey key, Tensor pixels)
    {
        lock (_gate)
        {
            _keys.AddOrUpdate(image, new StrongBox<PictureKey>(key));
            if (Use(key) is { } known)
            {
                if (known.Pixels != pixels)
                    pixels.Dispose();
                return known;
            }

            Interlocked.Increment(ref _misses);
            var picture = new EncodedPicture(key, pixels) { Users = 1 };
            _pictures.Add(key, _byUse.AddFirst(picture));
            _pending.Enqueue(picture);
            return picture;
        }
    }

    /// <summary>Takes pictures out to be encoded, in the order they came. What nobody needs any more is dropped on the way.</summary>
    /// <param name="most">How many at most.</param>
    public List<EncodedPicture> TakePending(int most)
    {
        var taken = new List<EncodedPicture>();
        lock (_gate)
        {
            while (taken.Count < most && _pending.TryDequeue(out EncodedPicture? picture))
            {
                if (picture.Users > 0)
                    taken.Add(picture);
            }
        }

        return taken;
    }

    /// <summary>Stores an encoding.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="rows">[imageTokens, width]; owned from here on.</param>
    public void Complete(EncodedPicture picture, Tensor rows)
    {
        lock (_gate)
        {
            picture.Complete(rows);
            if (Node(picture) is not null)
            {
                Interlocked.Add(ref _bytes, picture.Bytes);
                Evict();
            }
            else
            {
                picture.Release(); // everybody left while it was being encoded
            }
        }
    }

    /// <summary>Drops a picture that could not be encoded; its users see why.</summary>
    public void Fail(EncodedPicture picture, Exception exception)
    {
        lock (_gate)
        {
            picture.Failure = exception;
            picture.DropPixels();
            Forget(picture);
        }
    }

    /// <summary>Keeps a picture beyond the item that needed it.</summary>
    /// <returns>Dispose it, on any thread, to let the picture go.</returns>
    public IDisposable Hold(EncodedPicture picture)
    {
        lock (_gate)
        {
            picture.Users++;
            return new Holding(this, picture);
        }
    }

    /// <summary>Ends a use.</summary>
    public void Release(EncodedPicture picture)
    {
        lock (_gate)
        {
            if (--picture.Users > 0 || _closed)
                return;
            if (picture.IsReady)
                Evict();
            else
                Forget(picture);
        }
    }

    /// <summary>Frees all pictures; nobody needs them any more.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            foreach (EncodedPicture picture in _byUse)
                picture.Release();
            _pending.Clear();
            _pictures.Clear();
            _byUse.Clear();
            Interlocked.Exchange(ref _bytes, 0);
        }
    }

    private EncodedPicture? Use(PictureKey key)
    {
        if (!_pictures.TryGetValue(key, out LinkedListNode<EncodedPicture>? node))
            return null;
        Interlocked.Increment(ref _hits);
        _byUse.Remove(node);
        _byUse.AddFirst(node);
        node.Value.Users++;
        return node.Value;
    }

    private void Evict()
    {
        for (LinkedListNode<EncodedPicture>? node = _byUse.Last; node is not null && _bytes > budget;)
        {
            LinkedListNode<EncodedPicture>? before = node.Previous;
            if (node.Value is { Users: 0, IsReady: true })
                Forget(node.Value);
            node = before;
        }
    }

    private void Forget(EncodedPicture picture)
    {
        if (Node(picture) is not { } node)
            return;
        _pictures.Remove(picture.Key);
        _byUse.Remove(node);
        Interlocked.Add(ref _bytes, -picture.Bytes);
        picture.Release();
    }

    /// <summary>Where a picture is kept; null if it was forgotten, even if an equal one has been taken in since.</summary>
    private LinkedListNode<EncodedPicture>? Node(EncodedPicture picture) =>
        _pictures.TryGetValue(picture.Key, out LinkedListNode<EncodedPicture>? node) && node.Value == picture ? node : null;

    private sealed class Holding(PictureStore store, EncodedPicture picture) : IDisposable
    {
        private int _disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
                store.Release(picture);
        }
    }
}
