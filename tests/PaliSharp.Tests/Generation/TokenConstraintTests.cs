using System.Globalization;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;
using PaliSharp.TestSupport;
using PaliSharp.Tokenization;
using Xunit;

namespace PaliSharp.Tests.Generation;

/// <summary>Whatever the logits, what a grammar lets through parses.</summary>
public sealed class TokenConstraintTests
{
    private static readonly Tokenizer Nano = Tokenizer.Load(BundledModel.Find()!);
    private static readonly MaskCodec Codec = MaskCodec.Load(Path.Combine(BundledModel.Find()!, "mask_codec.npz"));

    // It takes seconds for a quarter of a million tokens, which no request should wait for twice.
    [Fact]
    public void TheTextsOfAVocabularyAreReadOnce()
    {
        TokenText texts = TokenText.Of(Nano);
        TokenConstraints.JsonSchema(Nano, """{"type":"boolean"}""");
        TokenConstraints.Detection(Nano);
        Assert.Same(texts, TokenText.Of(Nano));
        Assert.Equal(texts.Sorted.Order(), Enumerable.Range(0, Nano.VocabularySize).Where(id => texts[id].Length > 0));
        for (int i = 1; i < texts.Sorted.Length; i++)
            Assert.True(texts[texts.Sorted[i - 1]].AsSpan().SequenceCompareTo(texts[texts.Sorted[i]]) <= 0);
    }

    [Theory]
    [InlineData(false, 1500)]
    [InlineData(true, 60)]
    public void RandomAnswersOfTheObjectGrammarsParseWithoutAWarning(bool hasMasks, int count)
    {
        string[] labels = ["red circle", "red", "star", "cat's eye", "x"];
        int objects = 0;
        for (int i = 0; i < count; i++)
        {
            string[]? asked = i % 3 == 0 ? null : labels[..(1 + (i % labels.Length))];
            ObjectGrammar grammar = TokenConstraints.Objects(Nano, asked, 1 + (i % 4), hasMasks).Grammar;
            (SampledToken[] answer, bool ended) = Write(grammar, i, likelyEnd: 3);
            Assert.True(ended);
            var warnings = new List<string>();
            string[] found = hasMasks
                ? [.. new SegmentationParser(new ObjectTokens(Nano), Codec).Parse(answer, 64, 48, LocationConvention.Training, warnings).Select(segment => segment.Label)]
                : [.. new DetectionParser(new ObjectTokens(Nano)).Parse(answer, 64, 48, LocationConvention.Training, warnings).Select(item => item.Label)];
            warnings.RemoveAll(warning => warning.Contains("smaller than a pixel", StringComparison.Ordinal));
            Assert.Empty(warnings);
            Assert.InRange(found.Length, 0, grammar.MaxObjects);
            if (asked is not null)
                Assert.All(found, label => Assert.Contains(label, asked));
            objects += found.Length;
        }

        Assert.True(objects > count);
    }

    [Fact]
    public void AnObjectTakesNoMoreTokensThanSaid()
    {
        foreach (string[]? labels in (string[]?[])[null, ["red circle", "a much longer label"]])
        {
            for (int seed = 0; seed < 40; seed++)
            {
                (ObjectGrammar grammar, int tokens) = TokenConstraints.Objects(Nano, labels, 3, hasMasks: true);
                (SampledToken[] answer, bool ended) = Write(grammar, seed, likelyEnd: -20);
                Assert.True(ended);
                Assert.InRange(answer.Length, 3 * 20, (3 * tokens) - 1);
            }
        }
    }

