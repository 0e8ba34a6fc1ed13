using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using PaliSharp.Checkpoints.Hub;
using Xunit;

namespace PaliSharp.Tests.Hub;

public sealed class HubRefusalTests : HubServerTest
{
    private string Page => $"{Server.Address}/{HubServer.Id}";

    [Fact]
    public async Task Gated_without_a_token_says_how_to_set_one()
    {
        GateFiles(401, "GatedRepo", "Access to model acme/tiny is restricted. You must be authenticated to access it.");
        var e = await FailAsync(HubFailure.TokenMissing);
        AssertSays(e, "no access token is set", "HF_TOKEN", Page, "/settings/tokens", "licence");
    }

    [Fact]
    public async Task Gated_with_a_token_says_to_accept_the_licence()
    {
        GateFiles(403, "GatedRepo", "Access to model acme/tiny is restricted and you are not in the authorized list.");
        var e = await FailAsync(HubFailure.LicenceNotAccepted, Options with { Token = "hf_x" });
        AssertSays(e, "has not accepted its licence", Page, "not in the authorized list");
    }

    [Theory]
    [InlineData("Your request to access model acme/tiny is awaiting a review from the repo authors.", HubFailure.AccessPending)]
    [InlineData("Your request to access model acme/tiny has been rejected by the repo's authors.", HubFailure.AccessDenied)]
    [InlineData("Please enable access to public gated repositories in your fine-grained token settings.", HubFailure.AccessDenied)]
    public async Task Gated_with_a_token_tells_states_apart(string said, HubFailure failure)
    {
        GateFiles(403, "GatedRepo", said);
        AssertSays(await FailAsync(failure, Options with { Token = "hf_x" }), said, Page);
    }

    [Theory]
    [InlineData(null, 401, HubFailure.TokenMissing)]
    [InlineData("hf_x", 403, HubFailure.LicenceNotAccepted)]
    public async Task A_hub_without_error_codes_is_understood_by_its_list(string? token, int status, HubFailure failure)
    {
        GateFiles(status, null, null);
        Server.Gated = "\"manual\"";
        AssertSays(await FailAsync(failure, Options with { Token = token }), Page);
    }

    [Theory]
    [InlineData("Invalid credentials in Authorization header")]
    [InlineData(null)]
    public async Task A_wrong_token_is_said(string? said)
    {
        RefuseAll(401, null, said);
        AssertSays(await FailAsync(HubFailure.TokenInvalid, Options with { Token = "hf_x" }), "HF_TOKEN", "/settings/tokens");
    }

    [Theory]
    [InlineData(null, 401, "RepoNotFound")]
    [InlineData(null, 401, null)]
    [InlineData(null, 404, null)]
    [InlineData("hf_x", 404, "RepoNotFound")]
    [InlineData("hf_x", 401, "RepoNotFound")]
    public async Task An_unknown_repository_is_said(string? token, int status, string? code)
    {
        RefuseAll(status, code, null);
        AssertSays(await FailAsync(HubFailure.RepositoryNotFound, Options with { Token = token }), "no model acme/tiny", "private", Page);
    }

    [Fact]
    public async Task An_unknown_revision_is_said()
    {
        Server.AddModel();
        var e = await FailAsync(HubFailure.RevisionNotFound, reference: ModelReference.Parse("acme/tiny@nowhere"));
        AssertSays(e, "'nowhere'", Page + "/tree/main");
    }

    [Fact]
    public async Task A_file_that_is_listed_but_gone_is_said()
    {
        Server.AddModel();
        Server.ExtraNames.Add("adapter_config.json");
        AssertSays(await FailAsync(HubFailure.FileNotFound), "'adapter_config.json'");
    }

    [Fact]
    public async Task Nothing_of_use_is_said()
    {
        Server.Add("README.md", "x");
        AssertSays(await FailAsync(HubFailure.FileNotFound), "no weights");
    }

    [Fact]
    public async Task A_disabled_repository_is_said()
    {
        RefuseAll(403, null, "Access to this resource is disabled.");
        AssertSays(await FailAsync(HubFailure.AccessDenied), "disabled");
    }

    [Fact]
    public async Task Other_denials_are_said_with_the_words_of_the_hub()
    {
        RefuseAll(403, null, "No. Never.");
        var e = await FailAsync(HubFailure.AccessDenied, Options with { Token = "hf_x" });
        AssertSays(e, "Never.");
        Assert.DoesNotContain("hf_x", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(400, HubFailure.BadAnswer)]
    [InlineData(501, HubFailure.ServerError)]
    public async Task Other_statuses_are_said(int status, HubFailure failure)
    {
        RefuseAll(status, null, null);
        AssertSays(await FailAsync(failure), $"HTTP {status}");
    }

    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(429)]
    public async Task What_passes_is_repeated(int status)
    {
        Server.AddModel();
        var failedOnce = new HashSet<string>();
        Server.Intercept = (context, seen) =>
        {
            bool fails;
            lock (failedOnce)
                fails = failedOnce.Add($"{seen.Storage} {seen.Method} {seen.Path}");
            if (fails)
                context.Response.StatusCode = status;
            return Task.FromResult(fails);
        };
        await PullAsync();
        AssertWhole("model.safetensors", "config.json");
    }

