using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Generation;
using PaliSharp.Tokenization;
using Xunit;

namespace PaliSharp.Tests.Generation;

/// <summary>Whatever the logits, JSON follows its schema.</summary>
public sealed class JsonSchemaTests
{
    private static readonly Tokenizer Nano = Tokenizer.Load(BundledModel.Find()!);

    [Fact]
    public void RandomAnswersFollowTheSchema()
    {
        const string Schema = """
            {"$schema":"x","type":"object","description":"an invoice","additionalProperties":false,
             "properties":{
               "name":{"type":"string","maxLength":8},
               "kind":{"enum":["a\"b","grün",3,true,null]},
               "date":{"type":"string","pattern":"^[0-9]{2}\\.[\"x]$"},
               "total":{"type":"number"},
               "paid":{"type":["boolean","null"]},
               "items":{"type":"array","minItems":1,"maxItems":3,"items":{"type":"object","properties":{"n":{"type":"integer"},"t":{"const":"k"}},"required":["n"]}}},
             "required":["kind","items"]}
            """;
        var seen = new HashSet<string>();
        for (int seed = 0; seed < 200; seed++)
        {
            ITokenConstraint grammar = seed % 2 == 0 ? Half.Value : TokenConstraints.JsonSchema(Nano, Schema, 60 + seed);
            (string text, bool ended, int tokens) = RandomText.Write(Nano, grammar, seed, likelyEnd: 2, limit: 260);
            Assert.True(ended);
            Assert.True(seed % 2 == 0 || tokens < 60 + seed);
            if (seed % 2 == 0)
                continue;
            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement value = document.RootElement;
            Assert.Equal(JsonValueKind.Object, value.ValueKind);
            string[] names = [.. value.EnumerateObject().Select(property => property.Name)];
            Assert.Equal(names, ((string[])["name", "kind", "date", "total", "paid", "items"]).Where(names.Contains));
            Assert.Contains("kind", names);
            Assert.InRange(value.GetProperty("items").GetArrayLength(), 1, 3);
            foreach (JsonElement item in value.GetProperty("items").EnumerateArray())
                _ = item.GetProperty("n").GetInt64();
            if (value.TryGetProperty("name", out JsonElement name))
                Assert.InRange(name.GetString()!.EnumerateRunes().Count(), 0, 8);
            if (value.TryGetProperty("date", out JsonElement date))
                Assert.Matches("^[0-9]{2}\\.[\"x]$", date.GetString()!);
            seen.Add(value.GetProperty("kind").GetRawText());
        }

        Assert.True(seen.Count >= 4);
    }

    private static readonly Lazy<ITokenConstraint> Half = new(() => TokenConstraints.JsonSchema(Nano, """{"type":"array","items":{"type":"string"},"maxItems":2}""", 40));

    [Fact]
    public void ATextThatMayGoOnForEverEndsInTime()
    {
        ITokenConstraint grammar = TokenConstraints.Pattern(Nano, "(abc|[^x]{3})*!", maxTokens: 24);
        int longest = 0;
        for (int seed = 0; seed < 60; seed++)
        {
            (string text, bool ended, int tokens) = RandomText.Write(Nano, grammar, seed, likelyEnd: -50, limit: 200);
            Assert.True(ended);
            Assert.EndsWith("!", text, StringComparison.Ordinal);
            Assert.InRange(tokens, 1, 23);
            longest = Math.Max(longest, tokens);
        }

        Assert.InRange(longest, 20, 23);
        Assert.Throws<PromptException>(() => TokenConstraints.Pattern(Nano, "a{30}", maxTokens: 24));
        Assert.Throws<ArgumentOutOfRangeException>(() => TokenConstraints.Pattern(Nano, "a", maxTokens: 0));
    }

