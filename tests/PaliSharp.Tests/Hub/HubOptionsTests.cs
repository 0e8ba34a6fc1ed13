using PaliSharp.Checkpoints.Hub;
using Xunit;

namespace PaliSharp.Tests.Hub;

public sealed class HubOptionsTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public void Defaults_are_those_of_the_Python_client()
    {
        HubOptions options = Read();
        Assert.Equal("https://huggingface.co", options.Address);
        Assert.Null(options.Token);
        Assert.False(options.Offline);
        Assert.Equal(_home[".cache", "huggingface", "hub"], options.CacheFolder);
        Assert.Equal(TimeSpan.FromSeconds(10), options.DownloadTimeout);
        Assert.Equal(TimeSpan.FromSeconds(10), options.MetadataTimeout);
    }

    [Fact]
    public void The_cache_is_found_in_the_order_of_the_Python_client()
    {
        Assert.Equal(_home["xdg", "huggingface", "hub"], Read(("XDG_CACHE_HOME", _home["xdg"])).CacheFolder);
        Assert.Equal(_home["hf", "hub"], Read(("XDG_CACHE_HOME", _home["xdg"]), ("HF_HOME", _home["hf"])).CacheFolder);
        Assert.Equal(_home["old"], Read(("HF_HOME", _home["hf"]), ("HUGGINGFACE_HUB_CACHE", _home["old"])).CacheFolder);
        Assert.Equal(_home["new"], Read(("HUGGINGFACE_HUB_CACHE", _home["old"]), ("HF_HUB_CACHE", _home["new"])).CacheFolder);
        Assert.Equal(_home["x", "c"], Read(("HF_HUB_CACHE", "~/$SUB/c"), ("SUB", "x")).CacheFolder);
        Assert.Equal(_home["x", "c"], Read(("HF_HUB_CACHE", "~/${SUB}/c"), ("SUB", "x")).CacheFolder);
        Assert.Equal(_home["$SUB", "c"], Read(("HF_HUB_CACHE", "~/$SUB/c")).CacheFolder);
    }

    [Fact]
    public void The_token_is_found_in_the_order_of_the_Python_client()
    {
        _home.Write("hf_file\n", ".cache", "huggingface", "token");
        Assert.Equal("hf_file", Read().Token);
        _home.Write("hf_home", "hf", "token");
        Assert.Equal("hf_home", Read(("HF_HOME", _home["hf"])).Token);
        _home.Write("hf_path", "elsewhere");
        Assert.Equal("hf_path", Read(("HF_HOME", _home["hf"]), ("HF_TOKEN_PATH", _home["elsewhere"])).Token);
        Assert.Equal("hf_old", Read(("HUGGING_FACE_HUB_TOKEN", "hf_old")).Token);
        Assert.Equal("hf_new", Read(("HUGGING_FACE_HUB_TOKEN", "hf_old"), ("HF_TOKEN", " hf_new \r\n")).Token);
        Assert.Equal("hf_file", Read(("HF_TOKEN", "")).Token);
        Assert.Null(Read(("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")).Token);
    }

    [Fact]
    public void A_token_is_not_printed()
        => Assert.DoesNotContain("hf_secret", Read(("HF_TOKEN", "hf_secret")).ToString(), StringComparison.Ordinal);

    [Theory]
    [InlineData("HF_HUB_OFFLINE", "1", true)]
    [InlineData("HF_HUB_OFFLINE", "yes", true)]
    [InlineData("HF_HUB_OFFLINE", "True", true)]
    [InlineData("HF_HUB_OFFLINE", "on", true)]
    [InlineData("HF_HUB_OFFLINE", "0", false)]
    [InlineData("HF_HUB_OFFLINE", "off", false)]
    [InlineData("TRANSFORMERS_OFFLINE", "1", true)]
    public void Offline_is_read(string name, string value, bool offline) => Assert.Equal(offline, Read((name, value)).Offline);

    [Fact]
    public void Endpoint_and_timeouts_are_read()
    {
        HubOptions options = Read(("HF_ENDPOINT", "http://mirror.test:81/hub/"), ("HF_HUB_DOWNLOAD_TIMEOUT", "30"), ("HF_HUB_ETAG_TIMEOUT", "20"));
        Assert.Equal("http://mirror.test:81/hub", options.Address);
        Assert.Equal(TimeSpan.FromSeconds(30), options.DownloadTimeout);
        Assert.Equal(TimeSpan.FromSeconds(20), options.MetadataTimeout);
    }

    [Theory]
    [InlineData("HF_ENDPOINT", "mirror")]
    [InlineData("HF_ENDPOINT", "ftp://mirror")]
    [InlineData("HF_ENDPOINT", "https://user:word@mirror")]
    [InlineData("HF_ENDPOINT", "https://mirror/?q")]
    [InlineData("HF_TOKEN", "two words")]
    [InlineData("HF_TOKEN", "hf_\u00e9")]
    [InlineData("HF_HUB_DOWNLOAD_TIMEOUT", "soon")]
    [InlineData("HF_HUB_DOWNLOAD_TIMEOUT", "-1")]
    [InlineData("HF_HUB_ETAG_TIMEOUT", "99999999999")]
    public void Unusable_values_are_named(string name, string value)
    {
        var e = Assert.Throws<HubRequestException>(() => Read((name, value)));
        Assert.Equal(HubFailure.Configuration, e.Failure);
        Assert.Contains(name, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_huge_token_file_is_refused()
    {
        string path = _home.Write(new string('x', 100_000), "token");
        Assert.Contains(path, Assert.Throws<HubRequestException>(() => Read(("HF_TOKEN_PATH", path))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Misuse_by_a_program_is_an_argument_exception()
    {
        HubOptions options = Read();
        Assert.ThrowsAny<ArgumentException>(() => new HubClient(options with { Token = "a\nb" }));
        Assert.ThrowsAny<ArgumentException>(() => new HubClient(options with { Endpoint = new Uri("x", UriKind.Relative) }));
        Assert.ThrowsAny<ArgumentException>(() => new HubClient(options with { Retries = -1 }));
    }

    private HubOptions Read(params (string Name, string Value)[] variables)
    {
        Dictionary<string, string> all = variables.ToDictionary(v => v.Name, v => v.Value);
        all.TryAdd(OperatingSystem.IsWindows() ? "USERPROFILE" : "HOME", _home.Path);
        return HubOptions.FromEnvironment(name => all.GetValueOrDefault(name));
    }
}
