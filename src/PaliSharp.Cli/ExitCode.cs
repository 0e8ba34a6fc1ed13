namespace PaliSharp.Cli;

/// <summary>What the process tells its caller.</summary>
internal static class ExitCode
{
    /// <summary>Everything was answered.</summary>
    public const int Success = 0;

    /// <summary>A picture, a checkpoint or a request failed; the reason is on standard error.</summary>
    public const int Failure = 1;

    /// <summary>The arguments make no sense.</summary>
    public const int Usage = 2;

    /// <summary>Ctrl+C, as shells report it: 128 + SIGINT.</summary>
    public const int Cancelled = 130;
}
