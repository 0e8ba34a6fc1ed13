using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace PaliSharp.Server.Hosting;

/// <summary>Who calls: a key, or an address.</summary>
/// <param name="IsAuthorized">Whether the caller may use what needs a key.</param>
/// <param name="Partition">What limits are counted by; holds neither the key nor more of the address than is needed.</param>
/// <param name="HasPresentedKey">Whether there was a key at all, right or wrong.</param>
internal sealed record CallerIdentity(bool IsAuthorized, string Partition, bool HasPresentedKey);

/// <summary>Recognises callers by their keys, in a time that tells nothing about the keys.</summary>
internal sealed class ApiKeys
{
    private const string Scheme = "Bearer ";
    private const int MaximumPresentedLength = 1024;
    private readonly byte[][] _hashes;

    /// <summary>Remembers the hashes of keys.</summary>
    /// <param name="keys">The keys; none lets everybody in.</param>
    public ApiKeys(IEnumerable<string> keys) => _hashes = [.. keys.Select(key => SHA256.HashData(Encoding.UTF8.GetBytes(key)))];

    /// <summary>Recognises the caller of a request.</summary>
    public CallerIdentity Identify(HttpContext context)
    {
        string byAddress = "address:" + NetworkOf(context.Connection.RemoteIpAddress);
        string? presented = Presented(context.Request);
        if (_hashes.Length == 0)
            return new CallerIdentity(IsAuthorized: true, byAddress, presented is not null);
        int key = presented is null ? -1 : Find(presented);
        return key < 0
            ? new CallerIdentity(IsAuthorized: false, byAddress, presented is not null)
            : new CallerIdentity(IsAuthorized: true, $"key:{key}", HasPresentedKey: true);
    }

    private static string? Presented(HttpRequest request)
    {
        string? header = request.Headers[HeaderNames.Authorization];
        return header is not null && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : null;
    }

    // Hashes have one length and every one is compared, so that the time depends on neither content nor place.
    private int Find(string presented)
    {
        if (presented.Length > MaximumPresentedLength)
            return -1;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(presented), hash);
        int found = -1;
        for (int i = 0; i < _hashes.Length; i++)
        {
            if (CryptographicOperations.FixedTimeEquals(hash, _hashes[i]))
                found = i;
        }

        return found;
    }

    // A caller with IPv6 has a whole /64 of addresses.
    private static string NetworkOf(IPAddress? address)
    {
        if (address is null)
            return "unknown";
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        byte[] bytes = address.GetAddressBytes();
        return Convert.ToHexString(bytes.Length > 8 ? bytes.AsSpan(0, 8) : bytes);
    }
}
