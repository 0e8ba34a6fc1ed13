namespace PaliSharp.Generation;

/// <summary>Collects the best of many scored indices in fixed memory: a heap with the worst of the kept ones on top.</summary>
/// <param name="capacity">How many are kept.</param>
internal sealed class BestCandidates(int capacity)
{
    private readonly Candidate[] _heap = new Candidate[capacity];

    /// <summary>An index and its score.</summary>
    /// <param name="Score">Larger is better.</param>
    /// <param name="Index">Among equal scores the lower one is better.</param>
    public readonly record struct Candidate(double Score, long Index)
    {
        /// <summary>Whether this one comes before another.</summary>
        public bool IsBetterThan(Candidate other) => Score > other.Score || (Score == other.Score && Index < other.Index);
    }

    /// <summary>How many are held.</summary>
    public int Count { get; private set; }

    /// <summary>A score below this cannot enter: the worst kept score, or −∞ while there is room.</summary>
    public double Threshold => Count < _heap.Length ? double.NegativeInfinity : _heap[0].Score;

    /// <summary>Forgets everything.</summary>
    public void Clear() => Count = 0;

    /// <summary>Offers an index; it is kept if there is room or it is better than the worst kept one.</summary>
    public void Offer(double score, long index)
    {
        var candidate = new Candidate(score, index);
        if (Count < _heap.Length)
            Rise(candidate);
        else if (Count > 0 && candidate.IsBetterThan(_heap[0]))
            Sink(candidate, Count);
    }

    /// <summary>Takes everything out, best first. The span is valid until the next offer.</summary>
    public ReadOnlySpan<Candidate> Drain()
    {
        int count = Count;
        for (int last = count - 1; last > 0; last--)
        {
            Candidate worst = _heap[0];
            Sink(_heap[last], last);
            _heap[last] = worst;
        }

        Count = 0;
        return _heap.AsSpan(0, count);
    }

    private void Rise(Candidate candidate)
    {
        int hole = Count++;
        while (hole > 0)
        {
            int parent = (hole - 1) / 2;
            if (!_heap[parent].IsBetterThan(candidate))
                break;
            _heap[hole] = _heap[parent];
            hole = parent;
        }

        _heap[hole] = candidate;
    }

    /// <summary>Replaces the top of a heap of <paramref name="count"/> entries.</summary>
    private void Sink(Candidate candidate, int count)
    {
        int hole = 0;
        for (int child = 1; child < count; child = (2 * hole) + 1)
        {
            if (child + 1 < count && _heap[child].IsBetterThan(_heap[child + 1]))
                child++;
            if (!candidate.IsBetterThan(_heap[child]))
                break;
            _heap[hole] = _heap[child];
            hole = child;
        }

        _heap[hole] = candidate;
    }
}
