using PaliSharp.Tasks;
using Xunit;

namespace PaliSharp.Tests.Tasks;

public sealed class TaskPromptTests
{
    [Fact]
    public void ThereAreThe35Languages()
    {
        Assert.Equal(
            "ar bn cs da de el en es fa fi fil fr he hi hr hu id it ja ko mi nl no pl pt ro ru sv sw te th tr uk vi zh",
            string.Join(' ', Language.All.Select(language => language.Code)));
        Assert.Equal(Language.English, Language.Parse("EN"));
        Assert.Equal(default, Language.English);
        Assert.Equal("German", Language.Parse("de").Name);
        Assert.False(Language.TryParse(null, out _));
        Assert.Contains("'xx'", Assert.Throws<PromptException>(() => Language.Parse("xx")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PromptsAreThoseOfThePapers()
    {
        Assert.Equal("caption de", TaskPrompts.Caption("de"));
        Assert.Equal("cap en", TaskPrompts.RawCaption());
        Assert.Equal("describe sw", TaskPrompts.Describe("sw"));
        Assert.Equal("answer en what is it?", TaskPrompts.Answer(" what is it? "));
        Assert.Equal("question en on the beach", TaskPrompts.Question("on the beach"));
        Assert.Equal("detect cat ; dog", TaskPrompts.Detect(["cat ", "dog"]));
        Assert.Equal("caption <loc0512><loc0256><loc1023><loc0767>", TaskPrompts.RegionCaption(new BoundingBox(25, 50, 75, 100), 100, 100));
        Assert.Equal("Question: which?\nContext: look\nOptions: (A) x, (B) y\nAnswer:", TaskPrompts.Choice("which?", ["x", "y "], context: "look"));
        Assert.Equal("answer en  which? choose from: x \t y", TaskPrompts.Choice("which?", ["x", "y"], ChoiceForm.ChooseFrom));
    }

    [Fact]
    public void WhatCannotBeAskedIsRefused()
    {
        Assert.Throws<PromptException>(() => TaskPrompts.RegionCaption(new BoundingBox(200, 0, 300, 50), 100, 100));
        Assert.Throws<PromptException>(() => TaskPrompts.RegionCaption(new BoundingBox(50, 0, 20, 50), 100, 100));
        Assert.Throws<PromptException>(() => TaskPrompts.RegionCaption(new BoundingBox(float.NaN, 0, 20, 50), 100, 100));
        Assert.Throws<PromptException>(() => TaskPrompts.Question(" "));
        Assert.Throws<PromptException>(() => TaskPrompts.Choice("which?", ["x"]));
        Assert.Throws<PromptException>(() => TaskPrompts.Choice("which?", ["x", ""]));
        Assert.Throws<PromptException>(() => TaskPrompts.Choice("which?", ["x", "y\tz"]));
        Assert.Throws<PromptException>(() => TaskPrompts.Choice("which?", [.. Enumerable.Range(0, 27).Select(i => $"{i}")]));
    }

    [Theory]
    [InlineData("The answer is B.", 1)]
    [InlineData("the answer is a. Or so", 0)]
    [InlineData("The answer is C.", null)]
    [InlineData("The answer is B", null)]
    [InlineData("B.", null)]
    [InlineData("", null)]
    public void LettersAreReadAsTheEvaluatorDoes(string answer, int? index) => Assert.Equal(index, new ChoiceTask("which?", ["x", "y"]).Read(answer));

    [Fact]
    public void OptionsAreReadByTheirText()
    {
        var task = new ChoiceTask("which?", ["red fox", "hare"]) { Form = ChoiceForm.ChooseFrom };
        Assert.Equal(0, task.Read("Red fox"));
        Assert.Null(task.Read("fox"));
        Assert.Equal(["red fox", "hare"], task.ToAnswers());
    }
}