    [Theory]
    [InlineData("{", "no JSON")]
    [InlineData("3", "a schema is an object")]
    [InlineData("{}", "no 'type'")]
    [InlineData("""{"type":"date"}""", "'date'")]
    [InlineData("""{"type":"integer","minimum":3}""", "'minimum'")]
    [InlineData("""{"type":"string","minItems":3}""", "'minItems'")]
    [InlineData("""{"anyOf":[{"type":"null"}]}""", "no 'type'")]
    [InlineData("""{"type":"object","additionalProperties":true}""", "additional")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string","format":"date"}}}""", "#/properties/a")]
    [InlineData("""{"type":"object","required":["a"]}""", "requires 'a'")]
    [InlineData("""{"type":"array"}""", "without 'items'")]
    [InlineData("""{"type":"array","items":{"type":"null"},"minItems":3,"maxItems":2}""", "at least 3")]
    [InlineData("""{"type":"array","items":{"type":"null"},"minItems":-1}""", "whole number")]
    [InlineData("""{"type":"string","pattern":"a","maxLength":3}""", "pattern")]
    [InlineData("""{"type":"string","pattern":"(a"}""", "')'")]
    [InlineData("""{"enum":[]}""", "no list")]
    [InlineData("""{"enum":[[1]]}""", "object or array")]
    [InlineData("""{"type":"string","enum":["a"],"maxLength":3}""", "beside 'enum'")]
    public void WhatIsNotSupportedIsRefusedByName(string schema, string reason) =>
        Assert.Contains(reason, Assert.Throws<PromptException>(() => TokenConstraints.JsonSchema(Nano, schema)).Message, StringComparison.Ordinal);

    [Fact]
    public void DeepAndLargeSchemasAreRefused()
    {
        string deep = string.Concat(Enumerable.Repeat("""{"type":"array","items":""", 12)) + """{"type":"null"}""" + new string('}', 12);
        Assert.Contains("deeper", Assert.Throws<PromptException>(() => TokenConstraints.JsonSchema(Nano, deep)).Message, StringComparison.Ordinal);
        Assert.Throws<ResourceLimitException>(() => TokenConstraints.JsonSchema(Nano, """{"type":"string","maxLength":1000}"""));
        Assert.Throws<PromptException>(() => TokenConstraints.JsonSchema(Nano, new string('[', 5000)));
    }

    [Fact]
    public void AnySchemaIsCompiledOrRefused() => PropertyChecks.Holds(
        from count in Gen.Choose(0, 12)
        from parts in Gen.ArrayOf(
            Gen.Elements("{", "}", "[", "]", ",", ":", "\"type\":\"object\"", "\"type\":\"string\"", "\"properties\":", "\"a\":", "\"enum\":[1,\"x\"]", "\"items\":", "\"maxLength\":2", "{\"type\":\"null\"}", "3"),
            count)
        select string.Concat(parts),
        schema =>
        {
            try
            {
                ITokenConstraint grammar = TokenConstraints.JsonSchema(Nano, schema);
                Assert.False(grammar.Allowed(grammar.Start).IsEmpty);
            }
            catch (Exception exception) when (exception is PromptException or ResourceLimitException)
            {
                Assert.NotEmpty(exception.Message);
            }
        });
}

/// <summary>Texts of random logits under a grammar.</summary>
internal static class RandomText
{
    public static (string Text, bool Ended, int Tokens) Write(Tokenizer tokenizer, ITokenConstraint grammar, int seed, float likelyEnd, int limit)
    {
        var random = new Random(seed);
        var sampler = new TokenSampler(new SamplingOptions { Temperature = 1, Seed = (ulong)seed });
        SequenceRandom stream = sampler.CreateRandom(0);
        float[] logits = new float[tokenizer.VocabularySize];
        var ids = new List<int>();
        int state = grammar.Start;
        while (ids.Count < limit)
        {
            for (int i = 0; i < logits.Length; i++)
                logits[i] = random.NextSingle() * 4;
            logits[tokenizer.EosId] = likelyEnd;
            SampledToken token = sampler.Sample(logits, [], stream, grammar.Allowed(state));
            state = grammar.Next(state, token.Id);
            if (token.Id == tokenizer.EosId)
                return (tokenizer.Decode([.. ids]), true, ids.Count);
            ids.Add(token.Id);
        }

        return (tokenizer.Decode([.. ids]), false, ids.Count);
    }
}
