using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Tasks;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tests;

/// <summary>Matching, ranking and labels by the thousand, on the demonstration model.</summary>
public sealed class MatchingTests : IDisposable
{
    private const string RightCaption = "an orange ring on a pink background";

    private static readonly Image[] Pictures = [.. Enumerable.Range(0, 8).Select(i => Image.Load(Path.Combine(GoldenData.Bundled, "nano", $"0{i}.png")))];

    private readonly PaliGemma _model = PaliGemma.Load();

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(LabelPrior.BlankPicture)]
    [InlineData(LabelPrior.NoPicture)]
    public async Task ATextFitsItsPictureBetterThanOthers(LabelPrior prior)
    {
        var options = new MatchOptions { Prior = prior };
        MatchResult right = await _model.MatchAsync(Pictures[2], RightCaption, options);
        MatchResult wrong = await _model.MatchAsync(Pictures[0], RightCaption, options);
        Assert.True(right.Score > 0);
        Assert.True(right.Score > wrong.Score);
        Assert.Equal(right.PriorLogProbability, wrong.PriorLogProbability, 1e-3);
    }

    [Fact]
    public async Task PicturesAndTextsAreRanked()
    {
        IReadOnlyList<PictureMatch> pictures = await _model.RankPicturesAsync(Pictures, RightCaption);
        Assert.Equal(2, pictures[0].Index);
        Assert.Equal(8, pictures.Count);
        Assert.Equal(1, pictures.Sum(match => match.Probability), 1e-9);
        ClassificationResult texts = await _model.RankTextsAsync(Pictures[2], ["a green star on a black background", RightCaption, "two blue circles on a white background"]);
        Assert.Equal(RightCaption, texts.Best.Label);
        Assert.Equal(2, texts.Top(2).Count);
        Assert.Equal(3, texts.Top(100).Count);
        await Assert.ThrowsAsync<PromptException>(() => _model.RankPicturesAsync([], RightCaption));
        await Assert.ThrowsAsync<PromptException>(() => _model.MatchAsync(Pictures[2], string.Empty));
    }

    [Fact]
    public async Task ThousandsOfLabelsScoreAsEachAlone()
    {
        string[] colors = ["red", "green", "blue", "yellow", "purple", "orange", "black", "white"];
        string[] shapes = ["circle", "square", "triangle", "star", "ring", "cross", "hexagon", "rectangle"];
        string[] backgrounds = ["white", "gray", "black", "beige", "light blue", "pink"];
        string[] sizes = ["", "large ", "small ", "very small "];
        string[] labels =
        [
            .. from size in sizes from color in colors from shape in shapes from background in backgrounds
               select $"a{(size.Length == 0 && color == "orange" ? "n" : "")} {size}{color} {shape} on a {background} background",
        ];
        ClassificationResult result = await _model.ClassifyAsync(Pictures[2], labels, "caption en");
        Assert.Equal(1536, result.Labels.Count);
        Assert.Equal(RightCaption, result.Best.Label);
        Assert.Equal(1, result.Labels.Sum(label => label.Probability), 1e-9);
        foreach (LabelScore label in result.Labels.Where((_, i) => i % 300 == 0))
        {
            LabelScore alone = (await _model.ClassifyAsync(Pictures[2], [label.Label], "caption en")).Best;
            Assert.Equal(alone.TokenLogProbabilities, label.TokenLogProbabilities, (left, right) => Math.Abs(left - right) < 1e-4);
        }
    }

    [Fact]
    public void TextsShareWhatTheyBeginWith()
    {
        var tree = new LabelTree([[1, 2, 3], [1, 2], [1, 2, 4, 5], [6]]);
        Assert.Equal(2, tree.Children(0).Count);
        List<int> chain = tree.Chain(tree.Children(0)[0]);
        Assert.Equal([1, 2], tree.Tokens(chain));
        Assert.Equal(2, tree.Children(chain[^1]).Count);
        Assert.Equal([4, 5], tree.Tokens(tree.Chain(tree.Children(chain[^1])[1])));
        Assert.Equal([4, 3, 5, 2], tree.Scores().Select(scores => scores.Length));
    }
}
