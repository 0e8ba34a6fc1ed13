namespace PaliSharp.Jobs;

/// <summary>Where a job writes, and how much it does at once.</summary>
/// <param name="Output">
/// The file for the rows. Beside it a job keeps <c>OUTPUT.job</c>, which says what is being done, so that the job can go on after an interruption.
/// </param>
public sealed record BatchJobOptions(string Output)
{
    /// <summary>How rows are written.</summary>
    public BatchFormat Format { get; init; }

    /// <summary>
    /// How many rows are answered together, 1 to 65,536. It bounds the memory: so many pictures are held decoded. Groups of rows are always the
    /// same, whatever was done before an interruption, so that every number in the output is the same, too.
    /// </summary>
    public int Window { get; init; } = 32;

    /// <summary>Starts afresh: an output that is there is deleted.</summary>
    public bool Overwrite { get; init; }

    /// <summary>
    /// What distinguishes this job from others beside its input, task and format: the model, the options of generation. A job goes on only if all
    /// values are what they were at its start.
    /// </summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(Output);
        if (Window is < 1 or > 65_536)
            throw new ArgumentOutOfRangeException(nameof(Window), Window, "Window must be 1 to 65536.");
        if (!Enum.IsDefined(Format))
            throw new ArgumentException($"There is no format {Format}.", nameof(Format));
    }
}

/// <summary>How far a job is.</summary>
/// <param name="Done">Rows in the output.</param>
/// <param name="Failed">Those of them that hold an error.</param>
/// <param name="Total">Rows of the input.</param>
/// <param name="Resumed">Rows that were there when the job went on.</param>
/// <param name="Elapsed">Since the job started or went on.</param>
public sealed record BatchProgress(long Done, long Failed, long Total, long Resumed, TimeSpan Elapsed)
{
    /// <summary>Rows a second since the job started or went on; 0 as long as there are none.</summary>
    public double Rate => Elapsed > TimeSpan.Zero ? (Done - Resumed) / Elapsed.TotalSeconds : 0;

    /// <summary>The time the remaining rows will take at that rate; null as long as it is not known.</summary>
    public TimeSpan? Remaining => Rate > 0 ? TimeSpan.FromSeconds(Math.Min((Total - Done) / Rate, TimeSpan.MaxValue.TotalSeconds / 2)) : null;
}
