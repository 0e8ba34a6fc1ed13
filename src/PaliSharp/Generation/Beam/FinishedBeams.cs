namespace PaliSharp.Generation;

/// <summary>A text that is no longer continued.</summary>
/// <param name="Text">Its place in the <see cref="BeamHistory"/>.</param>
/// <param name="Sum">Its summed log-probability.</param>
/// <param name="Score">What it is ranked by.</param>
/// <param name="Ended">Whether its last token ends it.</param>
internal readonly record struct FinishedBeam(int Text, double Sum, double Score, bool Ended);

/// <summary>The best finished texts, best first; among equal scores the one that finished first comes first.</summary>
/// <param name="capacity">How many are kept.</param>
internal sealed class FinishedBeams(int capacity)
{
    private readonly List<FinishedBeam> _beams = new(capacity + 1);

    /// <summary>Whether as many are finished as are kept.</summary>
    public bool IsFull => _beams.Count == capacity;

    /// <summary>The texts.</summary>
    public IReadOnlyList<FinishedBeam> Beams => _beams;

    /// <summary>The best score, −∞ if there is none.</summary>
    public double Best => _beams.Count > 0 ? _beams[0].Score : double.NegativeInfinity;

    /// <summary>The score a text must exceed to be kept, −∞ while there is room.</summary>
    public double Worst => IsFull ? _beams[^1].Score : double.NegativeInfinity;

    /// <summary>Adds a text if there is room or it beats the worst.</summary>
    public void Add(FinishedBeam beam)
    {
        int place = _beams.Count;
        while (place > 0 && _beams[place - 1].Score < beam.Score)
            place--;
        _beams.Insert(place, beam);
        if (_beams.Count > capacity)
            _beams.RemoveAt(capacity);
    }
}
