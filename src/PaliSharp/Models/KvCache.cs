using PaliSharp.Tensors;

namespace PaliSharp.Models;

/// <summary>
/// The keys (rotated) and values of one sequence in every layer of the decoder, so that a new token computes only its own row.
/// </summary>
public sealed class KvCache : IDisposable
{
    private readonly Tensor[] _keys;
    private readonly Tensor[] _values;

    /// <summary>Reserves room for a sequence.</summary>
    /// <param name="config">The decoder's geometry.</param>
    /// <param name="pool">Lends the memory: 2·layers·capacity·keyValueHeads·headSize floats.</param>
    /// <param name="capacity">The longest the sequence can grow, image tokens included.</param>
    public KvCache(GemmaConfig config, TensorPool pool, int capacity)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        Capacity = capacity;
        var shape = new TensorShape(capacity, config.KeyValueHeads * config.HeadSize);
        _keys = new Tensor[config.Layers];
        _values = new Tensor[config.Layers];
        try
        {
            for (int layer = 0; layer < config.Layers; layer++)
            {
                _keys[layer] = pool.Rent(shape);
                _values[layer] = pool.Rent(shape);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The most positions it can hold.</summary>
    public int Capacity { get; }

    /// <summary>The number of positions held.</summary>
    public int Length { get; private set; }

    /// <summary>The number of leading positions that all see one another.</summary>
    public int PrefixLength { get; internal set; }

    /// <summary>The bytes a cache of a given capacity takes.</summary>
    /// <param name="config">The decoder's geometry.</param>
    /// <param name="capacity">Positions.</param>
    public static long ByteSize(GemmaConfig config, int capacity) =>
        2L * sizeof(float) * config.Layers * capacity * config.KeyValueHeads * config.HeadSize;

    /// <summary>Forgets all positions after the first so many.</summary>
    /// <param name="length">0 to <see cref="Length"/>.</param>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)Length, nameof(length));
        Length = length;
    }

    /// <summary>Takes over another cache's positions from a given one on; those before must be equal already.</summary>
    /// <param name="other">A cache of the same decoder.</param>
    /// <param name="from">The first position to copy: both caches agree on all before it.</param>
    public void CopyFrom(KvCache other, int from)
    {
        ArgumentNullException.ThrowIfNull(other);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(other.Length, Capacity, nameof(other));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)from, (uint)other.Length, nameof(from));
        for (int layer = 0; layer < _keys.Length; layer++)
        {
            CopyRows(other._keys[layer], from, other.Length - from, _keys[layer], from);
            CopyRows(other._values[layer], from, other.Length - from, _values[layer], from);
        }

        Length = other.Length;
        PrefixLength = other.PrefixLength;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor? tensor in _keys)
            tensor?.Dispose();
        foreach (Tensor? tensor in _values)
            tensor?.Dispose();
    }

    internal Tensor Keys(int layer) => _keys[layer];

    internal Tensor Values(int layer) => _values[layer];

    /// <summary>Writes one layer's new rows behind the positions held; <see cref="Advance"/> makes them count after the last layer.</summary>
    internal void Write(int layer, Tensor keys, Tensor values, int start, int count)
    {
        CopyRows(keys, start, count, _keys[layer], Length);
        CopyRows(values, start, count, _values[layer], Length);
    }

    internal void Advance(int count) => Length += count;

    private static void CopyRows(Tensor source, int start, int count, Tensor destination, int destinationStart)
    {
        int columns = source.Columns;
        source.Span.Slice(start * columns, count * columns).CopyTo(destination.Span[(destinationStart * columns)..]);
    }
}
