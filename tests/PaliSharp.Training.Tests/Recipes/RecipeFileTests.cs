using System.Text;
using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Training.Optimisers;
using PaliSharp.Training.Recipes;
using Xunit;

namespace PaliSharp.Training.Tests.Recipes;

/// <summary>Recipes are read strictly; those that come with the library are valid and have the published numbers.</summary>
public sealed class RecipeFileTests
{
    [Fact]
    public void EveryBuiltInRecipeIsValid()
    {
        Assert.True(RecipeFile.BuiltIn.Count > 60);
        foreach (string name in RecipeFile.BuiltIn)
        {
            TrainingRecipe recipe = RecipeFile.Load(name);
            Assert.Equal(name, recipe.Name);
            string written = RecipeFile.Write(recipe);
            Assert.Equal(written, RecipeFile.Write(RecipeFile.Parse(Encoding.UTF8.GetBytes(written), name)));
        }
    }

    [Fact]
    public void PublishedNumbersAreThere()
    {
        TrainingRecipe segmentation = RecipeFile.Load("refcoco-seg-224");
        Assert.Equal((224, 256, 3e-5, 0.1f, 0.3f, 48), (
            segmentation.Resolution, segmentation.BatchSize, segmentation.LearningRate, segmentation.Dropout, segmentation.Loss.LabelSmoothing, segmentation.MaxTextTokens));
        Assert.Equal(new Duration(100, DurationUnit.Epochs), segmentation.Length);
        Assert.NotEmpty(RecipeFile.Load("scienceqa-448").Freeze);
        Assert.Equal(2, RecipeFile.Load("cococap-224").Decoding!.Beams);
        Assert.Equal(3e-7, RecipeFile.Load("forkme").WeightDecay);
        Assert.True(RecipeFile.Load("stage1-224").Loss.FinalSoftCap);
    }

    [Theory]
    [InlineData("""{"version":2}""", "version")]
    [InlineData("""{"version":1,"learningrat":1}""", "learningrat")]
    [InlineData("""{"version":1,"dropout":1}""", "dropout")]
    [InlineData("""{"version":1,"batchSize":0}""", "batchSize")]
    [InlineData("""{"version":1,"weights":"int8"}""", "adapter")]
    [InlineData("""{"version":1,"freeze":["("]}""", "regular expression")]
    [InlineData("""{"version":1,"length":{"value":0.5,"unit":"fraction"}}""", "length")]
    [InlineData("""{"version":1,"optimiser":{"kind":"lion"}}""", "recipe")]
    [InlineData("nonsense", "recipe")]
    [InlineData("null", "null")]
    public void BadRecipesAreExplained(string json, string expected)
    {
        RecipeException exception = Assert.Throws<RecipeException>(() => RecipeFile.Parse(Encoding.UTF8.GetBytes(json), "bad.json"));
        Assert.Contains(expected, exception.Message);
        Assert.Contains("bad.json", exception.Message);
    }

    [Fact]
    public void DamagedRecipesAreRefusedOrValid()
    {
        byte[] good = Encoding.UTF8.GetBytes(RecipeFile.Write(RecipeFile.Load("forkme")));
        Prop.ForAll<int, byte>((position, value) =>
        {
            byte[] damaged = [.. good];
            damaged[(int)((uint)position % (uint)damaged.Length)] = value;
            try
            {
                _ = RecipeFile.Parse(damaged, "damaged");
            }
            catch (RecipeException)
            {
                // what a damaged file is answered with
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void UnknownNameListsThoseThereAre() => Assert.Contains("forkme", Assert.Throws<RecipeException>(() => RecipeFile.Load("no-such-recipe")).Message);
}
