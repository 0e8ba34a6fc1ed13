namespace PaliSharp.Batching;

/// <summary>How long items have taken of late, for the estimate when a full queue will have room. Safe to use from several threads.</summary>
/// <param name="places">How many items are worked on at once.</param>
internal sealed class BatchPace(int places)
{
    private const double Weight = 0.1;
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);
    private double _seconds;

    /// <summary>Learns from an item.</summary>
    /// <param name="time">How long it had its place.</param>
    public void Note(TimeSpan time)
    {
        double seconds = Volatile.Read(ref _seconds);
        Volatile.Write(ref _seconds, seconds == 0 ? time.TotalSeconds : ((1 - Weight) * seconds) + (Weight * time.TotalSeconds));
    }

    /// <summary>The time that so many items will take, 1 s to 1 min.</summary>
    public TimeSpan TimeFor(int items)
    {
        TimeSpan time = TimeSpan.FromSeconds(Volatile.Read(ref _seconds) * items / places);
        return time < Shortest ? Shortest : time > Longest ? Longest : time;
    }
}
