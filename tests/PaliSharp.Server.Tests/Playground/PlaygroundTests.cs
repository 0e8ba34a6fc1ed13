using System.Text.Json;
using Microsoft.Playwright;
using PaliSharp.Server.Tests.Support;
using PaliSharp.Tasks;
using Xunit;

namespace PaliSharp.Server.Tests.Playground;

public sealed class PlaygroundTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    private const float Timeout = 30_000;
    private const string Phone = "phone";

    private TestServer Server => fixture.Server;

    private PaliGemma Model => Server.Model;

    [SkippableFact]
    public async Task A_dropped_picture_is_detected_with_boxes_at_the_right_places()
    {
        await using Session session = await OpenAsync();
        await session.DropAsync("red-circles.png");
        await session.Page.ScreenshotAsync("picture");
        await session.Page.GetByLabel("What to find").FillAsync("red circle");
        await session.RunAsync();
        DetectionResult expected = await Model.DetectAsync(Sample.Image("red-circles.png"), ["red circle"]);
        Assert.Equal(expected.Detections.Count, await session.Page.Locator(".object").CountAsync());
        await session.AssertBoxesAsync([.. expected.Detections.Select(found => found.Box)], expected.Width, expected.Height);
        await session.Page.ScreenshotAsync("detect");

        // Hovering a row marks its box and no other; unticking it takes the box away.
        await session.Page.Locator(".object").Nth(0).HoverAsync();
        Assert.Equal(expected.Detections.Count - 1, await session.Page.Locator("#boxes g.dim").CountAsync());
        await session.Page.Locator(".object input").Nth(0).UncheckAsync();
        Assert.Equal(expected.Detections.Count - 1, await session.Page.Locator("#boxes [data-object]").CountAsync());
        Assert.Empty(session.Problems);
    }

    [SkippableFact]
    public async Task Masks_are_drawn_and_can_be_hidden()
    {
        await using Session session = await OpenAsync();
        await session.Page.GetByAltText("Sample: An orange ring on pink").ClickAsync();
        await session.RunAsync();
        SegmentationResult expected = await Model.SegmentAsync(Sample.Image("orange-ring.png"), ["orange ring"]);
        await session.Page.ScreenshotAsync("segment");
        int painted = await session.Page.EvaluateAsync<int>(
            "() => { const c = document.getElementById('masks'); const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; }");
        Assert.Equal(expected.Segments.Sum(found => found.Mask.Area), painted);
        await session.Page.GetByLabel("Masks").UncheckAsync();
        Assert.Equal(1, await session.Page.EvaluateAsync<int>("() => document.getElementById('masks').width"));
        Assert.Empty(session.Problems);
    }

    [SkippableFact]
    public async Task Text_streams_in_and_switching_tasks_keeps_the_picture()
    {
        await using Session session = await OpenAsync();
        await session.Page.GetByAltText("Sample: An orange ring on pink").ClickAsync();
        await session.ChooseAsync("Caption");
        await session.RunAsync();
        Assert.Equal(await AnswerAsync("caption en"), await session.Page.Locator("#text").TextContentAsync());
        await session.ChooseAsync("Ask");
        await session.Page.GetByLabel("Question").FillAsync("what color is the ring?");
        await session.Page.Keyboard.PressAsync("Control+Enter");
        await session.WaitAsync();
        Assert.Equal(await AnswerAsync("answer en what color is the ring?"), await session.Page.Locator("#text").TextContentAsync());
        await session.Page.ScreenshotAsync("ask");
        await session.ChooseAsync("Classify");
        await session.RunAsync();
        ClassificationResult expected = await Model.ClassifyAsync(Sample.Image("orange-ring.png"), ["red", "orange", "blue", "green"], "answer en what color is the ring?");
        Assert.Equal(expected.Labels.Select(label => label.Label), await session.Page.Locator(".rank .name").AllTextContentsAsync());
        await session.Page.ScreenshotAsync("classify");
        Assert.Empty(session.Problems);
    }

    [SkippableFact]
    public async Task Errors_are_told_kindly()
    {
        await using Session session = await OpenAsync();
        await session.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Run" }).ClickAsync();
        Assert.Contains("No picture yet", await session.Page.GetByRole(AriaRole.Alert).TextContentAsync(), StringComparison.Ordinal);
        await session.DropAsync("red-circles.png", "this is no picture"u8.ToArray());
        await session.RunAsync();
        string? told = await session.Page.GetByRole(AriaRole.Alert).TextContentAsync();
        Assert.Contains("That cannot be done", told, StringComparison.Ordinal);
        await AssertUsableAsync(session);
        await session.Page.ScreenshotAsync("error");
        await session.Page.RouteAsync("**/v1/**", route => route.AbortAsync());
        await session.RunAsync();
        Assert.Contains("does not answer", await session.Page.GetByRole(AriaRole.Alert).TextContentAsync(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_server_with_keys_asks_for_one()
    {
        await using TestServer locked = await TestServer.StartAsync(options => options.ApiKeys = ["a-long-enough-key"]);
        await using Session session = await OpenAsync(address: locked.Address);
        await session.Page.GetByLabel("API key").FillAsync("not-the-right-key");
        await session.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Use it" }).ClickAsync();
        await session.Page.GetByText("The API key is not one of this server's.").WaitForAsync();
        await AssertUsableAsync(session);
        await session.Page.ScreenshotAsync("key");
        await session.Page.GetByLabel("API key").FillAsync("a-long-enough-key");
        await session.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Use it" }).ClickAsync();
        await session.Page.GetByLabel("API key").WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Hidden });
        await session.Page.GetByAltText("Sample: An orange ring on pink").ClickAsync();
        await session.ChooseAsync("Caption");
        await session.RunAsync();
        Assert.Equal(await AnswerAsync("caption en"), await session.Page.Locator("#text").TextContentAsync());
    }

    [SkippableFact]
    public async Task It_fits_a_phone_and_the_dark()
    {
        await using Session session = await OpenAsync(phone: true, dark: true);
        await session.Page.GetByAltText("Sample: Three rings").ClickAsync();
        await session.RunAsync();
        await AssertUsableAsync(session);
        await session.Page.ScreenshotAsync("phone-dark");
        await session.Page.Locator(".object").Nth(0).ScrollIntoViewIfNeededAsync();
        DetectionResult expected = await Model.DetectAsync(Sample.Image("rings.png"), ["ring"]);
        await session.AssertBoxesAsync([.. expected.Detections.Select(found => found.Box)], expected.Width, expected.Height);
        Assert.Empty(session.Problems);
    }

    [SkippableFact]
    public async Task It_tells_that_the_server_is_ready_and_fits_windows_of_every_width()
    {
        await using Session session = await OpenAsync();
        await session.Page.Locator(".health.ready").WaitForAsync();
        foreach (bool hasAnswer in (bool[])[false, true])
        {
            if (hasAnswer)
            {
                await session.Page.GetByAltText("Sample: An orange ring on pink").ClickAsync();
                await session.RunAsync();
            }

            foreach (int width in (int[])[320, 390, 640, 899, 901, 1024, 1360, 1920, 2560])
            {
                await session.Page.SetViewportSizeAsync(width, 900);
                string[] sticking = await session.Page.EvaluateAsync<string[]>(Accessibility.SticksOut);
                Assert.True(sticking.Length == 0, $"{width}: {string.Join("; ", sticking)}");
            }

            await session.Page.SetViewportSizeAsync(1920, 1000);
            await session.Page.ScreenshotAsync(hasAnswer ? "wide" : "empty");
        }
    }

    [SkippableFact]
    public async Task Pictures_come_by_choosing_and_by_pasting_and_a_task_can_be_stopped()
    {
        await using Session session = await OpenAsync();
        await session.Page.Locator("#file").SetInputFilesAsync(Sample.PathOf("rings.png"));
        await session.Page.GetByText("rings.png · 240×200").WaitForAsync();
        await session.PasteAsync("red-circles.png");
        await session.Page.GetByText("red-circles.png · 180×240").WaitForAsync();

        // A server that never answers.
        await session.Page.RouteAsync("**/v1/vision/**", _ => { });
        await session.Page.Locator("#run").ClickAsync();
        ILocator stop = session.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Stop" });
        await stop.ClickAsync();
        await session.Page.GetByText("Stopped.").WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Attached });
        Assert.True(await session.Page.Locator("#run").IsEnabledAsync());
        await session.Page.Locator("#run").ClickAsync();
        await stop.WaitForAsync();
        await session.Page.Keyboard.PressAsync("Escape");
        await stop.WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Hidden });
        Assert.Empty(session.Problems);
    }

    [SkippableFact]
    public async Task Files_can_be_taken_home()
    {
        await using Session session = await OpenAsync();
        await session.Page.GetByAltText("Sample: Two red circles on pink").ClickAsync();
        await session.RunAsync();
        IDownload json = await session.Page.RunAndWaitForDownloadAsync(() => session.Page.GetByText("Download JSON").ClickAsync());
        Assert.Equal("red-circles-detect.json", json.SuggestedFilename);
        using JsonDocument document = JsonDocument.Parse(await File.ReadAllTextAsync(await json.PathAsync()));
        Assert.Equal("detect", document.RootElement.GetProperty("task").GetString());
        IDownload png = await session.Page.RunAndWaitForDownloadAsync(() => session.Page.GetByText("Download PNG").ClickAsync());
        Imaging.Image drawn = Imaging.Image.Load(await png.PathAsync());
        Imaging.Image original = Sample.Image("red-circles.png");
        Assert.Equal((original.Width, original.Height), (drawn.Width, drawn.Height));
        File.Copy(await png.PathAsync(), Path.Combine(BrowserFixture.Screenshots, "download.png"), overwrite: true);
    }

    [SkippableFact]
    public async Task The_code_it_shows_is_the_request_it_sends()
    {
        await using Session session = await OpenAsync();
        Assert.StartsWith("curl ", await session.Page.Locator("#code").TextContentAsync(), StringComparison.Ordinal);
        await session.Page.GetByAltText("Sample: Two red circles on pink").ClickAsync();
        await session.Page.GetByText("red-circles.png ·").WaitForAsync();
        string? curl = await session.Page.Locator("#code").TextContentAsync();
        Assert.Contains($"{Server.Address.GetLeftPart(UriPartial.Authority)}/v1/vision/detect", curl, StringComparison.Ordinal);
        Assert.Contains("-F image=@red-circles.png", curl, StringComparison.Ordinal);
        Assert.Contains("-F 'things=red circle'", curl, StringComparison.Ordinal);
        await session.ChooseAsync("Command line");
        Assert.Equal("palisharp detect red-circles.png 'red circle' --draw out.png", await session.Page.Locator("#code").TextContentAsync());
        await session.ChooseAsync("C#");
        string? code = await session.Page.Locator("#code").TextContentAsync();
        Assert.Contains("model.DetectAsync(image, [\"red circle\"]", code, StringComparison.Ordinal);
        await session.Page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        await session.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Copy" }).ClickAsync();
        await session.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Copied" }).WaitForAsync();
        Assert.Equal(code, await session.Page.EvaluateAsync<string>("() => navigator.clipboard.readText()"));
    }

    [SkippableFact]
    public async Task Everything_is_labelled_legible_and_reached_by_the_keyboard_in_order()
    {
        foreach (bool dark in (bool[])[false, true])
        {
            await using Session session = await OpenAsync(dark: dark);
            await session.Page.GetByAltText("Sample: Two red circles on pink").ClickAsync();
            await session.RunAsync();
            await AssertUsableAsync(session);
            await session.Page.ScreenshotAsync(dark ? "dark" : "light");
            await session.Page.Locator(".skip").FocusAsync();
            List<string> order = ["skip"];
            for (int i = 0; i < 40 && (order.Count == 0 || order[^1] != "BODY"); i++)
            {
                await session.Page.Keyboard.PressAsync("Tab");
                Assert.True(await session.Page.EvaluateAsync<bool>(Accessibility.ShowsFocus), $"nothing shows the focus after {order[^1]}");
                order.Add(await session.Page.EvaluateAsync<string>("() => document.activeElement.id || document.activeElement.name || document.activeElement.className || document.activeElement.tagName"));
            }

            string[] landmarks = ["skip", "model", "theme", "sample", "task", "things", "run", "object-0", "save-png", "copy"];
            int[] places = [.. landmarks.Select(name => order.IndexOf(name))];
            Assert.True(places.All(place => place >= 0) && places.SequenceEqual(places.Order()), string.Join(" → ", order));
        }
    }

    /// <summary>Everything has a name, can be read, can be hit, and is where it belongs.</summary>
    private static async Task AssertUsableAsync(Session session)
    {
        foreach (string check in (string[])[Accessibility.Unnamed, Accessibility.Faint, Accessibility.Small, Accessibility.SticksOut])
            Assert.Empty(await session.Page.EvaluateAsync<string[]>(check));
    }

    private async Task<string> AnswerAsync(string prompt) => (await Model.GenerateAsync(Sample.Image("orange-ring.png"), prompt)).Text;

    private async Task<Session> OpenAsync(bool phone = false, bool dark = false, Uri? address = null)
    {
        Skip.If(fixture.Browser is null, "There is no Chromium on this machine. Install it (apt-get install chromium) or set PALISHARP_BROWSER.");
        IBrowserContext context = await fixture.Browser.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = phone ? new ViewportSize { Width = 390, Height = 844 } : new ViewportSize { Width = 1360, Height = 900 },
            ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
            HasTouch = phone,
            DeviceScaleFactor = phone ? 2 : 1,
        });
        context.SetDefaultTimeout(Timeout);
        IPage page = await context.NewPageAsync();
        var session = new Session(context, page, phone ? Phone : dark ? "dark" : "light");
        await page.GotoAsync((address ?? Server.Address).ToString());
        return session;
    }
}
