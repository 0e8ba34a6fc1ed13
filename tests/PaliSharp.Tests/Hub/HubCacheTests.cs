using System.Text;
using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Checkpoints.Hub;
using Xunit;

namespace PaliSharp.Tests.Hub;

public sealed class HubCacheTests : IDisposable
{
    private const string Commit = HubServer.Commit;
    private const string Repository = "models--acme--tiny";

    private static readonly ModelReference Reference = ModelReference.Parse("acme/tiny");

    private readonly TemporaryFolder _folder = new();

    private HubOptions Options => new() { CacheFolder = _folder.Path };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_snapshot_of_the_Python_client_is_found()
    {
        Python("config.json", "{}");
        Python("model.safetensors", "weights");
        string snapshot = _folder[Repository, "snapshots", Commit];
        var cache = new HubCache(_folder.Path);

        Assert.Equal(Commit, cache.TryFindCommit(Reference));
        Assert.Equal(snapshot, cache.TryFindSnapshot(Reference));
        Assert.Equal(snapshot, cache.TryFindSnapshot(Reference, "config.json", "model.safetensors"));
        Assert.Equal(snapshot, cache.TryFindSnapshot(ModelReference.Parse("acme/tiny@" + Commit), "config.json"));
        Assert.Null(cache.TryFindSnapshot(Reference, "config.json", "tokenizer.json"));
        Assert.Null(cache.TryFindSnapshot(ModelReference.Parse("acme/tiny@other")));
        Assert.Null(cache.TryFindSnapshot(ModelReference.Parse("acme/other")));
        Assert.Equal(snapshot, HubModelResolver.Resolve("acme/tiny", Options));
        Assert.Equal("weights", File.ReadAllText(Path.Combine(snapshot, "model.safetensors")));
    }

    [Fact]
    public void A_link_without_its_blob_counts_as_missing()
    {
        Python("config.json", "{}");
        string blob = Python("model.safetensors", "weights");
        File.Delete(blob);
        Assert.Null(new HubCache(_folder.Path).TryFindSnapshot(Reference, "model.safetensors"));
        AssertPartial("model.safetensors is");
    }

