using Microsoft.Playwright;
using PaliSharp.Server.Tests.Support;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Server.Tests.Playground;

/// <summary>A real browser, if the machine has one, and a server for it.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    private static readonly string[] Places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable"];

    private IPlaywright? _playwright;

    internal IBrowser? Browser { get; private set; }

    internal TestServer Server { get; private set; } = null!;

    /// <summary>Where pictures of the page are kept.</summary>
    internal static string Screenshots { get; } = Path.Combine(GoldenData.RepositoryRoot, "artifacts", "screenshots");

    public async Task InitializeAsync()
    {
        Server = await TestServer.StartAsync(options => options.Models = [options.Models[0] with { Path = null }]);
        string? program = Environment.GetEnvironmentVariable("PALISHARP_BROWSER") ?? Places.FirstOrDefault(File.Exists);
        if (program is null)
            return;
        _playwright = await Microsoft.Playwright.Playwright.CreateAsync();
        Browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = program, Args = ["--no-sandbox", "--disable-gpu"] });
        Directory.CreateDirectory(Screenshots);
    }

    public async Task DisposeAsync()
    {
        if (Browser is not null)
            await Browser.DisposeAsync();
        _playwright?.Dispose();
        await Server.DisposeAsync();
    }
}
