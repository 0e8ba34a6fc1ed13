using PaliSharp.Cli.Input;
using Xunit;

namespace PaliSharp.Cli.Tests;

public sealed class PictureInputTests
{
    [Fact]
    public async Task Standard_input_is_a_picture()
    {
        byte[] picture = await File.ReadAllBytesAsync(CliRun.Picture("02.png"));
        CliRun run = await CliRun.Of(["caption", "-", "--json", "--model", CliRun.Nano], new CliRun.Setup { Input = picture });
        Assert.Equal(0, run.Code);
        Assert.Equal("-", run.Json[0].GetProperty("image").GetString());
        Assert.Equal("an orange ring on a pink background", run.Json[0].GetProperty("text").GetString());
    }

    [Fact]
    public async Task Standard_input_is_read_once_only()
    {
        CliRun run = await CliRun.Of("caption", "-", "-", "--model", CliRun.Nano);
        Assert.Equal(2, run.Code);
    }

    [Fact]
    public async Task What_cannot_be_read_is_reported_and_the_others_go_on()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["no-picture.png"], "hello");
        await File.WriteAllBytesAsync(folder["cut.png"], (await File.ReadAllBytesAsync(CliRun.Picture("02.png")))[..30]);
        CliRun run = await CliRun.Of(
            "caption", folder["missing.png"], folder["no-picture.png"], CliRun.Picture("02.png"), folder["cut.png"], "--json", "--model", CliRun.Nano);
        Assert.Equal(1, run.Code);
        Assert.Equal(CliRun.Picture("02.png"), Assert.Single(run.Json).GetProperty("image").GetString());
        string[] errors = run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, errors.Length);
        foreach ((string name, string error) in ((string[])["missing.png", "no-picture.png", "cut.png"]).Zip(errors))
            Assert.StartsWith($"error: {folder[name]}: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_gives_its_pictures_sorted_and_nothing_else()
    {
        using var folder = new TemporaryFolder();
        byte[] picture = await File.ReadAllBytesAsync(CliRun.Picture("02.png"));
        foreach (string name in (string[])["b.png", "a.png", "no-extension"])
            await File.WriteAllBytesAsync(folder[name], picture);
        await File.WriteAllTextAsync(folder["notes.txt"], "not a picture");
        Assert.Equal([folder["a.png"], folder["b.png"], folder["no-extension"]], PictureFinder.Find([folder.Path]).Select(found => found.Name));
        CliRun run = await CliRun.Of("caption", folder.Path, "--json", "--model", CliRun.Nano);
        Assert.Equal(0, run.Code);
        Assert.Equal(3, run.Json.Length);
    }

    [Fact]
    public async Task An_empty_folder_fails()
    {
        using var folder = new TemporaryFolder();
        CliRun run = await CliRun.Of("caption", folder.Path, "--model", CliRun.Nano);
        Assert.Equal(1, run.Code);
        Assert.Contains(folder.Path, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Patterns_match_names_and_folders()
    {
        using var folder = new TemporaryFolder();
        foreach (string name in (string[])["x/1.png", "x/2.jpg", "x/y/3.png", "x/y/z/4.png", "5.png", ".hidden.png", "x/.git/6.png"])
        {
            string path = folder[name];
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, "");
        }

        Assert.Equal(["5.png"], Match("*.png"));
        Assert.Equal(["x/1.png"], Match("x/?.png"));
        Assert.Equal(["x/y/3.png"], Match("x/*/*.png"));
        Assert.Equal(["x/1.png", "x/2.jpg"], Match("*/*"));
        Assert.Equal(["5.png", "x/1.png", "x/y/3.png", "x/y/z/4.png"], Match("**/*.png"));
        Assert.Equal(["x/y/3.png", "x/y/z/4.png"], Match("x/y/**"));
        Assert.Empty(Match("*.gif"));
        Assert.Empty(Match("nowhere/*.png"));

        IEnumerable<string> Match(string pattern) =>
            FilePattern.Find(folder[pattern]).Select(path => Path.GetRelativePath(folder.Path, path).Replace('\\', '/'));
    }

    [Fact]
    public void A_pattern_does_not_follow_links_in_circles()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["x"]);
        File.WriteAllText(folder["x/1.png"], "");
        Directory.CreateSymbolicLink(folder["x/up"], folder.Path);
        Assert.Equal([folder["x/1.png"]], FilePattern.Find(folder["**/*.png"]));
    }

    [Fact]
    public async Task A_pattern_without_matches_fails()
    {
        using var folder = new TemporaryFolder();
        CliRun run = await CliRun.Of("caption", folder["*.png"], "--model", CliRun.Nano);
        Assert.Equal(1, run.Code);
        Assert.Contains("matches", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Pictures_and_things_are_told_apart()
    {
        string picture = CliRun.Picture("02.png");
        Check(DetectArguments.Split([picture, "red circle", "dog"], [], []), [picture], ["red circle", "dog"]);
        Check(DetectArguments.Split([picture, "typo.jpg", "cat"], [], []), [picture, "typo.jpg"], ["cat"]);
        Check(DetectArguments.Split(["nothing", "cat"], [], []), ["nothing"], ["cat"]);
        Check(DetectArguments.Split(["-", Path.GetDirectoryName(picture)!, "cat"], [], []), ["-", Path.GetDirectoryName(picture)!], ["cat"]);
        Check(DetectArguments.Split(["a.png", "b.png"], ["c.png"], []), ["c.png"], ["a.png", "b.png"]);
        Check(DetectArguments.Split(["cat", "dog"], [], ["fish"]), ["cat", "dog"], ["fish"]);
        Check(DetectArguments.Split([], ["c.png"], ["fish"]), ["c.png"], ["fish"]);
        Assert.Throws<UsageException>(() => DetectArguments.Split(["x"], ["c.png"], ["fish"]));
        Assert.Throws<UsageException>(() => DetectArguments.Split([picture], [], []));
        Assert.Throws<UsageException>(() => DetectArguments.Split([], [], ["fish"]));

        static void Check(DetectArguments split, string[] pictures, string[] things)
        {
            Assert.Equal(pictures, split.Pictures);
            Assert.Equal(things, split.Things);
        }
    }
}