    [Fact]
    public async Task Retry_After_is_honoured()
    {
        Server.AddModel();
        int calls = 0;
        DateTimeOffset first = default;
        DateTimeOffset second = default;
        Server.Intercept = (context, _) =>
        {
            calls++;
            if (calls == 1)
            {
                first = DateTimeOffset.UtcNow;
                context.Response.StatusCode = 429;
                context.Response.Headers.RetryAfter = "1";
                return Task.FromResult(true);
            }

            if (calls == 2)
                second = DateTimeOffset.UtcNow;
            return Task.FromResult(false);
        };
        await PullAsync();
        Assert.True(second - first >= TimeSpan.FromSeconds(0.9));
    }

    [Fact]
    public async Task A_long_Retry_After_is_not_waited_for()
    {
        Server.Intercept = (context, _) =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = "3600";
            return Task.FromResult(true);
        };
        AssertSays(await FailAsync(HubFailure.RateLimited), "3600 s");
        Assert.Single(Server.Seen);
    }

    [Fact]
    public async Task Failures_without_end_are_given_up()
    {
        RefuseAll(503, null, null);
        AssertSays(await FailAsync(HubFailure.ServerError), "HTTP 503", "4 attempts");
        Assert.Equal(4, Server.Seen.Count);
    }

    [Fact]
    public async Task No_network_is_said_soon()
    {
        var e = await FailAsync(HubFailure.Network, Options with { Endpoint = new Uri($"http://127.0.0.1:{FreePort()}"), Retries = 50 });
        AssertSays(e, "cannot be reached", "HF_ENDPOINT", "HF_HUB_OFFLINE");
    }

    [Fact]
    public async Task A_hub_that_does_not_answer_is_given_up()
    {
        Server.Intercept = async (context, _) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(20), context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        AssertSays(await FailAsync(HubFailure.Network, Options with { MetadataTimeout = TimeSpan.FromMilliseconds(200) }), "no answer within 0.2 s");
    }

    [Fact]
    public async Task Offline_asks_nobody()
    {
        Server.AddModel();
        AssertSays(await FailAsync(HubFailure.Offline, Options with { Offline = true }), "HF_HUB_OFFLINE");
        Assert.Empty(Server.Seen);
    }

    [Theory]
    [InlineData("../../evil.json")]
    [InlineData("/etc/evil.json")]
    [InlineData("C:/evil.json")]
    [InlineData("..\\evil.json")]
    [InlineData("sub/../../evil.json")]
    [InlineData("evil\u0000.json")]
    public async Task Hostile_names_are_refused(string name)
    {
        Server.AddModel();
        Server.ExtraNames.Add(name);
        AssertSays(await FailAsync(HubFailure.BadAnswer), "refused");
        Assert.Empty(AllFiles());
        Assert.Single(Server.Seen);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"sha":"main","siblings":[]}""")]
    [InlineData("""{"sha":"../../../../../../../../../../../../../../x","siblings":[]}""")]
    [InlineData("""{"sha":"0123456789abcdef0123456789abcdef01234567"}""")]
    [InlineData("""{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[1]}""")]
    [InlineData("""{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"rfilename":null}]}""")]
    [InlineData("""{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"rfilename":"\ud800"}]}""")]
    public async Task A_list_that_is_none_is_refused(string text)
    {
        AnswerAll(Encoding.UTF8.GetBytes(text));
        await FailAsync(HubFailure.BadAnswer);
    }

    [Fact]
    public async Task A_deep_list_is_refused()
    {
        AnswerAll(Encoding.UTF8.GetBytes(new string('[', 1_000_000)));
        await FailAsync(HubFailure.BadAnswer);
    }

    [Fact]
    public async Task A_list_without_end_is_refused()
    {
        byte[] blanks = new byte[1 << 20];
        blanks.AsSpan().Fill((byte)' ');
        int sent = 0;
        Server.Intercept = async (context, _) =>
        {
            while (!context.RequestAborted.IsCancellationRequested && sent++ < 200)
                await context.Response.Body.WriteAsync(blanks);

            return true;
        };
        AssertSays(await FailAsync(HubFailure.BadAnswer), "list of files of more than");
    }

    [Fact]
    public async Task Whatever_the_list_holds_only_typed_errors_come_out()
    {
        byte[] whole = Encoding.UTF8.GetBytes(
            $$"""{"sha":"{{HubServer.Commit}}","gated":false,"siblings":[{"rfilename":"config.json","size":2},{"rfilename":"model.safetensors"}]}""");
        byte[] answer = whole;
        Server.Intercept = async (context, seen) =>
        {
            if (seen.Method == "GET")
                await context.Response.Body.WriteAsync(answer);
            else
                context.Response.StatusCode = 404;
            return true;
        };
        using var client = new HubClient(Options with { Retries = 0 });
        Properties.ForAll(
            HubCacheTests.Mutations(whole),
            bytes =>
            {
                answer = bytes;
                try
                {
                    client.PullAsync(Reference).WaitAsync(TimeSpan.FromSeconds(10)).GetAwaiter().GetResult();
                    return false;
                }
                catch (PaliSharpException)
                {
                    return true;
                }
            },
            150);
        await Task.CompletedTask;
    }

    [Theory]
    [InlineData("ETag", "")]
    [InlineData("ETag", "\"../../x\"")]
    [InlineData("ETag", "\"hidden.incomplete\"")]
    [InlineData("ETag", "\"NUL\"")]
    [InlineData("X-Linked-Etag", "\"a/b\"")]
    [InlineData("X-Linked-Size", "-1")]
    [InlineData("X-Linked-Size", "99999999999999999999")]
    [InlineData("X-Linked-Size", "ten")]
    [InlineData("X-Repo-Commit", "ffffffffffffffffffffffffffffffffffffffff")]
    public async Task Unusable_metadata_is_refused(string header, string value)
    {
        Server.AddModel();
        Server.Intercept = (context, seen) =>
        {
            if (seen.Method != "HEAD")
                return Task.FromResult(false);
            context.Response.Headers.ETag = $"\"{new string('a', 40)}\"";
            context.Response.Headers["X-Repo-Commit"] = HubServer.Commit;
            context.Response.ContentLength = 5;
            context.Response.Headers[header] = value;
            return Task.FromResult(true);
        };
        await FailAsync(HubFailure.BadAnswer);
        Assert.Empty(AllFiles());
    }

    [Fact]
    public async Task Redirects_in_a_circle_end()
    {
        Redirect(context => context.Request.Path + context.Request.QueryString.ToString());
        AssertSays(await FailAsync(HubFailure.BadAnswer), "redirects more than 5 times");
        Assert.Equal(6, Server.Seen.Count);
    }

    [Theory]
    [InlineData("ftp://127.0.0.1/x")]
    [InlineData("file:///etc/passwd")]
    [InlineData("http://[bad")]
    public async Task Redirects_to_no_web_address_are_refused(string location)
    {
        Redirect(_ => location);
        await FailAsync(HubFailure.BadAnswer);
    }

    [Theory]
    [InlineData("https://hub.test/a/b", "http://cdn.test/x", null)]
    [InlineData("https://hub.test/a/b", "http://hub.test/x", null)]
    [InlineData("https://hub.test/a/b", "http://127.0.0.1:81/x", "http://127.0.0.1:81/x")]
    [InlineData("https://hub.test/a/b", "https://cdn.test/x", "https://cdn.test/x")]
    [InlineData("http://hub.test/a/b", "http://cdn.test/x", "http://cdn.test/x")]
    [InlineData("https://hub.test/a/b", "../c?d", "https://hub.test/c?d")]
    [InlineData("https://hub.test/a/b", null, null)]
    public void Redirects_never_leave_the_protected_connection(string from, string? location, string? to)
    {
        Uri? target = location is null ? null : new Uri(location, UriKind.RelativeOrAbsolute);
        if (to is null)
            Assert.Throws<HubRequestException>(() => HubTransport.NextAddress(new Uri(from), target));
        else
            Assert.Equal(to, HubTransport.NextAddress(new Uri(from), target).AbsoluteUri);
    }

    [Fact]
    public async Task A_cache_that_cannot_be_written_is_said()
    {
        Server.AddModel();
        Cache.Write("a file where a folder should be", "models--acme--tiny");
        AssertSays(await FailAsync(HubFailure.Storage), "HF_HUB_CACHE");
    }

    private static void AssertSays(HubRequestException e, params string[] parts)
    {
        foreach (string part in parts)
            Assert.Contains(part, e.Message, StringComparison.Ordinal);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void RefuseAll(int status, string? code, string? message) => Server.Intercept = (context, _) =>
    {
        HubServer.Refuse(context, status, code, message);
        return Task.FromResult(true);
    };

    private void GateFiles(int status, string? code, string? message)
    {
        Server.AddModel();
        Server.Gated = "\"auto\"";
        Server.Intercept = (context, seen) =>
        {
            if (seen.Path.StartsWith("/api/", StringComparison.Ordinal))
                return Task.FromResult(false);
            HubServer.Refuse(context, status, code, message);
            return Task.FromResult(true);
        };
    }

    private void AnswerAll(byte[] body) => Server.Intercept = async (context, _) =>
    {
        await context.Response.Body.WriteAsync(body);
        return true;
    };

    private void Redirect(Func<HttpContext, string> location) => Server.Intercept = (context, _) =>
    {
        context.Response.StatusCode = 302;
        context.Response.Headers.Location = location(context);
        return Task.FromResult(true);
    };
}