    [SkippableFact]
    public void Links_in_a_circle_are_a_hub_error()
    {
        Skip.If(OperatingSystem.IsWindows(), "Making links may not be allowed.");
        Python("config.json", "{}");
        File.CreateSymbolicLink(_folder[Repository, "snapshots", Commit, "model.safetensors"], "model.safetensors");
        Assert.Throws<HubRequestException>(() => new HubCache(_folder.Path).TryFindSnapshot(Reference, "model.safetensors"));
        Assert.Throws<HubRequestException>(() => HubModelResolver.Resolve("acme/tiny", Options));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../../../x")]
    [InlineData("0123456789ABCDEF0123456789ABCDEF01234567")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public void A_broken_reference_finds_nothing(string text)
    {
        Python("config.json", "{}");
        _folder.Write(text, Repository, "refs", "main");
        Assert.Null(new HubCache(_folder.Path).TryFindSnapshot(Reference));
    }

    [Fact]
    public void A_path_goes_before_a_name()
    {
        Assert.Equal(_folder.Path, HubModelResolver.Resolve(_folder.Path, Options));
        string file = _folder.Write("x", "weights.npz");
        Assert.Equal(file, HubModelResolver.Resolve(file, Options));
    }

    [Fact]
    public void What_was_never_pulled_says_how_to_pull()
    {
        var e = Assert.Throws<HubRequestException>(() => HubModelResolver.Resolve("acme/tiny@bfloat16", Options));
        Assert.Equal(HubFailure.Offline, e.Failure);
        Assert.Contains("palisharp pull acme/tiny@bfloat16", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("./missing")]
    [InlineData("missing")]
    [InlineData("/no/such/folder")]
    [InlineData("")]
    public void What_is_neither_path_nor_name_is_a_checkpoint_error(string argument)
        => Assert.Throws<CheckpointException>(() => HubModelResolver.Resolve(argument, Options));

    [Fact]
    public void Missing_shards_are_named()
    {
        Python("config.json", "{}");
        Python("model.safetensors.index.json", """{"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors","c":"m-1.safetensors"}}""");
        Python("m-2.safetensors", "2");
        AssertPartial("m-1.safetensors is");
        Python("m-1.safetensors", "1");
        Assert.Equal(_folder[Repository, "snapshots", Commit], HubModelResolver.Resolve("acme/tiny", Options));
    }

    [Fact]
    public void Adapters_and_archives_are_complete_without_a_config()
    {
        Python("adapter_config.json", "{}");
        AssertPartial("adapter_model.safetensors is");
        Python("adapter_model.safetensors", "x");
        HubModelResolver.Resolve("acme/tiny", Options);

        File.Delete(_folder[Repository, "snapshots", Commit, "adapter_config.json"]);
        File.Delete(_folder[Repository, "snapshots", Commit, "adapter_model.safetensors"]);
        AssertPartial("config.json is");
        Python("pt_224.npz", "x");
        HubModelResolver.Resolve("acme/tiny", Options);
    }

    [Fact]
    public void Whatever_an_index_holds_only_hub_errors_come_out()
    {
        string path = _folder["index.json"];
        string whole = """{"metadata":{"total_size":12},"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}}""";
        Gen<byte[]> mutated = Mutations(Encoding.UTF8.GetBytes(whole));
        Properties.ForAll(
            mutated,
            bytes =>
            {
                File.WriteAllBytes(path, bytes);
                try
                {
                    return SnapshotCheck.ReadShards(path).All(shard => RepositoryPath.FindFault(shard) is null);
                }
                catch (HubException)
                {
                    return true;
                }
            });
        Assert.Equal(["m-1.safetensors", "m-2.safetensors"], SnapshotCheck.ReadShards(_folder.Write(whole, "whole.json")).Order());
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"../../x"}}""")]
    [InlineData("""{"weight_map":{"a":3}}""")]
    [InlineData("""{"weight_map":[]}""")]
    [InlineData("""{}""")]
    [InlineData("""[]""")]
    [InlineData("")]
    public void A_bad_index_is_a_hub_error(string text)
        => Assert.Throws<HubRequestException>(() => SnapshotCheck.ReadShards(_folder.Write(text, "i.json")));

    [Fact]
    public void A_deep_index_is_a_hub_error()
        => Assert.Throws<HubRequestException>(() => SnapshotCheck.ReadShards(_folder.Write(new string('[', 1_000_000), "i.json")));

    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("a/./x")]
    [InlineData("/etc/passwd")]
    [InlineData("C:/x")]
    [InlineData("C:x")]
    [InlineData("a\\..\\x")]
    [InlineData("\\\\host\\x")]
    [InlineData("a//x")]
    [InlineData("a/")]
    [InlineData("")]
    [InlineData("a\0b")]
    [InlineData(".. /x")]
    [InlineData("...")]
    [InlineData("a/ /x")]
    public void Hostile_names_have_a_fault(string path) => Assert.NotNull(RepositoryPath.FindFault(path));

    [Fact]
    public void Half_a_character_is_a_fault()
    {
        Assert.NotNull(RepositoryPath.FindFault("\ud800x"));
        Assert.NotNull(RepositoryPath.FindFault("x\ude00"));
    }

    [Fact]
    public void Names_without_fault_stay_below_their_folder()
    {
        var characters = Gen.Elements("ab./\\: \0\ud83d\ude00é~".ToCharArray());
        string root = Path.GetFullPath(Path.Combine(Path.GetTempPath(), "snapshot")) + Path.DirectorySeparatorChar;
        Properties.ForAll(
            Gen.ArrayOf(characters).Select(c => new string(c)),
            path => RepositoryPath.FindFault(path) is not null
                || Path.GetFullPath(Path.Combine(root, path)).StartsWith(root, StringComparison.Ordinal),
            3000);
        Assert.Null(RepositoryPath.FindFault("sub/model-00001-of-00002.safetensors"));
        Assert.Null(RepositoryPath.FindFault("Bücher 😀/.gitattributes"));
    }

    internal static Gen<byte[]> Mutations(byte[] whole)
        => from edits in Gen.ArrayOf(Gen.Zip(Gen.Choose(0, whole.Length - 1), Gen.Choose(0, 255)), 3)
           from length in Gen.Frequency((3, Gen.Constant(whole.Length)), (1, Gen.Choose(0, whole.Length)))
           select Edit(whole, edits, length);

    private static byte[] Edit(byte[] whole, (int At, int Value)[] edits, int length)
    {
        byte[] result = [.. whole];
        foreach ((int at, int value) in edits)
            result[at] = (byte)value;
        return result[..length];
    }

    private void AssertPartial(string missing)
    {
        var e = Assert.Throws<HubRequestException>(() => HubModelResolver.Resolve("acme/tiny", Options));
        Assert.Contains(missing + " missing", e.Message, StringComparison.Ordinal);
        Assert.Contains("palisharp pull acme/tiny", e.Message, StringComparison.Ordinal);
    }

    /// <summary>Stores a file as the Python client does.</summary>
    private string Python(string name, string text)
    {
        string etag = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(text + name)));
        string blob = _folder.Write(text, Repository, "blobs", etag);
        string link = _folder[Repository, "snapshots", Commit, name];
        Directory.CreateDirectory(Path.GetDirectoryName(link)!);
        if (OperatingSystem.IsWindows())
            File.Copy(blob, link);
        else
            File.CreateSymbolicLink(link, $"../../blobs/{etag}");
        _folder.Write(Commit, Repository, "refs", "main");
        return blob;
    }
}
