using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Jobs;
using PaliSharp.Tests.Generation;
using Xunit;

namespace PaliSharp.Tests.Jobs;

public sealed class PromptTemplateTests
{
    private static readonly BatchRow Row = new(0, [new("language", "de"), new("what is it", "a {cat}")]);

    [Theory]
    [InlineData("caption {language}", "caption de")]
    [InlineData("{what is it} {language}{language}", "a {cat} dede")]
    [InlineData("{{language}}", "{language}")]
    [InlineData("", "")]
    public void ColumnsAreFilledIn(string template, string expected) => Assert.Equal(expected, PromptTemplate.Parse(template).Fill(Row));

    [Theory]
    [InlineData("{", "position 0")]
    [InlineData("a } b", "position 2")]
    [InlineData("{}", "no column")]
    [InlineData("{a{b}", "no column")]
    public void ALoneBraceIsRefused(string template, string message) =>
        Assert.Contains(message, Assert.Throws<JobException>(() => PromptTemplate.Parse(template)).Message, StringComparison.Ordinal);

    [Fact]
    public void AMissingColumnIsNamed() =>
        Assert.Contains("'labels'", Assert.Throws<PromptException>(() => PromptTemplate.Parse("detect {labels}").Fill(Row)).Message, StringComparison.Ordinal);

    [Fact]
    public void TextWithDoubledBracesComesBack() => PropertyChecks.Holds(
        Gen.Elements("{", "}", "a", "language", " ").ArrayOf().Select(string.Concat),
        text =>
        {
            string doubled = text.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal);
            Assert.Equal(text, PromptTemplate.Parse(doubled).Fill(Row));
            try
            {
                PromptTemplate.Parse(text).Fill(new BatchRow(0, []));
            }
            catch (Exception exception) when (exception is JobException or PromptException)
            {
                // What is no template says so, and nothing else is thrown.
            }
        });
}
