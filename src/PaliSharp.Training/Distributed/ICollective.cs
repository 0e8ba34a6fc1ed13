namespace PaliSharp.Training.Distributed;

/// <summary>
/// Processes that train one model together, each on examples of its own. All of them call the same members in the same order, each from one thread.
/// </summary>
public interface ICollective
{
    /// <summary>The number of this process, 0 to <see cref="Size"/> − 1. Number 0 writes files and reports.</summary>
    int Rank { get; }

    /// <summary>The number of processes.</summary>
    int Size { get; }

    /// <summary>Replaces values by their sums over all processes, the same bits in each.</summary>
    /// <param name="values">As many in every process.</param>
    void Sum(Span<float> values);

    /// <inheritdoc cref="Sum(Span{float})"/>
    void Sum(Span<double> values);
}

/// <summary>One process alone.</summary>
internal sealed class SingleProcess : ICollective
{
    public int Rank => 0;

    public int Size => 1;

    public void Sum(Span<float> values)
    {
    }

    public void Sum(Span<double> values)
    {
    }
}
