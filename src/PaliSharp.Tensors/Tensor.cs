namespace PaliSharp.Tensors;

/// <summary>
/// Activations: a dense row-major float32 tensor in 64-byte-aligned native memory. It belongs to a <see cref="TensorPool"/>;
/// disposing returns object and memory to the pool, so that a decode loop that disposes what it rents allocates nothing.
/// </summary>
/// <remarks>Rows (<see cref="Rows"/>) and columns (<see cref="Columns"/>) read any rank as a matrix of its innermost extent.</remarks>
public sealed unsafe class Tensor : IDisposable
{
    private readonly TensorPool _pool;
    private readonly float* _memory;
    private int _holders;

    internal Tensor(TensorPool pool, float* memory, long capacity)
    {
        _pool = pool;
        _memory = memory;
        Capacity = capacity;
    }

    /// <summary>The extents.</summary>
    public TensorShape Shape { get; private set; }

    /// <summary>The product of all extents but the innermost.</summary>
    public int Rows => Shape.Rows;

    /// <summary>The innermost extent.</summary>
    public int Columns => Shape.Columns;

    /// <summary>The number of floats the memory can hold.</summary>
    internal long Capacity { get; }

    /// <summary>The first element. Valid until the tensor is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The tensor has been returned to its pool.</exception>
    public float* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_holders == 0, this);
            return _memory;
        }
    }

    /// <summary>All elements, row-major.</summary>
    /// <exception cref="ObjectDisposedException">The tensor has been returned to its pool.</exception>
    public Span<float> Span => new(Pointer, checked((int)Shape.Count));

    /// <summary>One row of <see cref="Columns"/> elements.</summary>
    /// <param name="index">0 to <see cref="Rows"/> − 1.</param>
    public Span<float> Row(int index) => Span.Slice(checked(index * Columns), Columns);

    /// <summary>Gives the same elements other extents of the same product.</summary>
    /// <param name="shape">The new extents.</param>
    /// <returns>This tensor.</returns>
    /// <exception cref="ArgumentException">The number of elements differs.</exception>
    public Tensor Reshape(TensorShape shape)
    {
        if (shape.Count != Shape.Count)
            throw new ArgumentException($"A tensor of shape {Shape} cannot be read as {shape}: {Shape.Count} elements are not {shape.Count}.", nameof(shape));
        Shape = shape;
        return this;
    }

    /// <summary>
    /// Counts how often this object has been lent. Objects are lent again after they were disposed, so that only object and number together
    /// tell one tensor from another.
    /// </summary>
    public long Lease { get; private set; }

    /// <summary>True if nobody but the caller holds the tensor, so that it may be written to.</summary>
    public bool IsHeldOnce => _holders == 1;

    /// <summary>Adds a holder, who has to dispose the tensor as well: it is returned to its pool by the last.</summary>
    /// <returns>This tensor.</returns>
    /// <exception cref="ObjectDisposedException">The tensor has been returned to its pool.</exception>
    public Tensor Retain()
    {
        ObjectDisposedException.ThrowIf(_holders == 0, this);
        _holders++;
        return this;
    }

    /// <summary>Returns memory and object to the pool, if no other holder was added. Further use throws; a call after the last does nothing.</summary>
    public void Dispose()
    {
        if (_holders == 0 || --_holders > 0)
            return;
        _pool.Return(this);
    }

    internal void Lend(TensorShape shape)
    {
        Shape = shape;
        Lease++;
        _holders = 1;
    }

    internal float* Memory => _memory;
}
