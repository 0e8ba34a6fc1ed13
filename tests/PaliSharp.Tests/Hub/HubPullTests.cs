using Microsoft.AspNetCore.Http;
using PaliSharp.Checkpoints.Hub;
using Xunit;

namespace PaliSharp.Tests.Hub;

public sealed class HubPullTests : HubServerTest
{
    private static readonly string[] Chosen =
    [
        "added_tokens.json", "config.json", "generation_config.json", "model.safetensors", "preprocessor_config.json",
        "special_tokens_map.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json",
    ];

    [Fact]
    public async Task A_model_is_fetched_into_the_layout_of_the_Python_client()
    {
        Server.AddModel();
        string folder = await PullAsync();

        Assert.Equal(Snapshot, folder);
        Assert.Equal(Chosen, Directory.EnumerateFiles(folder).Select(Path.GetFileName).Order());
        AssertWhole(Chosen);
        Assert.Equal(HubServer.Commit, File.ReadAllText(Cache["models--acme--tiny", "refs", "main"]));
        foreach (string file in Chosen.Where(_ => !OperatingSystem.IsWindows()))
        {
            Assert.Equal($"../../blobs/{Server.Files[file].ETag}", new FileInfo(Path.Combine(folder, file)).LinkTarget);
            Assert.True(File.Exists(Blob(file)));
        }

        Assert.Equal(folder, HubModelResolver.Resolve("acme/tiny", Options));
        Assert.Equal(folder, await PullAsync(Options with { Offline = true }));
        Assert.All(Server.Seen, request => Assert.StartsWith("palisharp/", request.UserAgent, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_second_pull_fetches_nothing()
    {
        Server.AddModel();
        await PullAsync();
        Server.Seen.Clear();
        await PullAsync();
        Assert.Equal("GET", Assert.Single(Server.Seen).Method);
    }

    [Fact]
    public async Task The_token_goes_to_the_hub_and_not_to_the_storage()
    {
        Server.AddModel();
        await PullAsync(Options with { Token = "hf_secret" });
        Assert.All(Server.Seen.Where(r => !r.Storage), r => Assert.Equal("Bearer hf_secret", r.Authorization));
        Assert.Contains(Server.Seen, r => r.Storage);
        Assert.All(Server.Seen.Where(r => r.Storage), r => Assert.Null(r.Authorization));
    }

    [Theory]
    [InlineData("bfloat16")]
    [InlineData("refs/pr/1")]
    public async Task Other_revisions_have_their_own_reference(string revision)
    {
        Server.AddModel();
        var reference = ModelReference.Parse($"acme/tiny@{revision}");
        await PullAsync(reference: reference);
        Assert.Equal(HubServer.Commit, File.ReadAllText(Cache[["models--acme--tiny", "refs", .. revision.Split('/')]]));
        Assert.Equal(Snapshot, HubModelResolver.Resolve(reference.ToString(), Options));
    }

    [Fact]
    public async Task A_commit_writes_no_reference()
    {
        Server.AddModel();
        await PullAsync(reference: ModelReference.Parse("acme/tiny@" + HubServer.Commit));
        Assert.False(Directory.Exists(Cache["models--acme--tiny", "refs"]));
    }

    [Fact]
    public async Task Only_the_shards_of_the_index_are_fetched()
    {
        Server.AddModel();
        Server.AddLarge("model-1.safetensors", 2_000);
        Server.AddLarge("model-2.safetensors", 3_000);
        Server.AddLarge("model-3.safetensors", 4_000);
        Server.Add("model.safetensors.index.json", """{"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}}""");
        await PullAsync();
        AssertWhole("model-1.safetensors", "model-2.safetensors", "model.safetensors.index.json");
        Assert.False(File.Exists(Path.Combine(Snapshot, "model-3.safetensors")));
        Assert.False(File.Exists(Path.Combine(Snapshot, "model.safetensors")));
    }

    [Fact]
    public async Task An_index_that_names_an_absent_shard_is_an_error()
    {
        Server.Add("model.safetensors.index.json", """{"weight_map":{"a":"model-9.safetensors"}}""");
        Assert.Contains("model-9.safetensors", (await FailAsync(HubFailure.FileNotFound)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Archives_are_fetched_where_there_are_no_safetensors()
    {
        Server.AddLarge("pt_224.npz", 2_000);
        Server.AddLarge("pt_28b.npz.part0", 500);
        Server.AddLarge("vae-oid.npz", 1_000);
        Server.AddLarge("flax_model.msgpack", 1_000);
        await PullAsync();
        Assert.Equal(["pt_224.npz", "pt_28b.npz.part0", "vae-oid.npz"], Directory.EnumerateFiles(Snapshot).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task With_safetensors_only_the_mask_codec_among_the_archives()
    {
        Server.AddModel();
        Server.AddLarge("mask_codec.npz", 1_000);
        Server.AddLarge("pt_224.npz", 2_000);
        await PullAsync();
        Assert.True(File.Exists(Path.Combine(Snapshot, "mask_codec.npz")));
        Assert.False(File.Exists(Path.Combine(Snapshot, "pt_224.npz")));
    }

    [Fact]
    public async Task Adapters_are_fetched()
    {
        Server.Add("adapter_config.json", "{}");
        Server.AddLarge("adapter_model.safetensors", 1_000);
        Server.AddLarge("training_args.bin", 1_000);
        await PullAsync();
        AssertWhole("adapter_config.json", "adapter_model.safetensors");
        Assert.Equal(Snapshot, HubModelResolver.Resolve("acme/tiny", Options));
    }

    [Fact]
    public async Task All_files_come_if_asked_for()
    {
        Server.AddModel();
        await PullAsync(Options with { AllFiles = true });
        AssertWhole([.. Server.Files.Keys]);
        Assert.True(File.Exists(Path.Combine(Snapshot, "onnx", "model.safetensors")));
    }

    [Fact]
    public async Task Without_links_the_snapshot_holds_the_files()
    {
        Server.AddModel();
        HubOptions options = Options with { UseSymbolicLinks = false };
        await PullAsync(options);
        AssertWhole(Chosen);
        Assert.All(Chosen, file => Assert.Null(new FileInfo(Path.Combine(Snapshot, file)).LinkTarget));
        Server.Seen.Clear();
        await PullAsync(options);
        Assert.Single(Server.Seen);
    }

    [Fact]
    public async Task Without_links_an_old_blob_is_copied()
    {
        Server.AddModel();
        Cache.Write("", "models--acme--tiny", "blobs", "x");
        File.WriteAllBytes(Blob("model.safetensors"), Server.Files["model.safetensors"].Content);
        await PullAsync(Options with { UseSymbolicLinks = false });
        AssertWhole("model.safetensors");
        Assert.True(File.Exists(Blob("model.safetensors")));
        Assert.Empty(Server.Downloads("model.safetensors"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_blob_of_another_commit_is_used_again(bool listSizes)
    {
        Server.ListSizes = listSizes;
        Server.AddModel();
        Cache.Write("", "models--acme--tiny", "blobs", "x");
        File.WriteAllBytes(Blob("model.safetensors"), Server.Files["model.safetensors"].Content);
        await PullAsync();
        AssertWhole(Chosen);
        Assert.Empty(Server.Downloads("model.safetensors"));
    }

    [Fact]
    public async Task A_blob_of_the_wrong_size_and_a_link_to_nowhere_are_replaced()
    {
        Server.AddModel();
        await PullAsync();
        File.Delete(Blob("tokenizer.model"));
        File.WriteAllText(File.Exists(Blob("model.safetensors")) ? Blob("model.safetensors") : Path.Combine(Snapshot, "model.safetensors"), "short");
        File.Delete(Path.Combine(Snapshot, OperatingSystem.IsWindows() ? "tokenizer.model" : "none"));
        await PullAsync();
        AssertWhole(Chosen);
    }

    [Fact]
    public async Task Progress_ends_with_all_bytes()
    {
        Server.AddModel(3_000_000);
        var seen = new List<PullProgress>();
        await PullAsync(progress: new Recorder(seen));
        PullProgress last = seen[^1];
        long bytes = Chosen.Sum(file => Server.Files[file].Size);
        Assert.Equal((PullPhase.Done, bytes, bytes, 9, 9), (last.Phase, last.BytesDone, last.BytesTotal, last.FilesDone, last.FilesTotal));
        Assert.Equal(PullPhase.Listing, seen[0].Phase);
        Assert.Contains(seen, p => p is { Phase: PullPhase.Downloading, File: "model.safetensors" });
        Assert.Contains(seen, p => p is { Phase: PullPhase.Verifying, File: "model.safetensors" });
        Assert.All(seen.Zip(seen.Skip(1)), pair => Assert.True(pair.First.BytesDone <= pair.Second.BytesDone));
        Assert.All(seen, p => Assert.True(p.BytesDone <= p.BytesTotal));
    }

    [Fact]
    public async Task Pulls_at_the_same_time_share_the_work()
    {
        Server.AddModel(2_000_000);
        Server.Intercept = async (_, seen) =>
        {
            if (seen is { Storage: true, Method: "GET" })
                await Task.Delay(50);
            return false;
        };
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => PullAsync())));
        AssertWhole(Chosen);
        Assert.Single(Server.Downloads("model.safetensors"), r => r.Storage);
        Assert.DoesNotContain(AllFiles(), file => file.EndsWith(".incomplete", StringComparison.Ordinal) || file.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_pull_waits_for_a_lock_and_can_be_cancelled_meanwhile()
    {
        Server.AddModel();
        string path = Cache.Write("", ".locks", "models--acme--tiny", Server.Files["model.safetensors"].ETag + ".lock");
        using var held = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        using var cancellation = new CancellationTokenSource();
        var seen = new List<PullProgress>();
        var recorder = new Recorder(seen, p =>
        {
            if (p.Phase == PullPhase.Waiting)
                cancellation.Cancel();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => PullAsync(progress: recorder, cancellation: cancellation.Token));
        Assert.Equal("model.safetensors", seen[^1].File);
    }

    [Fact]
    public async Task Too_little_room_is_said_before_anything_is_downloaded()
    {
        Server.AddModel();
        var e = await Assert.ThrowsAsync<ResourceLimitException>(() => PullAsync(Options with { FreeSpace = _ => 1_000_000 }));
        Assert.Contains(Cache.Path, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Server.Seen, r => r.Storage && r.Method == "GET");
        Assert.Empty(AllFiles());
        await PullAsync(Options with { FreeSpace = _ => null });
    }

    [Fact]
    public async Task A_relative_redirect_on_the_hub_is_followed_with_the_token()
    {
        Server.AddModel();
        Server.Intercept = (context, seen) =>
        {
            if (seen.Path != "/api/models/old/name/revision/main")
                return Task.FromResult(false);
            context.Response.StatusCode = 307;
            context.Response.Headers.Location = $"/api/models/{HubServer.Id}/revision/main?blobs=true";
            return Task.FromResult(true);
        };
        // Only the list is served under the old name here; the redirect itself is what counts.
        using var client = new HubClient(Options with { Token = "hf_x" });
        await Assert.ThrowsAnyAsync<HubException>(() => client.PullAsync(ModelReference.Parse("old/name")));
        Assert.Contains(Server.Seen, r => r.Path == $"/api/models/{HubServer.Id}/revision/main" && r.Authorization == "Bearer hf_x");
    }

    private sealed class Recorder(List<PullProgress> seen, Action<PullProgress>? also = null) : IProgress<PullProgress>
    {
        public void Report(PullProgress value)
        {
            seen.Add(value);
            also?.Invoke(value);
        }
    }
}
