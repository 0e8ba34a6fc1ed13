using PaliSharp.Tokenization;
using Xunit;

namespace PaliSharp.Tests.Tokenization;

public class PromptEncoderTests
{
    private static readonly Tokenizer Tokenizer = SmallVocabulary.Json;
    private static readonly PromptEncoder Encoder = new(Tokenizer);

    [Fact]
    public void Parts_are_tokenized_apart()
    {
        EncodedPrompt prompt = Encoder.Encode("caption en\n", "a cat", endOfText: true);
        Assert.Equal([2, .. Tokenizer.Encode("caption en\n"), 4, .. Tokenizer.Encode("a cat"), 1], prompt.Ids);
        Assert.Equal(2 + Tokenizer.Encode("caption en\n").Length, prompt.PrefixLength);
        Assert.Equal([.. Tokenizer.Encode("a cat"), 1], prompt.Suffix.ToArray());
        Assert.Equal(prompt.Ids, prompt.Prefix.ToArray().Concat(prompt.Suffix.ToArray()));
        Assert.Equal([2, 4], Encoder.Encode("").Ids);
        Assert.Equal(2, Encoder.Encode("", "", endOfText: false).PrefixLength);
    }

    [Fact]
    public void One_string_joins_newlines()
    {
        EncodedPrompt prompt = Encoder.EncodeAsOneString("caption en\n", images: 2, tokensPerImage: 3);
        Assert.Equal([2176, 2176, 2176, 2176, 2176, 2176, 2, .. Tokenizer.Encode("caption en\n\n")], prompt.Ids);
        Assert.Equal(prompt.Ids.Length, prompt.PrefixLength);
        Assert.Equal(5, prompt.Ids[^1]);
    }

    [Fact]
    public void Control_tokens_in_texts_are_plain_unless_asked_for()
    {
        Assert.DoesNotContain(Encoder.Encode("<bos><image>", "<eos>").Ids.Skip(1), Tokenizer.IsSpecial);
        Assert.DoesNotContain(Encoder.EncodeAsOneString("<image><bos>", 0, 8).Ids.Skip(1), Tokenizer.IsSpecial);
        Assert.Equal([.. Enumerable.Repeat(2176, 8), 2, 2, 4], Encoder.EncodeAsOneString("<image><bos>", 1, 8, parseSpecialTokens: true).Ids);
    }

    [Fact]
    public void Text_alone_has_no_newline()
    {
        Assert.Equal([2, .. Tokenizer.Encode("Once upon")], Encoder.EncodeTextOnly("Once upon").Ids);
        Assert.Equal(0, Encoder.EncodeTextOnly("Once upon").PrefixLength);
        Assert.Equal(1, Encoder.EncodeTextOnly("", bidirectional: true).PrefixLength);
    }

    [Fact]
    public void Pictures_that_do_not_fit_the_prompt_are_refused()
    {
        _ = Assert.Throws<PromptException>(() => Encoder.EncodeAsOneString("<image>x", 2, 4, parseSpecialTokens: true));
        _ = Assert.Throws<PromptException>(() => new PromptEncoder(SmallVocabulary.Model).EncodeAsOneString("x", 1, 4));
        _ = Assert.Throws<ResourceLimitException>(() => Encoder.EncodeAsOneString("x", int.MaxValue, int.MaxValue));
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => Encoder.EncodeAsOneString("x", -1, 4));
        _ = Assert.Throws<PromptException>(() => Encoder.Encode("ok", "\uD800"));
    }
}
