namespace PaliSharp.Checkpoints.Hub;

/// <summary>Asks how much room a folder's volume has.</summary>
internal static class DiskSpace
{
    /// <summary>The bytes this user may still write below a folder, which need not exist yet; null where the system does not tell.</summary>
    public static long? Available(string folder)
    {
        string? existing = Path.GetFullPath(folder);
        while (existing is not null && !Directory.Exists(existing))
            existing = Path.GetDirectoryName(existing);
        if (existing is null)
            return null;
        try
        {
            // A drive letter is all that Windows accepts; elsewhere any path names its own volume.
            return new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(existing)! : existing).AvailableFreeSpace;
        }
        catch (Exception e) when (e is ArgumentException or IOException or UnauthorizedAccessException)
        {
            // Network shares have no drive: the check is a courtesy, writing will tell.
            return null;
        }
    }
}
