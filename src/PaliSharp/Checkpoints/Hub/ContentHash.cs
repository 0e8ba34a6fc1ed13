using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace PaliSharp.Checkpoints.Hub;

/// <summary>Computes the hash that names a content on a hub.</summary>
internal static class ContentHash
{
    /// <summary>Computes the hash of a file in the form of an ETag.</summary>
    /// <param name="path">The file.</param>
    /// <param name="etag">64 hexadecimal digits for SHA-256 (large files), 40 for Git's blob hash (all others).</param>
    /// <param name="cancellationToken">Ends the computation.</param>
    /// <returns>The hash in lower case, or null if the ETag is of neither form and says nothing about the content.</returns>
    public static async Task<string?> ComputeAsync(string path, string etag, CancellationToken cancellationToken)
    {
        if (!ModelReference.IsLowerHex(etag))
            return null;
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.Asynchronous | FileOptions.SequentialScan);
        return etag.Length switch
        {
            64 => Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken)),
            40 => await GitBlobAsync(file, cancellationToken),
            _ => null,
        };
    }

    [SuppressMessage("Security", "CA5350:Do Not Use Weak Cryptographic Algorithms", Justification = "Git names its objects by SHA-1.")]
    private static async Task<string> GitBlobAsync(FileStream file, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(Encoding.ASCII.GetBytes($"blob {file.Length}\0"));
        byte[] buffer = new byte[1 << 18];
        int read;
        while ((read = await file.ReadAsync(buffer, cancellationToken)) > 0)
            hash.AppendData(buffer, 0, read);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
