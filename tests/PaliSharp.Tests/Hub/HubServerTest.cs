using PaliSharp.Checkpoints.Hub;
using Xunit;

namespace PaliSharp.Tests.Hub;

/// <summary>What tests against the local hub share: the server, a cache folder, and short patience.</summary>
public abstract class HubServerTest : IAsyncLifetime
{
    internal static ModelReference Reference { get; } = ModelReference.Parse(HubServer.Id);

    internal TemporaryFolder Cache { get; } = new();

    internal HubServer Server { get; private set; } = null!;

    internal HubOptions Options => new()
    {
        Endpoint = new Uri(Server.Address),
        CacheFolder = Cache.Path,
        RetryPause = TimeSpan.FromMilliseconds(5),
        Retries = 3,
    };

    internal string Snapshot => Cache["models--acme--tiny", "snapshots", HubServer.Commit];

    public async Task InitializeAsync() => Server = await HubServer.StartAsync();

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        Cache.Dispose();
    }

    internal async Task<string> PullAsync(
        HubOptions? options = null, ModelReference? reference = null, IProgress<PullProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var client = new HubClient(options ?? Options);
        return await client.PullAsync(reference ?? Reference, progress, cancellation).WaitAsync(TimeSpan.FromSeconds(30), CancellationToken.None);
    }

    internal async Task<HubRequestException> FailAsync(HubFailure failure, HubOptions? options = null, ModelReference? reference = null)
    {
        var e = await Assert.ThrowsAnyAsync<HubRequestException>(() => PullAsync(options, reference));
        Assert.True(failure == e.Failure, $"{failure} expected, {e.Failure} found: {e.Message}");
        Assert.False(File.Exists(Cache["models--acme--tiny", "refs", "main"]), "a failed pull must not move the branch");
        return e;
    }

    internal void AssertWhole(params string[] files)
    {
        foreach (string file in files)
            Assert.Equal(Server.Files[file].Content, File.ReadAllBytes(Path.Combine(Snapshot, file)));
    }

    internal string Blob(string file) => Cache["models--acme--tiny", "blobs", Server.Files[file].ETag];

    internal string[] AllFiles() => [.. Directory.EnumerateFiles(Cache.Path, "*", SearchOption.AllDirectories)
        .Where(path => !path.EndsWith(".lock", StringComparison.Ordinal)).Select(path => Path.GetRelativePath(Cache.Path, path)).Order()];
}
