using PaliSharp.Jobs;

namespace PaliSharp.Cli.Output;

/// <summary>What a job did, in JSON.</summary>
/// <param name="Output">The file with the rows.</param>
/// <param name="Rows">Rows in it.</param>
/// <param name="Failed">Those of them that hold an error.</param>
/// <param name="Resumed">Those that were there before.</param>
/// <param name="Seconds">How long the others took.</param>
internal sealed record BatchLine(string Output, long Rows, long Failed, long Resumed, double Seconds)
{
    /// <summary>Describes the end of a job.</summary>
    public static BatchLine Of(string output, BatchProgress done) => new(output, done.Done, done.Failed, done.Resumed, done.Elapsed.TotalSeconds);
}
