using System.Buffers;

namespace PaliSharp.Tokenization;

/// <summary>A binary heap of keys, smallest first, in pooled memory.</summary>
internal struct MergeQueue
{
    private ulong[] _keys;
    private int _count;

    /// <summary>Rents room.</summary>
    /// <param name="candidates">How many keys there are at first; it grows by itself.</param>
    public MergeQueue(int candidates) => _keys = ArrayPool<ulong>.Shared.Rent(candidates + 16);

    /// <summary>Adds a key without keeping the order; <see cref="Order"/> must follow.</summary>
    public void AddUnordered(ulong key) => _keys[_count++] = key;

    /// <summary>Restores the order in linear time.</summary>
    public readonly void Order()
    {
        for (int i = (_count / 2) - 1; i >= 0; i--)
            SiftDown(i, _keys[i]);
    }

    /// <summary>Adds a key.</summary>
    public void Add(ulong key)
    {
        if (_count == _keys.Length)
            Grow();
        int i = _count++;
        while (i > 0)
        {
            int parent = (i - 1) / 2;
            if (_keys[parent] <= key)
                break;
            _keys[i] = _keys[parent];
            i = parent;
        }

        _keys[i] = key;
    }

    /// <summary>Takes the smallest key.</summary>
    public bool TryTake(out ulong key)
    {
        if (_count == 0)
        {
            key = 0;
            return false;
        }

        key = _keys[0];
        ulong last = _keys[--_count];
        if (_count > 0)
            SiftDown(0, last);
        return true;
    }

    /// <summary>Gives the memory back.</summary>
    public void Return()
    {
        ArrayPool<ulong>.Shared.Return(_keys);
        _keys = [];
        _count = 0;
    }

    private readonly void SiftDown(int i, ulong key)
    {
        ulong[] keys = _keys;
        while (true)
        {
            int child = (2 * i) + 1;
            if (child >= _count)
                break;
            if (child + 1 < _count && keys[child + 1] < keys[child])
                child++;
            if (key <= keys[child])
                break;
            keys[i] = keys[child];
            i = child;
        }

        keys[i] = key;
    }

    private void Grow()
    {
        ulong[] grown = ArrayPool<ulong>.Shared.Rent(_keys.Length * 2);
        _keys.AsSpan(0, _count).CopyTo(grown);
        ArrayPool<ulong>.Shared.Return(_keys);
        _keys = grown;
    }
}
