namespace PaliSharp.Checkpoints.Hub;

/// <summary>What a pull is doing.</summary>
public enum PullPhase
{
    /// <summary>Asking the hub which files there are.</summary>
    Listing,

    /// <summary>Waiting for another process that downloads the same file.</summary>
    Waiting,

    /// <summary>Downloading.</summary>
    Downloading,

    /// <summary>Comparing the hash of a downloaded file.</summary>
    Verifying,

    /// <summary>All files are there.</summary>
    Done,
}

/// <summary>How far a pull has come.</summary>
/// <param name="Phase">What it is doing.</param>
/// <param name="File">The file in hand, as the repository names it; empty while listing and when done.</param>
/// <param name="FilesDone">Files that need no more work.</param>
/// <param name="FilesTotal">Files to fetch; those already in the cache are not counted.</param>
/// <param name="BytesDone">Bytes of those files that are here, including what an earlier, interrupted pull left.</param>
/// <param name="BytesTotal">Bytes of all files to fetch.</param>
/// <param name="BytesPerSecond">The rate at which bytes arrive, smoothed over some seconds; 0 before it is known.</param>
public sealed record PullProgress(
    PullPhase Phase, string File, int FilesDone, int FilesTotal, long BytesDone, long BytesTotal, double BytesPerSecond);
