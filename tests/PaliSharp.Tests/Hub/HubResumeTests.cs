using Microsoft.AspNetCore.Http;
using PaliSharp.Checkpoints.Hub;
using Xunit;

namespace PaliSharp.Tests.Hub;

public sealed class HubResumeTests : HubServerTest
{
    private const string Weights = "model.safetensors";
    private const int Size = 600_000;

    private ServedFile Served => Server.Files[Weights];

    private string Incomplete => Blob(Weights) + ".incomplete";

    [Fact]
    public async Task A_cut_connection_is_resumed_where_it_broke()
    {
        Server.AddModel(Size);
        CutFirst(times: 2, after: 100_000);
        await PullAsync();
        AssertWhole(Weights);
        string?[] ranges = [.. StorageGets().Select(r => r.Range)];
        Assert.Equal(3, ranges.Length);
        Assert.Null(ranges[0]);
        Assert.All(ranges[1..], range => Assert.Matches("^bytes=[1-9][0-9]*-$", range));
        Assert.False(File.Exists(Incomplete));
    }

    [Fact]
    public async Task What_an_earlier_pull_left_is_kept()
    {
        Server.AddModel(Size);
        Leave(Served.Content[..123_456]);
        await PullAsync();
        AssertWhole(Weights);
        Assert.Equal("bytes=123456-", Assert.Single(StorageGets()).Range);
    }

    [Fact]
    public async Task A_whole_rest_is_only_verified()
    {
        Server.AddModel(Size);
        Leave(Served.Content);
        await PullAsync();
        AssertWhole(Weights);
        Assert.Empty(StorageGets());
    }

    [Fact]
    public async Task A_rest_that_is_too_long_is_dropped()
    {
        Server.AddModel(Size);
        Leave(new byte[Size + 1]);
        await PullAsync();
        AssertWhole(Weights);
        Assert.Null(Assert.Single(StorageGets()).Range);
    }

    [Fact]
    public async Task A_server_without_ranges_starts_again()
    {
        Server.AddModel(Size);
        Server.ServeRanges = false;
        Leave(Served.Content[..123_456]);
        await PullAsync();
        AssertWhole(Weights);
        Assert.Equal("bytes=123456-", Assert.Single(StorageGets()).Range);
    }

    [Theory]
    [InlineData("bytes 0-599999/600000", 206)]
    [InlineData("bytes 1000-599999/700000", 206)]
    [InlineData("chars 1000-599999/600000", 206)]
    [InlineData(null, 206)]
    [InlineData("bytes */600000", 416)]
    public async Task A_wrong_range_starts_again(string? range, int status)
    {
        Server.AddModel(Size);
        Leave(Served.Content[..1000]);
        Server.Intercept = (context, seen) =>
        {
            if (!seen.Storage || seen.Range is null)
                return Task.FromResult(false);
            context.Response.StatusCode = status;
            if (range is not null)
                context.Response.Headers.ContentRange = range;
            return Task.FromResult(true);
        };
        await PullAsync();
        AssertWhole(Weights);
        Assert.Equal(["bytes=1000-", null], StorageGets().Select(r => r.Range));
    }

    [Fact]
    public async Task A_server_that_always_cuts_ends_the_pull_and_keeps_the_beginning()
    {
        Server.AddModel(Size);
        CutFirst(times: int.MaxValue, after: 50_000);
        var e = await FailAsync(HubFailure.Network);
        Assert.Contains("4 attempts", e.Message, StringComparison.Ordinal);
        byte[] kept = File.ReadAllBytes(Incomplete);
        Assert.Equal(Served.Content[..kept.Length], kept);
        Assert.False(File.Exists(Path.Combine(Snapshot, Weights)));

        Server.Intercept = (_, _) => Task.FromResult(false);
        await PullAsync();
        AssertWhole(Weights);
    }

    [Fact]
    public async Task A_server_that_always_starts_again_and_cuts_ends_the_pull()
    {
        Server.AddModel(3_000_000);
        Server.ServeRanges = false;
        CutFirst(times: int.MaxValue, after: 2_000_000);
        await FailAsync(HubFailure.Network);
        // One reset of the count at most: nothing beyond the furthest point ever came.
        Assert.InRange(StorageGets().Count(), 4, 8);
    }

