using PaliSharp.Hosting;
using PaliSharp.Imaging;
using PaliSharp.Tests.Batching;
using PaliSharp.Tests.Checkpoints;
using Xunit;

namespace PaliSharp.Tests.Hosting;

/// <summary>Models by name: loaded when needed, released when they are in the way, loaded anew when their files change.</summary>
public sealed class ModelHostTests
{
    private static readonly Image Dot = Image.FromPixels(1, 1, [200, 30, 30]);

    [Fact]
    public async Task AModelIsLoadedOnceForAllWhoAskAndTheFirstAnswersToNoName()
    {
        int loaded = 0;
        using var host = new ModelHost(Options(["a", "b"]) with { WarmUp = (_, _) => Task.FromResult(Interlocked.Increment(ref loaded)) });
        Assert.All(host.GetState(), state => Assert.False(state.IsLoaded));
        ModelLease[] leases = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => host.AcquireAsync(i % 2 == 0 ? "a" : null)));
        Assert.Equal(1, loaded);
        Assert.All(leases, lease => Assert.Same(leases[0].Model, lease.Model));
        Assert.Equal((8, true), (host.GetState()[0].Leases, host.GetState()[0].IsLoaded));
        Assert.False(host.GetState()[1].IsLoaded);
        foreach (ModelLease lease in leases)
            lease.Dispose();
        leases[0].Dispose();
        Assert.Equal(0, host.GetState()[0].Leases);
    }

    [Fact]
    public async Task ModelsAreLoadedAheadAsFarAsMemoryIsUnboundedAndHaveSeenAPicture()
    {
        ModelHostOptions options = Options(["a", "b"]) with { WarmUp = (model, cancellationToken) => model.WarmUpAsync(cancellationToken) };
        using (var host = new ModelHost(options))
        {
            await host.PreloadAsync();
            Assert.All(host.GetState(), state => Assert.Equal((true, 1L, 1L), (state.IsLoaded, state.Model!.GetStatistics().Completed, state.Model.GetStatistics().PictureCacheMisses)));
        }

        using var bounded = new ModelHost(options with { MaxWeightBytes = 1L << 40 });
        await bounded.PreloadAsync();
        Assert.Equal([true, false], bounded.GetState().Select(state => state.IsLoaded));
    }

    [Theory]
    [InlineData("c")]
    [InlineData("A")]
    [InlineData("../models/nano")]
    [InlineData("/etc/passwd")]
    [InlineData("")]
    public async Task ANameThatIsNotHostedIsRefusedWhateverItLooksLike(string name)
    {
        using var host = new ModelHost(Options(["a", "b"]));
        UnknownModelException unknown = await Assert.ThrowsAsync<UnknownModelException>(() => host.AcquireAsync(name));
        Assert.Equal(["a", "b"], unknown.Names);
        UnknownModelException cut = await Assert.ThrowsAsync<UnknownModelException>(() => host.AcquireAsync(new string('\n', 10_000)));
        Assert.DoesNotContain("\n", cut.Message, StringComparison.Ordinal);
        Assert.True(cut.Message.Length < 300);
    }

    [Fact]
    public async Task TheModelUsedLongestAgoMakesRoom()
    {
        using PaliGemma measured = PaliGemma.Load();
        using var host = new ModelHost(Options(["a", "b", "c"]) with { MaxWeightBytes = (2 * measured.WeightBytes) + 1 });
        (await host.AcquireAsync("a")).Dispose();
        (await host.AcquireAsync("b")).Dispose();
        (await host.AcquireAsync("a")).Dispose();
        (await host.AcquireAsync("c")).Dispose();
        Assert.Equal([true, false, true], host.GetState().Select(state => state.IsLoaded));
    }

    [Fact]
    public async Task AModelInUseIsNeverTakenAway()
    {
        using PaliGemma measured = PaliGemma.Load();
        using var host = new ModelHost(Options(["a", "b"]) with { MaxWeightBytes = measured.WeightBytes });
        using (ModelLease first = await host.AcquireAsync("a"))
        {
            using ModelLease second = await host.AcquireAsync("b");
            Assert.NotEmpty((await first.Model.CaptionAsync(Dot)).Text);
            Assert.NotEmpty((await second.Model.CaptionAsync(Dot)).Text);
        }

        Assert.Single(host.GetState(), state => state.IsLoaded);
    }

    [Fact]
    public async Task AModelLargerThanTheLimitIsRefusedWithNumbers()
    {
        using var host = new ModelHost(Options(["a"]) with { MaxWeightBytes = 1000 });
        ResourceLimitException refused = await Assert.ThrowsAsync<ResourceLimitException>(() => host.AcquireAsync());
        Assert.Contains("1,000", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFailureToLoadIsReportedAndTriedAgain()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "model");
        using var host = new ModelHost(new ModelHostOptions { Models = [new HostedModel { Name = "late", Path = path }] });
        await Assert.ThrowsAnyAsync<PaliSharpException>(() => host.AcquireAsync("late"));
        CopyModel(path);
        using ModelLease lease = await host.AcquireAsync("late");
        Assert.NotEmpty((await lease.Model.CaptionAsync(Dot)).Text);
    }

    [Fact]
    public async Task ChangedFilesAreLoadedBesideTheOldModelOnceTheyHaveRested()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "model");
        CopyModel(path);
        var clock = new ManualClock();
        using var host = new ModelHost(new ModelHostOptions
        {
            Models = [new HostedModel { Name = "m", Path = path }],
            ReloadInterval = TimeSpan.FromSeconds(5),
            Clock = clock,
        });
        ModelLease old = await host.AcquireAsync("m");
        await LookAsync();
        Assert.Same(old.Model, await Current());

        Replace(Path.Combine(path, "preprocessor_config.json"), text => text + "\n");
        await LookAsync(); // seen for the first time
        Assert.Same(old.Model, await Current());
        await LookAsync();
        PaliGemma renewed = await Current();
        Assert.NotSame(old.Model, renewed);
        Assert.NotEmpty((await old.Model.CaptionAsync(Dot)).Text);
        old.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => old.Model.CaptionAsync(Dot));

        Replace(Path.Combine(path, "config.json"), _ => "{");
        await LookAsync();
        await LookAsync();
        Assert.Same(renewed, await Current());
        Assert.IsType<CheckpointException>(host.GetState()[0].ReloadFailure);

        async Task<PaliGemma> Current()
        {
            using ModelLease lease = await host.AcquireAsync("m");
            return lease.Model;
        }

        // The look goes on beside the call that caused it.
        async Task LookAsync()
        {
            clock.Advance(TimeSpan.FromSeconds(6));
            _ = await Current();
            for (int i = 0; i < 2000 && host.IsLooking; i++)
                await Task.Delay(5);
            Assert.False(host.IsLooking);
        }
    }

    [Fact]
    public async Task ADisposedHostGivesNothingAndReleasesWhatComesBack()
    {
        var host = new ModelHost(Options(["a"]));
        ModelLease lease = await host.AcquireAsync();
        host.Dispose();
        Assert.NotEmpty((await lease.Model.CaptionAsync(Dot)).Text);
        lease.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => lease.Model.CaptionAsync(Dot));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => host.AcquireAsync());
    }

    [Fact]
    public void OptionsThatMakeNoSenseAreRefused()
    {
        Assert.Throws<ArgumentException>(() => new ModelHost(Options([])));
        Assert.Throws<ArgumentException>(() => new ModelHost(Options(["a", "a"])));
        Assert.Throws<ArgumentException>(() => new ModelHost(Options(["a b"])));
        Assert.Throws<ArgumentException>(() => new ModelHost(Options(["ä"])));
        Assert.Throws<ArgumentException>(() => new ModelHost(Options([""])));
        Assert.Throws<ArgumentException>(() => new ModelHost(Options(["a"]) with { MaxWeightBytes = 0 }));
        Assert.Throws<ArgumentException>(() => new ModelHost(Options(["a"]) with { ReloadInterval = TimeSpan.Zero }));
    }

    private static ModelHostOptions Options(string[] names) => new() { Models = [.. names.Select(name => new HostedModel { Name = name })] };

    private static void CopyModel(string path)
    {
        Directory.CreateDirectory(path);
        foreach (string file in Directory.GetFiles(BundledModel.Find()!))
            File.Copy(file, Path.Combine(path, Path.GetFileName(file)));
    }

    private static void Replace(string file, Func<string, string> change)
    {
        File.WriteAllText($"{file}.new", change(File.ReadAllText(file)));
        File.Move($"{file}.new", file, overwrite: true);
    }
}
