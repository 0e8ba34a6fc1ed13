using Microsoft.Playwright;
using PaliSharp.Server.Tests.Support;
using PaliSharp.Tasks;
using Xunit;

namespace PaliSharp.Server.Tests.Playground;

/// <summary>A visit to the page.</summary>
internal sealed class Session : IAsyncDisposable
{
    private readonly IBrowserContext _context;

    public Session(IBrowserContext context, IPage page, string name)
    {
        _context = context;
        Page = page;
        Name = name;
        page.PageError += (_, message) => Problems.Add(message);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
                Problems.Add(message.Text);
        };
    }

    public IPage Page { get; }

    public string Name { get; }

    /// <summary>What the page complained about; a breach of the content security policy is among it.</summary>
    public List<string> Problems { get; } = [];

    /// <summary>Drops a picture as a person does.</summary>
    public async Task DropAsync(string sample, byte[]? content = null) =>
        await Page.DispatchEventAsync("#drop", "drop", new Dictionary<string, object> { ["dataTransfer"] = await TransferAsync(sample, content ?? Sample.Bytes(sample)) });

    /// <summary>Pastes a picture as a person does.</summary>
    public async Task PasteAsync(string sample) => await Page.EvaluateAsync(
        "transfer => document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true }))", await TransferAsync(sample, Sample.Bytes(sample)));

    public async Task ChooseAsync(string task) => await Page.GetByRole(AriaRole.Radio, new PageGetByRoleOptions { Name = task }).CheckAsync();

    public async Task RunAsync()
    {
        await Page.Locator("#run").ClickAsync();
        await WaitAsync();
    }

    /// <summary>Waits until the task is done.</summary>
    public Task WaitAsync() => Page.WaitForFunctionAsync(
        "() => !document.getElementById('run').disabled && (!document.getElementById('actions').hidden || !document.getElementById('error').hidden)");

    /// <summary>Compares the boxes on the screen with those of the model.</summary>
    public async Task AssertBoxesAsync(IReadOnlyList<BoundingBox> expected, int width, int height)
    {
        await Page.WaitForFunctionAsync("() => document.querySelectorAll('#boxes .hit').length > 0");
        float[] picture = await Page.EvaluateAsync<float[]>("() => { const r = document.getElementById('picture').getBoundingClientRect(); return [r.x, r.y, r.width, r.height]; }");
        float[][] boxes = await Page.EvaluateAsync<float[][]>(
            "() => [...document.querySelectorAll('#boxes .hit')].map(e => { const r = e.getBoundingClientRect(); return [r.x, r.y, r.x + r.width, r.y + r.height]; })");
        Assert.Equal(expected.Count, boxes.Length);
        for (int i = 0; i < boxes.Length; i++)
        {
            float[] wanted = [expected[i].X1 / width, expected[i].Y1 / height, expected[i].X2 / width, expected[i].Y2 / height];
            for (int side = 0; side < 4; side++)
            {
                float along = side % 2 == 0 ? picture[2] : picture[3];
                float start = side % 2 == 0 ? picture[0] : picture[1];
                Assert.Equal(start + (wanted[side] * along), boxes[i][side], 1.5f);
            }
        }
    }

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();

    private async Task<IJSHandle> TransferAsync(string sample, byte[] content) => await Page.EvaluateHandleAsync(
        """
        ([name, base64]) => {
          const bytes = Uint8Array.from(atob(base64), c => c.charCodeAt(0));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], name, { type: 'image/png' }));
          return transfer;
        }
        """,
        (object[])[sample, Convert.ToBase64String(content)]);
}

/// <summary>Pictures of pages, kept to be looked at.</summary>
internal static class ScreenshotExtensions
{
    public static Task<byte[]> ScreenshotAsync(this IPage page, string name) => page.ScreenshotAsync(new PageScreenshotOptions
    {
        Path = Path.Combine(BrowserFixture.Screenshots, $"{name}.png"),
        FullPage = true,
        Animations = ScreenshotAnimations.Disabled,
    });
}
