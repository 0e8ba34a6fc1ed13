using PaliSharp.Imaging;
using PaliSharp.Tasks;
using Xunit;

namespace PaliSharp.Evaluation.Tests;

public sealed class SceneTests
{
    [Fact]
    public void TheSameSeedDrawsTheSameScenes()
    {
        for (int i = 0; i < 5; i++)
        {
            Scene first = new SceneGenerator(7).Draw(i);
            Scene second = new SceneGenerator(7).Draw(i);
            Assert.True(first.Image.Pixels.SequenceEqual(second.Image.Pixels));
            Assert.Equal(SceneQuestion.About(first, i).Select(question => (question.Prompt, question.Answer)), SceneQuestion.About(second, i).Select(question => (question.Prompt, question.Answer)));
        }

        Assert.False(new SceneGenerator(7).Draw(0).Image.Pixels.SequenceEqual(new SceneGenerator(8).Draw(0).Image.Pixels));
    }

    [Fact]
    public void ScenesHoldWhatTheySay()
    {
        var generator = new SceneGenerator(3);
        int texts = 0;
        int objects = 0;
        for (int i = 0; i < 60; i++)
        {
            Scene scene = generator.Draw(i);
            Assert.InRange(scene.Objects.Count, 0, 4);
            foreach (SceneObject item in scene.Objects)
            {
                Assert.Equal((scene.Image.Width, scene.Image.Height), (item.Mask.Width, item.Mask.Height));
                Assert.Equal(item.Mask.Bounds!.Value, new PixelBox((int)item.Box.X1, (int)item.Box.Y1, (int)item.Box.X2, (int)item.Box.Y2));
                Assert.Contains(item.Shape, SceneGenerator.Shapes);
                Assert.All(scene.Objects.Where(other => !ReferenceEquals(other, item)), other => Assert.Equal(0, other.Box.IntersectionOverUnion(item.Box)));
                objects++;
            }

            if (scene.Text is { } text)
            {
                Assert.InRange(text.Box.X2, 1, scene.Image.Width);
                Assert.InRange(text.Box.Y2, 1, scene.Image.Height);
                texts++;
            }

            foreach (SceneQuestion question in SceneQuestion.About(scene, i))
            {
                Assert.NotEmpty(question.Prompt);
                Assert.True(question.Answer.Length > 0);
            }
        }

        Assert.InRange(texts, 8, 30);
        Assert.InRange(objects, 80, 180);
    }

    [Fact]
    public void WhatIsSaidIsTrue()
    {
        Scene scene = new SceneGenerator(3).Draw(0);
        Image blank = Image.FromPixels(100, 100, new byte[30_000]);
        SceneObject At(string color, string shape, float x, float y) => scene.Objects[0] with { Color = color, Shape = shape, Box = new BoundingBox(x, y, x + 10, y + 10), RelativeSize = 0.1 };
        var made = new Scene { Image = blank, Background = "gray", Text = new SceneText("OPEN", new BoundingBox(45, 45, 55, 55)), Objects = [At("red", "circle", 0, 0), At("red", "circle", 80, 0), At("orange", "cross", 80, 80)] };
        Assert.Equal("two red circles, an orange cross and the text OPEN on a gray background", SceneWords.Caption(made));
        Assert.Equal(
            "a small red circle at the top left, a small red circle at the top right, a small orange cross at the bottom right and the text OPEN in the center, on a gray background.",
            SceneWords.Description(made));
        Assert.Equal("crosses", SceneWords.Plural("cross"));
        Assert.Equal(3, made.Matching("shape").Count);
        Assert.Equal(2, made.Matching("red circle").Count);
        Assert.Empty(made.Matching("blue circle"));
        Assert.Equal("an empty gray picture", SceneWords.Caption(made with { Text = null, Objects = [] }));
    }

    [Fact]
    public async Task ScoresAreTheSameHoweverTheModelIsAsked()
    {
        using PaliGemma model = PaliGemma.Load();
        var options = new SceneEvaluationOptions { Scenes = 8, Seed = 5 };
        SceneComparison comparison = await SceneEvaluation.CompareAsync(model, options);
        (SceneReport single, SceneReport batch, SceneReport mixed) = comparison;
        Assert.Equal(0, comparison.Different);
        Assert.Equal(single.ToMarkdown(), mixed.ToMarkdown());
        Assert.Equal(single.ToMarkdown(), batch.ToMarkdown());
        Assert.True(single.Scores.Single(score => score.Name == "Background: exact").Value > 0.8);
        Assert.True(single.Scores.Single(score => score.Name == "Detection: mean IoU of wanted boxes").Value > 0.3);
        Assert.All(single.Scores, score => Assert.InRange(score.Value, -1, 10));

        SceneAnswer[] changed = [.. batch.Answers];
        changed[3] = changed[4];
        Assert.Equal(1, (comparison with { Batch = batch with { Answers = changed } }).Different);
    }
}
