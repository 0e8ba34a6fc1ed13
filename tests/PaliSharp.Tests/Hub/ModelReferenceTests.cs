using FsCheck.Fluent;
using PaliSharp.Checkpoints.Hub;
using Xunit;

namespace PaliSharp.Tests.Hub;

public sealed class ModelReferenceTests
{
    [Theory]
    [InlineData("google/paligemma2-3b-mix-448", "google", "paligemma2-3b-mix-448", "main")]
    [InlineData("google/paligemma-3b-pt-224@bfloat16", "google", "paligemma-3b-pt-224", "bfloat16")]
    [InlineData("a/b@refs/pr/1", "a", "b", "refs/pr/1")]
    [InlineData("A_1/b.c@v1.0", "A_1", "b.c", "v1.0")]
    public void Reads_owner_name_and_revision(string text, string owner, string name, string revision)
    {
        ModelReference reference = ModelReference.Parse(text);
        Assert.Equal((owner, name, revision), (reference.Owner, reference.Name, reference.Revision));
        Assert.Equal($"{owner}/{name}", reference.Id);
        Assert.Equal(text, reference.ToString());
        Assert.False(reference.IsCommit);
    }

    [Fact]
    public void Knows_a_commit() => Assert.True(ModelReference.Parse("a/b@" + HubServer.Commit).IsCommit);

    [Theory]
    [InlineData("")]
    [InlineData("bert")]
    [InlineData("a/b/c")]
    [InlineData("/a/b")]
    [InlineData("../b")]
    [InlineData("a/..")]
    [InlineData("./nano")]
    [InlineData("a/b--c")]
    [InlineData("a/b@")]
    [InlineData("a/b@../../x")]
    [InlineData("a/b@x/../y")]
    [InlineData("a/b@/etc")]
    [InlineData("a/b@x\\y")]
    [InlineData("a/b@x:y")]
    [InlineData("a/b@x y")]
    [InlineData("a b/c")]
    [InlineData("C:\\models/x")]
    [InlineData("https://h/a")]
    [InlineData("a/ü")]
    public void Refuses_what_is_not_of_the_form(string text)
    {
        Assert.False(ModelReference.TryParse(text, out _));
        Assert.Contains("OWNER/NAME", Assert.Throws<CheckpointException>(() => ModelReference.Parse(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_very_long_text_quickly()
        => Assert.InRange(Assert.Throws<CheckpointException>(() => ModelReference.Parse(new string('a', 1_000_000))).Message.Length, 1, 1000);

    [Fact]
    public void Whatever_is_accepted_stays_below_the_cache()
    {
        var characters = Gen.Elements("abZ019._-/@\\:. ~^\0é".ToCharArray());
        Properties.ForAll(
            Gen.ArrayOf(characters).Select(c => new string(c)),
            text =>
            {
                if (!ModelReference.TryParse("o/n@" + text, out ModelReference? reference) && !ModelReference.TryParse(text, out reference))
                    return true;
                string root = Path.GetFullPath(Path.Combine(Path.GetTempPath(), "cache"));
                string refs = Path.Combine(root, "refs");
                return Path.GetFullPath(new HubCache(root).RepositoryFolder(reference)).StartsWith(Path.Combine(root, "models--"), StringComparison.Ordinal)
                    && Path.GetFullPath(Path.Combine(refs, reference.Revision)).StartsWith(refs + Path.DirectorySeparatorChar, StringComparison.Ordinal)
                    && ModelReference.Parse(reference.ToString()) == reference;
            },
            2000);
    }
}
