using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using PaliSharp.Server.Pictures;
using PaliSharp.Server.Tests.Support;
using Xunit;

namespace PaliSharp.Server.Tests.Security;

/// <summary>Pictures by URL: what is refused, and that a checked address is the one connected to.</summary>
public sealed class PictureFetchTests
{
    private const string Public = "93.184.216.34";
    private const long Limit = 1 << 20;

    public static TheoryData<string> RefusedUrls => new(
        [
            "http://127.0.0.1/a.png",
            "http://127.1/a.png",
            "http://0x7f.0.0.1/a.png",
            "http://2130706433/a.png",
            "http://0x7f000001/a.png",
            "http://017700000001/a.png",
            "http://0/a.png",
            "http://localhost/a.png",
            "http://0177.0.0.1/a.png",
            "http://[::1]/a.png",
            "http://[::]/a.png",
            "http://[0:0:0:0:0:ffff:a9fe:a9fe]/a.png",
            "http://[2002:7f00:1::]/a.png",
            "http://[fe80::1%25eth0]/a.png",
            "http://[ff02::1]/a.png",
            "http://[::ffff:127.0.0.1]/a.png",
            "http://[::ffff:7f00:1]/a.png",
            "http://[64:ff9b::7f00:1]/a.png",
            "http://[fe80::1]/a.png",
            "http://[fc00::1]/a.png",
            "http://0.0.0.0/a.png",
            "http://169.254.169.254/latest/meta-data/",
            "http://10.1.2.3/a.png",
            "http://192.168.0.1/a.png",
            "http://224.0.0.1/a.png",
            "http://private.test/a.png",
            "http://mixed.test/a.png",
            "http://mapped.test/a.png",
            "http://six.test/a.png",
            "http://user:password@public.test/a.png",
            "http://public.test:22/a.png",
            "http://public.test:6379/a.png",
        ]);

    [Theory]
    [MemberData(nameof(RefusedUrls))]
    public async Task Addresses_that_are_not_public_are_never_connected_to(string url)
    {
        using var fetcher = new PictureFetcher(Options("*"), new FetchNetwork(Resolve, PublicAddress.IsPublic));
        Errors.ApiException refused = await Assert.ThrowsAsync<Errors.ApiException>(() => fetcher.FetchAsync(new Uri(url), "url", Limit, CancellationToken.None));
        Assert.Equal("picture_url_refused", refused.Code);
        Assert.DoesNotContain("10.0.0.7", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://elsewhere.test/a.png")]
    [InlineData("http://public.test.evil.test/a.png")]
    [InlineData("http://evilpublic.test/a.png")]
    public async Task Hosts_beyond_the_list_are_refused_before_they_are_resolved(string url)
    {
        bool isResolved = false;
        var network = new FetchNetwork(
            (host, token) =>
            {
                isResolved = true;
                return Resolve(host, token);
            },
            PublicAddress.IsPublic);
        using var fetcher = new PictureFetcher(Options("public.test", "*.public.test"), network);
        Errors.ApiException refused = await Assert.ThrowsAsync<Errors.ApiException>(() => fetcher.FetchAsync(new Uri(url), "url", Limit, CancellationToken.None));
        Assert.Equal("picture_url_refused", refused.Code);
        Assert.False(isResolved);
    }

    [Fact]
    public async Task A_name_that_changes_its_mind_gains_nothing()
    {
        // For this test alone 127.0.0.1 counts as public. The name leads there when it is asked first, and inside the network ever after: what was
        // checked must be what is connected to, without asking again.
        await using WebApplication origin = await StartOriginAsync();
        var url = new Uri($"http://rebind.test:{new Uri(origin.Urls.First()).Port}/ring.png");
        int asked = 0;
        var network = new FetchNetwork(
            (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(asked++ == 0 ? "127.0.0.1" : "10.0.0.7")]),
            address => address.Equals(IPAddress.Loopback));
        PictureUrlOptions options = Options("*");
        options.AllowAnyPort = true;
        using var fetcher = new PictureFetcher(options, network);
        Assert.Equal(Sample.Bytes("orange-ring.png"), await fetcher.FetchAsync(url, "url", Limit, CancellationToken.None));
        Assert.Equal(1, asked);

        // No connection is kept from one fetch to the next, or it would lead around the check.
        Errors.ApiException refused = await Assert.ThrowsAsync<Errors.ApiException>(() => fetcher.FetchAsync(url, "url", Limit, CancellationToken.None));
        Assert.Equal("picture_url_refused", refused.Code);
        Assert.Equal(2, asked);
    }

    [Fact]
    public async Task Pictures_that_are_fetched_share_the_bytes_of_a_body()
    {
        await using WebApplication origin = await StartOriginAsync();
        string url = $"http://pictures.test:{new Uri(origin.Urls.First()).Port}/ring.png";
        int size = Sample.Bytes("orange-ring.png").Length;
        var network = new FetchNetwork((_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]), _ => true);
        await using TestServer server = await TestServer.StartAsync(
            options =>
            {
                options.PictureUrls = new PictureUrlOptions { Enabled = true, AllowedHosts = ["*.test"], AllowAnyPort = true };
                options.Limits.RequestBytes = (2 * size) + 10;
            },
            network);
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/v1/vision/caption", new { images = (string[])[url, url] })).Status);
        Assert.Equal("request_too_large", (await server.PostAsync("/v1/vision/caption", new { images = (string[])[url, url, url] })).ErrorCode);
        Assert.Equal(0, server.Get<PictureReader>().HeldBytes);
    }

