using PaliSharp.TestSupport;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Training.Data;
using PaliSharp.Training.Optimisers;
using PaliSharp.Training.Recipes;
using PaliSharp.Training.Running;
using PaliSharp.Training.Tests.Data;
using Xunit;

namespace PaliSharp.Training.Tests.Running;

/// <summary>A training goes on over bad data and says what it left out.</summary>
public sealed class SkippedDataTests
{
    [Fact]
    public void TooLongPromptsAndMissingPicturesAreSkippedAndTold()
    {
        using var folder = new DataFolder();
        folder.Picture("a.png", 1);
        string words = string.Join(' ', Enumerable.Repeat("red", 40));
        string path = folder.Text("a.jsonl", $$"""
            {"image": "a.png", "prefix": "caption en", "suffix": "red"}
            {"image": "a.png", "prefix": "{{words}}", "suffix": "red"}
            {"image": "gone.png", "prefix": "caption en", "suffix": "red"}
            """);
        var recipe = new TrainingRecipe
        {
            Version = 1,
            Model = Path.Combine(GoldenData.RepositoryRoot, "models", "nano"),
            MaxTextTokens = 24,
            BatchSize = 4,
            Length = new Duration(1, DurationUnit.Steps),
        };
        using var trainer = new Trainer(recipe, Sources.OpenPath(path), null, new TrainerOptions { Folder = folder["run"], Cpu = new CpuOptions { Threads = 2 } });
        _ = trainer.Estimate();
        Assert.True(trainer.Skipped.Skipped[BadItemKind.TextTooLong] > 0);
        Assert.Equal(1, trainer.Skipped.Skipped[BadItemKind.MissingPicture]);
    }

    [Fact]
    public void DataOfNothingButTooLongPromptsIsAnError()
    {
        using var folder = new DataFolder();
        string path = folder.Text("a.jsonl", $$"""{"prefix": "{{string.Join(' ', Enumerable.Repeat("red", 40))}}", "suffix": "red"}""");
        var recipe = new TrainingRecipe { Version = 1, Model = Path.Combine(GoldenData.RepositoryRoot, "models", "nano"), MaxTextTokens = 24, BatchSize = 1, Length = new Duration(1, DurationUnit.Steps) };
        using var trainer = new Trainer(recipe, Sources.OpenPath(path), null, new TrainerOptions { Folder = folder["run"], Cpu = new CpuOptions { Threads = 2 } });
        Assert.Contains("maxTextTokens", Assert.Throws<RecipeException>(() => trainer.Estimate()).Message, StringComparison.Ordinal);
    }
}