    [Fact]
    public async Task A_silent_download_is_given_up_and_resumed()
    {
        Server.AddModel(Size);
        int calls = 0;
        Server.Intercept = async (context, seen) =>
        {
            if (seen is not { Storage: true, Method: "GET" } || !seen.Path.EndsWith(Weights, StringComparison.Ordinal) || calls++ > 0)
                return false;
            context.Response.ContentLength = Size;
            await context.Response.Body.WriteAsync(Served.Content.AsMemory(0, 70_000));
            await context.Response.Body.FlushAsync();
            await Task.Delay(TimeSpan.FromSeconds(20), context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        await PullAsync(Options with { DownloadTimeout = TimeSpan.FromSeconds(1) });
        AssertWhole(Weights);
        Assert.Equal("bytes=70000-", StorageGets().Last().Range);
    }

    [Fact]
    public async Task Cancelling_leaves_a_beginning_that_the_next_pull_uses()
    {
        Server.AddModel(Size);
        using var cancellation = new CancellationTokenSource();
        Server.Intercept = async (context, seen) =>
        {
            if (seen is not { Storage: true, Method: "GET" } || !seen.Path.EndsWith(Weights, StringComparison.Ordinal))
                return false;
            context.Response.ContentLength = Size;
            await context.Response.Body.WriteAsync(Served.Content.AsMemory(0, 80_000));
            await context.Response.Body.FlushAsync();
            await ArrivedAsync(80_000);
            await cancellation.CancelAsync();
            await Task.Delay(TimeSpan.FromSeconds(20), context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => PullAsync(cancellation: cancellation.Token));
        Assert.Equal(80_000, new FileInfo(Incomplete).Length);
        Assert.False(File.Exists(Blob(Weights)));
        Assert.False(File.Exists(Path.Combine(Snapshot, Weights)));
        Assert.False(Directory.Exists(Cache["models--acme--tiny", "refs"]));

        Server.Intercept = (_, _) => Task.FromResult(false);
        await PullAsync();
        AssertWhole(Weights);
        Assert.Equal("bytes=80000-", StorageGets().Last().Range);
    }

    [Theory]
    [InlineData(Weights)]
    [InlineData("config.json")]
    public async Task A_wrong_hash_deletes_the_file(string name)
    {
        Server.AddModel(Size);
        ServedFile file = Server.Files[name];
        string right = file.ETag;
        file.ETag = new string('0', right.Length);
        var e = await FailAsync(HubFailure.Corrupt);
        Assert.Contains(right, e.Message, StringComparison.Ordinal);
        Assert.Contains("pull again", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(AllFiles(), path => path.Contains(new string('0', 40), StringComparison.Ordinal));
        Assert.False(File.Exists(Path.Combine(Snapshot, name)));

        file.ETag = right;
        await PullAsync();
        AssertWhole(name);
    }

    [Fact]
    public async Task A_damaged_beginning_is_found_and_removed()
    {
        Server.AddModel(Size);
        Leave(new byte[1000]);
        await FailAsync(HubFailure.Corrupt);
        Assert.False(File.Exists(Incomplete));
        await PullAsync();
        AssertWhole(Weights);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_wrong_size_deletes_the_file(int difference)
    {
        Server.AddModel(Size);
        Served.Size += difference;
        await FailAsync(HubFailure.Corrupt);
        Assert.False(File.Exists(Incomplete));
    }

    [Fact]
    public async Task More_bytes_than_announced_are_refused()
    {
        Server.AddModel(Size);
        Server.Intercept = async (context, seen) =>
        {
            if (!seen.Storage)
                return false;
            // No length: sent in chunks, and longer than the hub said.
            await context.Response.Body.WriteAsync(Served.Content);
            await context.Response.Body.WriteAsync(new byte[10]);
            return true;
        };
        await FailAsync(HubFailure.Corrupt);
        Assert.False(File.Exists(Incomplete));
    }

    [Fact]
    public async Task An_expired_address_of_the_storage_is_renewed()
    {
        Server.AddModel(Size);
        int calls = 0;
        Server.Intercept = (context, seen) =>
        {
            if (seen is not { Storage: true, Method: "GET" } || calls++ > 0)
                return Task.FromResult(false);
            context.Response.StatusCode = 403;
            return Task.FromResult(true);
        };
        await PullAsync();
        AssertWhole(Weights);
    }

    private IEnumerable<SeenRequest> StorageGets() => Server.Downloads(Weights).Where(r => r.Storage);

    private void Leave(byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Incomplete)!);
        File.WriteAllBytes(Incomplete, content);
    }

    private async Task ArrivedAsync(long bytes)
    {
        for (int i = 0; i < 500 && (!File.Exists(Incomplete) || new FileInfo(Incomplete).Length < Math.Min(bytes, Served.Content.Length - 1)); i++)
            await Task.Delay(10);
    }

    /// <summary>Cuts the connection in the middle of the weights, the first times they are asked for.</summary>
    private void CutFirst(int times, int after)
    {
        int calls = 0;
        Server.Intercept = async (context, seen) =>
        {
            if (seen is not { Storage: true, Method: "GET" } || !seen.Path.EndsWith(Weights, StringComparison.Ordinal) || calls++ >= times)
                return false;
            int start = 0;
            if (Server.ServeRanges && seen.Range is { } range)
            {
                start = int.Parse(range["bytes=".Length..^1]);
                context.Response.StatusCode = 206;
                context.Response.Headers.ContentRange = $"bytes {start}-{Served.Content.Length - 1}/{Served.Content.Length}";
            }

            context.Response.ContentLength = Served.Content.Length - start;
            await context.Response.Body.WriteAsync(Served.Content.AsMemory(start, Math.Min(after, Served.Content.Length - start - 1)));
            await context.Response.Body.FlushAsync();
            // An abort may discard what the client has not taken yet.
            await ArrivedAsync(start + after);
            context.Abort();
            return true;
        };
    }
}
