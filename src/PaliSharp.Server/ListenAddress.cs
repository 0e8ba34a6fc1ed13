using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace PaliSharp.Server;

/// <summary>Where the server listens.</summary>
internal static class ListenAddress
{
    private const string Every = "*";
    private const string Localhost = "localhost";

    /// <summary>Whether a host can be listened on.</summary>
    public static bool IsValid(string host) => host is Every or Localhost || IPAddress.TryParse(host, out _);

    /// <summary>Whether a host is this machine only.</summary>
    public static bool IsLoopback(string host) => host == Localhost || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address));

    /// <summary>Makes Kestrel listen.</summary>
    public static void Listen(KestrelServerOptions kestrel, string host, int port)
    {
        if (host == Every)
            kestrel.ListenAnyIP(port);
        else if (host == Localhost && port != 0)
            kestrel.ListenLocalhost(port);
        else
            kestrel.Listen(host == Localhost ? IPAddress.Loopback : IPAddress.Parse(host), port);
    }
}