    [Fact]
    public void OneOfSomeTextsIsWritten()
    {
        string[] texts = ["red", "red circle", "yes", "grün", "絵"];
        HashSet<string> seen = [];
        for (int seed = 0; seed < 200; seed++)
        {
            (SampledToken[] answer, bool ended) = Write(TokenConstraints.OneOf(Nano, texts), seed, likelyEnd: 0);
            Assert.True(ended);
            seen.Add(Text(answer));
        }

        Assert.Equal(texts.Order(StringComparer.Ordinal), seen.Order(StringComparer.Ordinal));
        Assert.Equal(["no", "yes"], Enumerable.Range(0, 40).Select(seed => Text(Write(TokenConstraints.YesNo(Nano), seed, 0).Answer)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void WholeNumbersAreWritten()
    {
        HashSet<int> lengths = [];
        ITokenConstraint grammar = TokenConstraints.Integer(Nano, 4, allowNegative: true);
        for (int seed = 0; seed < 300; seed++)
        {
            (SampledToken[] answer, bool ended) = Write(grammar, seed, likelyEnd: 0);
            Assert.True(ended);
            string text = Text(answer);
            int value = int.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            Assert.Equal(value.ToString(CultureInfo.InvariantCulture), text);
            Assert.InRange(value, -9999, 9999);
            lengths.Add(text.Length);
        }

        Assert.Equal([1, 2, 3, 4, 5], lengths.Order());
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("a|bc|")]
    [InlineData("(?:ab|c)+d?")]
    [InlineData("[a-fA-F0-9]{2,4}")]
    [InlineData("[^a-z\\n]{3}")]
    [InlineData("\\d{2}:\\d\\d(\\.\\d{1,3})?")]
    [InlineData("\\w+@\\w+\\.(com|org)")]
    [InlineData(".{5}")]
    [InlineData("[à-ÿ一-龯😀-😎]{1,3}")]
    [InlineData("\\S\\s\\D\\W")]
    [InlineData("(a{2}|b{1,2}){2}x*")]
    [InlineData("\\x41\\u00e9[\\]\\-]")]
    public void PatternsMatchWhatIsWritten(string pattern)
    {
        ITokenConstraint grammar = TokenConstraints.Pattern(Nano, pattern);
        var check = new Regex($"\\A(?:{pattern.Replace("😀-😎", string.Empty, StringComparison.Ordinal)})\\z", RegexOptions.ECMAScript);
        int ended = 0;
        for (int seed = 0; seed < 60; seed++)
        {
            (SampledToken[] answer, bool isEnded) = Write(grammar, seed, likelyEnd: 4);
            if (!isEnded)
                continue;
            ended++;
            string text = Text(answer);

            // .NET's expressions know UTF-16 units only: characters beyond them count as two.
            if (!text.Any(char.IsSurrogate))
                Assert.Matches(check, text);
        }

        Assert.True(ended > 30);
    }

    [Theory]
    [InlineData("(a", "')'")]
    [InlineData("a)", "closes no group")]
    [InlineData("[a", "']'")]
    [InlineData("[z-a]", "ascending")]
    [InlineData("a{3,2}", "empty")]
    [InlineData("a{", "number")]
    [InlineData("a{2", "'}'")]
    [InlineData("*a", "stands where")]
    [InlineData("^a$", "not supported")]
    [InlineData("(?=a)", "not supported")]
    [InlineData("\\b", "not supported")]
    [InlineData("a\\", "ends in")]
    [InlineData("\\u12", "hexadecimal")]
    [InlineData("\\ud800", "hexadecimal")]
    public void PatternsThatCannotBeUsedSayWhy(string pattern, string reason) =>
        Assert.Contains(reason, Assert.Throws<PromptException>(() => TokenConstraints.Pattern(Nano, pattern)).Message, StringComparison.Ordinal);

    [Fact]
    public void HalfACharacterIsNoPattern() =>
        Assert.Contains("half a character", Assert.Throws<PromptException>(() => TokenConstraints.Pattern(Nano, "a\uD800")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("((a{1000}){1000}){1000}")]
    [InlineData("(a|b)*a(a|b){20}")]
    [InlineData(".{1000}.{1000}")]
    public void PatternsThatAreTooLargeAreRefused(string pattern)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Assert.Throws<ResourceLimitException>(() => TokenConstraints.Pattern(Nano, pattern));
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 20);
    }

    [Fact]
    public void AnyPatternIsCompiledOrRefused() => PropertyChecks.Holds(
        from count in Gen.Choose(0, 14)
        from parts in Gen.ArrayOf(Gen.Elements("a", "b", "(", ")", "[", "]", "^", "-", "|", "*", "+", "?", "{2}", "{0,3}", "\\d", "\\", ".", "é"), count)
        select string.Concat(parts),
        pattern =>
        {
            try
            {
                ITokenConstraint grammar = TokenConstraints.Pattern(Nano, pattern);
                Assert.False(grammar.Allowed(grammar.Start).IsEmpty);
            }
            catch (Exception exception) when (exception is PromptException or ResourceLimitException)
            {
                Assert.NotEmpty(exception.Message);
            }
        });

    [Fact]
    public async Task TheDemonstrationModelAtAHighTemperatureKeepsToTheGrammars()
    {
        using PaliGemma model = PaliGemma.Load();
        Image image = Image.Load(Path.Combine(GoldenData.Bundled, "nano", "00.png"));
        for (ulong seed = 0; seed < 6; seed++)
        {
            var options = new GenerationOptions { MaxNewTokens = 120, Sampling = new SamplingOptions { Temperature = 8, Seed = seed } };
            DetectionResult wild = await model.DetectAsync(image, ["red circle", "star"], new DetectionOptions(), options);
            Assert.NotEmpty(wild.Warnings);
            DetectionResult boxes = await model.DetectAsync(image, ["red circle", "star"], new DetectionOptions { Constrain = true }, options);
            Assert.Empty(boxes.Warnings);
            Assert.Equal(FinishReason.Stop, boxes.Generation.FinishReason);
            Assert.All(boxes.Detections, found => Assert.Contains(found.Label, (string[])["red circle", "star"]));
            SegmentationResult masks = await model.SegmentAsync(image, ["circle"], options, new SegmentationOptions { Constrain = true });
            Assert.All(masks.Warnings, warning => Assert.Contains("smaller than a pixel", warning, StringComparison.Ordinal));
            Assert.Equal(FinishReason.Stop, masks.Generation.FinishReason);
            GenerationResult number = await model.GenerateAsync(
                image, "answer en how many shapes are there?", options with { Constraint = TokenConstraints.Integer(model.Tokenizer!, 3) });
            Assert.InRange(int.Parse(number.Text, CultureInfo.InvariantCulture), 0, 999);
        }
    }

    [Fact]
    public async Task AGreedyAnswerThatFollowsTheGrammarAnywayIsNotChanged()
    {
        using PaliGemma model = PaliGemma.Load();
        Image image = Image.Load(Path.Combine(GoldenData.Bundled, "nano", "00.png"));
        DetectionResult free = await model.DetectAsync(image, ["rectangle"]);
        DetectionResult constrained = await model.DetectAsync(image, ["rectangle"], new DetectionOptions { Constrain = true });
        Assert.Equal(free.Detections, constrained.Detections);
        SegmentationResult segments = await model.SegmentAsync(image, ["circle"]);
        SegmentationResult same = await model.SegmentAsync(image, ["circle"], segmentation: new SegmentationOptions { Constrain = true });
        Assert.Equal(segments.Generation.Tokens, same.Generation.Tokens);
    }

    [Fact]
    public void WhatCannotBeAGrammarIsRefused()
    {
        Assert.Throws<PromptException>(() => TokenConstraints.Detection(Nano, ["a;b"]));
        Assert.Throws<PromptException>(() => TokenConstraints.Detection(Nano, [" "]));
        Assert.Throws<PromptException>(() => TokenConstraints.OneOf(Nano, []));
        Assert.Throws<PromptException>(() => TokenConstraints.OneOf(Nano, [""]));
        Assert.Throws<ArgumentOutOfRangeException>(() => TokenConstraints.Detection(Nano, maxObjects: 0));
        ITokenConstraint grammar = TokenConstraints.Detection(Nano);
        Assert.Throws<ArgumentException>(() => grammar.Next(grammar.Start, Nano.Encode("a")[0]));
    }

    private static string Text(SampledToken[] answer) => Nano.Decode([.. answer.Select(token => token.Id)]);

    /// <summary>Draws tokens from random logits until the text ends or is long.</summary>
    private static (SampledToken[] Answer, bool Ended) Write(ITokenConstraint grammar, int seed, float likelyEnd)
    {
        var random = new Random(seed);
        var sampler = new TokenSampler(new SamplingOptions { Temperature = 1, Seed = (ulong)seed });
        SequenceRandom stream = sampler.CreateRandom(0);
        float[] logits = new float[Nano.VocabularySize];
        var answer = new List<SampledToken>();
        int state = grammar.Start;
        while (answer.Count < 400)
        {
            for (int i = 0; i < logits.Length; i++)
                logits[i] = random.NextSingle() * 4;
            logits[Nano.EosId] = likelyEnd;
            SampledToken token = sampler.Sample(logits, [], stream, grammar.Allowed(state));
            state = grammar.Next(state, token.Id);
            if (token.Id == Nano.EosId)
            {
                Assert.True(grammar.Allowed(state).Contains(Nano.EosId));
                return ([.. answer], true);
            }

            answer.Add(token);
        }

        return ([.. answer], false);
    }
}
