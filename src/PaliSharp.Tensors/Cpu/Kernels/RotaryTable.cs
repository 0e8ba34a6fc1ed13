using System.Runtime.InteropServices;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>
/// Cosines and sines of the rotary angles of one head size and base. Filled page by page as positions are met, so that a decode loop
/// computes each angle once. Safe to use from several threads.
/// </summary>
/// <remarks>
/// Angles, cosines and sines are computed in float64 and rounded once: the angle of position 8191 in float32 would be off by 2e-4.
/// </remarks>
internal sealed unsafe class RotaryTable : IDisposable
{
    /// <summary>Positions from here on are refused: they would need an unreasonable table.</summary>
    public const int MaximumPositions = 1 << 20;

    private const int PagePositions = 64;
    private readonly Lock _lock = new();
    private readonly double[] _frequencies;
    private readonly float** _pages;
    private bool _disposed;

    /// <summary>Creates an empty table.</summary>
    /// <param name="headSize">Even.</param>
    /// <param name="thetaBase">The base of the wavelengths.</param>
    public RotaryTable(int headSize, float thetaBase)
    {
        HeadSize = headSize;
        ThetaBase = thetaBase;
        _frequencies = new double[headSize / 2];
        for (int i = 0; i < _frequencies.Length; i++)
            _frequencies[i] = Math.Pow(thetaBase, -2.0 * i / headSize);
        _pages = (float**)NativeMemory.AllocZeroed(MaximumPositions / PagePositions, (nuint)sizeof(float*));
    }

    ~RotaryTable() => Free();

    /// <summary>The width of a head.</summary>
    public int HeadSize { get; }

    /// <summary>The base of the wavelengths.</summary>
    public float ThetaBase { get; }

    /// <summary>The cosines of one position, then its sines, HeadSize ÷ 2 of each. Valid until the table is disposed.</summary>
    /// <param name="position">0 to <see cref="MaximumPositions"/> − 1; <see cref="Prepare"/> was called for it.</param>
    public float* At(int position) => _pages[position / PagePositions] + ((long)(position % PagePositions) * HeadSize);

    /// <summary>Makes sure that the page of a position is filled.</summary>
    /// <param name="position">0 to <see cref="MaximumPositions"/> − 1.</param>
    public void Prepare(int position)
    {
        int page = position / PagePositions;
        if (Volatile.Read(ref *(nint*)(_pages + page)) != 0)
            return;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_pages[page] == null)
                Volatile.Write(ref *(nint*)(_pages + page), (nint)Compute(page * PagePositions));
        }
    }

    /// <summary>Frees the pages.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (!_disposed)
                Free();
            _disposed = true;
        }

        GC.SuppressFinalize(this);
    }

    private float* Compute(int firstPosition)
    {
        var page = (float*)NativeMemory.AlignedAlloc((nuint)PagePositions * (nuint)HeadSize * sizeof(float), 64);
        float* cosines = page;
        for (int position = firstPosition; position < firstPosition + PagePositions; position++, cosines += HeadSize)
        {
            float* sines = cosines + _frequencies.Length;
            for (int i = 0; i < _frequencies.Length; i++)
            {
                (double sine, double cosine) = Math.SinCos(position * _frequencies[i]);
                cosines[i] = (float)cosine;
                sines[i] = (float)sine;
            }
        }

        return page;
    }

    private void Free()
    {
        for (int i = 0; i < MaximumPositions / PagePositions; i++)
            NativeMemory.AlignedFree(_pages[i]);
        NativeMemory.Free(_pages);
    }
}

/// <summary>The rotary tables of a backend, one for each head size and base it has met.</summary>
internal sealed class RotaryTables : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<RotaryTable> _tables = [];

    /// <summary>Finds or creates a table.</summary>
    public RotaryTable Get(int headSize, float thetaBase)
    {
        lock (_lock)
        {
            foreach (RotaryTable table in _tables)
            {
                if (table.HeadSize == headSize && table.ThetaBase == thetaBase)
                    return table;
            }

            var created = new RotaryTable(headSize, thetaBase);
            _tables.Add(created);
            return created;
        }
    }

    /// <summary>Frees all tables.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (RotaryTable table in _tables)
                table.Dispose();
            _tables.Clear();
        }
    }
}
