using System.Diagnostics.CodeAnalysis;

namespace PaliSharp.Tensors;

/// <summary>The extents of a dense row-major tensor of rank 1 to 4, held without allocation.</summary>
[SuppressMessage("Design", "CA1815", Justification = "record struct")]
public readonly record struct TensorShape
{
    private readonly int _d0;
    private readonly int _d1;
    private readonly int _d2;
    private readonly int _d3;

    /// <summary>A vector.</summary>
    /// <param name="d0">The number of elements, at least 0.</param>
    public TensorShape(int d0)
        : this(1, d0, 1, 1, 1)
    {
    }

    /// <summary>A matrix.</summary>
    /// <param name="d0">Rows.</param>
    /// <param name="d1">Columns.</param>
    public TensorShape(int d0, int d1)
        : this(2, d0, d1, 1, 1)
    {
    }

    /// <summary>A tensor of rank 3.</summary>
    /// <param name="d0">The outermost extent.</param>
    /// <param name="d1">The middle extent.</param>
    /// <param name="d2">The innermost extent.</param>
    public TensorShape(int d0, int d1, int d2)
        : this(3, d0, d1, d2, 1)
    {
    }

    /// <summary>A tensor of rank 4.</summary>
    /// <param name="d0">The outermost extent.</param>
    /// <param name="d1">The second extent.</param>
    /// <param name="d2">The third extent.</param>
    /// <param name="d3">The innermost extent.</param>
    public TensorShape(int d0, int d1, int d2, int d3)
        : this(4, d0, d1, d2, d3)
    {
    }

    private TensorShape(int rank, int d0, int d1, int d2, int d3)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(d0);
        ArgumentOutOfRangeException.ThrowIfNegative(d1);
        ArgumentOutOfRangeException.ThrowIfNegative(d2);
        ArgumentOutOfRangeException.ThrowIfNegative(d3);
        Rank = rank;
        (_d0, _d1, _d2, _d3) = (d0, d1, d2, d3);
    }

    /// <summary>The number of extents, 1 to 4.</summary>
    public int Rank { get; }

    /// <summary>The number of elements.</summary>
    public long Count => (long)_d0 * _d1 * _d2 * _d3;

    /// <summary>The innermost extent: the length of one row.</summary>
    public int Columns => this[Rank - 1];

    /// <summary>The product of all extents but the innermost.</summary>
    public int Rows => Columns == 0 ? 0 : checked((int)(Count / Columns));

    /// <summary>The extent of one axis, 0 being the outermost.</summary>
    /// <param name="axis">0 to <see cref="Rank"/> − 1.</param>
    public int this[int axis] => (uint)axis < (uint)Rank
        ? axis switch { 0 => _d0, 1 => _d1, 2 => _d2, _ => _d3 }
        : throw new ArgumentOutOfRangeException(nameof(axis), axis, $"The shape {this} has rank {Rank}.");

    /// <summary>Builds a shape from a list of 1 to 4 extents.</summary>
    /// <param name="extents">The extents, outermost first.</param>
    /// <exception cref="ArgumentException">There are none or more than four extents.</exception>
    public static TensorShape From(ReadOnlySpan<int> extents) => extents.Length switch
    {
        1 => new(extents[0]),
        2 => new(extents[0], extents[1]),
        3 => new(extents[0], extents[1], extents[2]),
        4 => new(extents[0], extents[1], extents[2], extents[3]),
        _ => throw new ArgumentException($"A tensor has 1 to 4 extents, not {extents.Length}.", nameof(extents)),
    };

    /// <summary>The shape as <c>[2, 3]</c>.</summary>
    public override string ToString() => Rank switch
    {
        1 => $"[{_d0}]",
        2 => $"[{_d0}, {_d1}]",
        3 => $"[{_d0}, {_d1}, {_d2}]",
        _ => $"[{_d0}, {_d1}, {_d2}, {_d3}]",
    };
}