    [Fact]
    public async Task Pictures_are_fetched_and_redirects_checked()
    {
        await using WebApplication origin = await StartOriginAsync();
        int port = new Uri(origin.Urls.First()).Port;

        // For this test alone, this machine counts as public where the name says so.
        var network = new FetchNetwork(
            (host, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(host == "inside.test" ? "127.0.0.2" : "127.0.0.1")]),
            address => address.Equals(IPAddress.Loopback));
        await using TestServer server = await TestServer.StartAsync(
            options => options.PictureUrls = new PictureUrlOptions { Enabled = true, AllowedHosts = ["*.test"], AllowAnyPort = true, MaxBytes = 200_000, Timeout = TimeSpan.FromSeconds(2) },
            network);
        async Task<Answer> AskAsync(string path) => await server.PostAsync("/v1/vision/caption", new { image = $"http://pictures.test:{port}/{path}" });

        Answer fetched = await AskAsync("ring.png");
        Assert.True(fetched.Status == HttpStatusCode.OK, fetched.Text);
        Assert.Equal((await server.Model.CaptionAsync(Sample.Image("orange-ring.png"))).Text, fetched.Json.GetProperty("results")[0].GetProperty("text").GetString());
        Assert.Equal(HttpStatusCode.OK, (await AskAsync("redirect?to=/ring.png")).Status);
        Assert.Equal("picture_url_refused", (await AskAsync($"redirect?to=http://inside.test:{port}/ring.png")).ErrorCode);
        Assert.Equal("picture_url_refused", (await AskAsync("redirect?to=http://elsewhere.example/ring.png")).ErrorCode);
        Assert.Equal("picture_url_refused", (await AskAsync("redirect?to=file:///etc/passwd")).ErrorCode);
        Assert.Equal("picture_not_fetched", (await AskAsync("loop")).ErrorCode);
        Assert.Equal("picture_not_fetched", (await AskAsync("missing")).ErrorCode);
        Assert.Equal("request_too_large", (await AskAsync("huge?declared=true")).ErrorCode);
        Assert.Equal("request_too_large", (await AskAsync("huge")).ErrorCode);
        Assert.Equal("picture_not_fetched", (await AskAsync("slow")).ErrorCode);
        Assert.Equal("invalid_image", (await AskAsync("text")).ErrorCode);
    }

    private static PictureUrlOptions Options(params string[] hosts) => new() { Enabled = true, AllowedHosts = hosts, Timeout = TimeSpan.FromSeconds(5) };

    private static Task<IPAddress[]> Resolve(string host, CancellationToken cancellationToken) => Task.FromResult<IPAddress[]>(host switch
    {
        "private.test" => [IPAddress.Parse("10.0.0.7")],
        "mixed.test" => [IPAddress.Parse(Public), IPAddress.Parse("10.0.0.7")],
        "mapped.test" => [IPAddress.Parse("::ffff:10.0.0.7")],
        "six.test" => [IPAddress.Parse("2606:4700:4700::1111"), IPAddress.Parse("fd00::7")],
        "localhost" => [IPAddress.Loopback, IPAddress.IPv6Loopback],
        _ => [IPAddress.Parse(Public)],
    });

    private static async Task<WebApplication> StartOriginAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        WebApplication app = builder.Build();
        app.Run(async context =>
        {
            switch (context.Request.Path.Value)
            {
                case "/ring.png":
                    await context.Response.Body.WriteAsync(Sample.Bytes("orange-ring.png"));
                    break;
                case "/redirect":
                    context.Response.Redirect(context.Request.Query["to"]!);
                    break;
                case "/loop":
                    context.Response.Redirect("/loop");
                    break;
                case "/huge":
                    if (context.Request.Query.ContainsKey("declared"))
                        context.Response.ContentLength = 1_000_000;
                    await context.Response.Body.WriteAsync(new byte[1_000_000]);
                    break;
                case "/slow":
                    await Task.Delay(TimeSpan.FromSeconds(20), context.RequestAborted);
                    break;
                case "/text":
                    await context.Response.WriteAsync("no picture");
                    break;
                default:
                    context.Response.StatusCode = StatusCodes.Status404NotFound;
                    break;
            }
        });
        await app.StartAsync();
        return app;
    }
}
