using System.Runtime.InteropServices;

namespace PaliSharp.Tensors;

/// <summary>Owns the memory of tensors and lends it again after they are disposed. Safe to use from several threads.</summary>
/// <remarks>
/// Free tensors are kept by size class, four classes to each power of two, so at most a fifth of the memory of a rented tensor lies idle.
/// </remarks>
public sealed unsafe class TensorPool : IDisposable
{
    private const int Alignment = 64;
    private readonly Lock _lock = new();
    private readonly Stack<Tensor>?[] _free = new Stack<Tensor>?[256];
    private readonly HashSet<nint> _blocks = [];
    private bool _disposed;

    /// <summary>Frees the memory of a pool that was not disposed.</summary>
    ~TensorPool() => FreeBlocks();

    /// <summary>Bytes held, lent or free.</summary>
    public long AllocatedBytes { get; private set; }

    /// <summary>Bytes of the tensors that are lent at present.</summary>
    public long LentBytes { get; private set; }

    /// <summary>Lends a tensor whose content is undefined.</summary>
    /// <param name="shape">The extents.</param>
    /// <returns>A tensor to be disposed after use.</returns>
    /// <exception cref="ObjectDisposedException">The pool is gone.</exception>
    /// <exception cref="OutOfMemoryException">The system has no such memory.</exception>
    public Tensor Rent(TensorShape shape)
    {
        (int sizeClass, long capacity) = SizeClass(Math.Max(shape.Count, 16));
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Stack<Tensor> free = _free[sizeClass] ??= new Stack<Tensor>();
            if (!free.TryPop(out Tensor? tensor))
                tensor = Allocate(capacity);
            tensor.Lend(shape);
            LentBytes += tensor.Capacity * sizeof(float);
            return tensor;
        }
    }

    /// <summary>Gives the memory of all tensors that are not lent back to the system.</summary>
    public void Trim()
    {
        lock (_lock)
        {
            foreach (Stack<Tensor>? free in _free)
            {
                while (free is not null && free.TryPop(out Tensor? tensor))
                {
                    _blocks.Remove((nint)tensor.Memory);
                    AllocatedBytes -= tensor.Capacity * sizeof(float);
                    NativeMemory.AlignedFree(tensor.Memory);
                }
            }
        }
    }

    /// <summary>Frees all memory, lent tensors included: using them afterwards is an error.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            Array.Clear(_free);
            FreeBlocks();
        }

        GC.SuppressFinalize(this);
    }

    internal void Return(Tensor tensor)
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            LentBytes -= tensor.Capacity * sizeof(float);
            _free[SizeClass(tensor.Capacity).Index]!.Push(tensor);
        }
    }

    private static (int Index, long Capacity) SizeClass(long count)
    {
        // Classes at 4/4, 5/4, 6/4, 7/4 of each power of two, in floats; the smallest holds 16.
        int log2 = 63 - (int)long.LeadingZeroCount(count);
        long quarter = 1L << (log2 - 2);
        long quarters = (count + quarter - 1) / quarter; // 4..8
        return quarters == 8 ? ((log2 + 1) * 4, 1L << (log2 + 1)) : ((log2 * 4) + (int)(quarters - 4), quarters * quarter);
    }

    private Tensor Allocate(long capacity)
    {
        nuint bytes = (nuint)capacity * sizeof(float);
        void* memory = NativeMemory.AlignedAlloc(bytes, HugePages.Alignment(bytes, Alignment));
        HugePages.Advise(memory, bytes);
        _blocks.Add((nint)memory);
        AllocatedBytes += capacity * sizeof(float);
        return new Tensor(this, (float*)memory, capacity);
    }

    private void FreeBlocks()
    {
        foreach (nint block in _blocks)
            NativeMemory.AlignedFree((void*)block);
        _blocks.Clear();
        AllocatedBytes = 0;
    }
}
