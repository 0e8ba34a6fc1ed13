using System.Text;

namespace PaliSharp.Checkpoints.Hub;

/// <summary>
/// The cache that the Python client and PaliSharp share: <c>models--OWNER--NAME/blobs/ETAG</c> holds contents,
/// <c>snapshots/COMMIT/PATH</c> links to them, <c>refs/REVISION</c> holds the commit that a branch or tag pointed to.
/// </summary>
public sealed class HubCache
{
    private readonly bool _useSymbolicLinks;

    /// <summary>Opens a cache; the folder need not exist.</summary>
    /// <param name="folder">The cache's root, which holds the <c>models--…</c> folders.</param>
    /// <param name="useSymbolicLinks">Whether snapshots may link to blobs.</param>
    public HubCache(string folder, bool useSymbolicLinks = true)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Folder = Path.GetFullPath(folder);
        _useSymbolicLinks = useSymbolicLinks;
    }

    /// <summary>The cache's root as a full path.</summary>
    public string Folder { get; }

    /// <summary>The folder of a repository: <c>models--OWNER--NAME</c>.</summary>
    /// <param name="reference">The repository; its revision does not matter.</param>
    public string RepositoryFolder(ModelReference reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        return Path.Combine(Folder, RepositoryName(reference));
    }

    /// <summary>The commit that a revision meant when it was fetched last: the revision itself if it is a commit.</summary>
    /// <param name="reference">The repository and revision.</param>
    /// <returns>The commit's hash, or null if the revision was never fetched.</returns>
    /// <exception cref="HubException">The cache cannot be read.</exception>
    public string? TryFindCommit(ModelReference reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        if (reference.IsCommit)
            return reference.Revision;
        string path = RefPath(reference);
        try
        {
            var file = new FileInfo(path);
            // A commit and perhaps a line end; anything longer is no reference.
            if (!file.Exists || file.Length > 64)
                return null;
            string commit = File.ReadAllText(path).Trim();
            return ModelReference.IsCommitHash(commit) ? commit : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, e);
        }
    }

    /// <summary>Finds the snapshot of a revision.</summary>
    /// <param name="reference">The repository and revision.</param>
    /// <param name="requiredFiles">Files, relative to the snapshot and with <c>/</c> between folders, that must be there.</param>
    /// <returns>The snapshot's folder, or null if the revision was never fetched or lacks a required file.</returns>
    /// <exception cref="HubException">The cache cannot be read.</exception>
    public string? TryFindSnapshot(ModelReference reference, params ReadOnlySpan<string> requiredFiles)
    {
        if (TryFindCommit(reference) is not { } commit)
            return null;
        string folder = SnapshotFolder(reference, commit);
        try
        {
            if (!Directory.Exists(folder))
                return null;
            foreach (string file in requiredFiles)
            {
                if (!HasContent(Path.Combine(folder, file)))
                    return null;
            }

            return folder;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(folder, e);
        }
    }

    internal static HubRequestException Unusable(string path, Exception cause) => new(
        HubFailure.Storage,
        $"The cache cannot be used at {path}: {cause.Message} Check the permissions and the disk, or set HF_HUB_CACHE to another folder.",
        cause);

    internal string SnapshotFolder(ModelReference reference, string commit)
        => Path.Combine(RepositoryFolder(reference), "snapshots", commit);

    internal string SnapshotPath(ModelReference reference, string commit, string file)
        => Path.Combine([SnapshotFolder(reference, commit), .. file.Split('/')]);

    internal string BlobPath(ModelReference reference, string etag) => Path.Combine(RepositoryFolder(reference), "blobs", etag);

    /// <summary>Whether a snapshot already holds a file, of the given size if that is known.</summary>
    internal bool Holds(ModelReference reference, string commit, string file, long? size)
    {
        string path = SnapshotPath(reference, commit, file);
        return size is null ? HasContent(path) : SizeOf(path) == size;
    }

    /// <summary>Whether a path is a file or a link to one; unlike for File.Exists, a link without its blob is none.</summary>
    internal static bool HasContent(string path) => SizeOf(path) >= 0;

    /// <summary>The size of a file, or of the file that a link leads to; -1 if there is none.</summary>
    internal static long SizeOf(string path)
    {
        var file = new FileInfo(path);
        FileSystemInfo? target = file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true);
        return target is FileInfo { Exists: true } found ? found.Length : -1;
    }

    /// <summary>Makes a blob appear in a snapshot, as a relative link where possible and otherwise as a file of its own.</summary>
    /// <param name="reference">The repository.</param>
    /// <param name="commit">The snapshot.</param>
    /// <param name="file">The file's path in the repository.</param>
    /// <param name="etag">The blob.</param>
    /// <param name="newBlob">Whether the blob was just made; without links it is then moved rather than copied, as the Python client does.</param>
    internal void Link(ModelReference reference, string commit, string file, string etag, bool newBlob)
    {
        string path = SnapshotPath(reference, commit, file);
        string blob = BlobPath(reference, etag);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (_useSymbolicLinks && TryLink(path, Path.GetRelativePath(Path.GetDirectoryName(path)!, blob)))
            return;

        if (newBlob)
        {
            File.Move(blob, path, overwrite: true);
            return;
        }

        string copy = $"{blob}.{Guid.NewGuid():N}.tmp";
        try
        {
            File.Copy(blob, copy);
            File.Move(copy, path, overwrite: true);
        }
        catch
        {
            File.Delete(copy);
            throw;
        }
    }

    /// <summary>Records which commit a branch or tag points to.</summary>
    internal void WriteRef(ModelReference reference, string commit)
    {
        if (reference.IsCommit)
            return;
        string path = RefPath(reference);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.Write(path, stream => stream.Write(Encoding.ASCII.GetBytes(commit)));
    }

    /// <summary>Waits until no other process, of PaliSharp or of the Python client, works on a blob.</summary>
    /// <param name="reference">The repository.</param>
    /// <param name="etag">The blob.</param>
    /// <param name="waiting">Called once if there is a wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The lock; dispose it to let others in.</returns>
    internal async Task<IDisposable> LockAsync(ModelReference reference, string etag, Action waiting, CancellationToken cancellationToken)
    {
        // The Python client's lock file. On Unix FileShare.None takes flock(2), as its file locks do, so that each keeps the other out.
        // The file stays: removing it would let a third process lock a new file of that name.
        string path = Path.Combine(Folder, ".locks", RepositoryName(reference), etag + ".lock");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        bool waited = false;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
            }
            catch (IOException e) when (IsHeldByAnother(e))
            {
                if (!waited)
                    waiting();
                waited = true;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
        }
    }

    private static string RepositoryName(ModelReference reference) => $"models--{reference.Owner}--{reference.Name}";

    private string RefPath(ModelReference reference)
        => Path.Combine([RepositoryFolder(reference), "refs", .. reference.Revision.Split('/')]);

    // EWOULDBLOCK of Linux and of the BSDs; sharing and lock violation of Windows.
    private static bool IsHeldByAnother(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020) or unchecked((int)0x80070021);

    private static bool TryLink(string path, string target)
    {
        try
        {
            // Also removes a link whose blob is gone.
            File.Delete(path);
            File.CreateSymbolicLink(path, target);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            // Windows without the right to make links, or a file system without them: the caller stores the file itself.
            return false;
        }
    }
}
