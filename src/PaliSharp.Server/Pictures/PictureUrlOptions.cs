namespace PaliSharp.Server.Pictures;

/// <summary>
/// Where pictures named by URL may come from. Off by default: a server that fetches what strangers name is a door into its network. However
/// it is set, addresses of private networks, of this machine and the like are never connected to.
/// </summary>
public sealed class PictureUrlOptions
{
    /// <summary>Whether http and https URLs are fetched at all.</summary>
    public bool Enabled { get; set; }

    /// <summary>The hosts pictures may come from: <c>images.example.org</c>, <c>*.example.org</c> for every name below it, <c>*</c> for any.</summary>
    public IList<string> AllowedHosts { get; set; } = [];

    /// <summary>Whether ports other than 80 and 443 may be named.</summary>
    public bool AllowAnyPort { get; set; }

    /// <summary>The largest picture in bytes.</summary>
    public long MaxBytes { get; set; } = 20L << 20;

    /// <summary>The longest a fetch may take, redirects included.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How many redirects are followed, 0 to 10; each is checked like the first URL.</summary>
    public int MaxRedirects { get; set; } = 3;
}
