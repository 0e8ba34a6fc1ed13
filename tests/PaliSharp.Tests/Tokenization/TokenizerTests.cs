using System.Diagnostics;
using System.Text.Json.Nodes;
using PaliSharp.Tokenization;
using Xunit;

namespace PaliSharp.Tests.Tokenization;

public class TokenizerTests
{
    private static Tokenizer Json => SmallVocabulary.Json;

    private static Tokenizer Model => SmallVocabulary.Model;

    [Fact]
    public void Ids_of_roles_and_series_come_from_the_file()
    {
        Assert.Equal(2177, Json.VocabularySize);
        Assert.Equal((0, 1, 2, 3), (Json.PadId, Json.EosId, Json.BosId, Json.UnknownId));
        Assert.Equal(4, Json.NewlineId);
        Assert.Equal(2176, Json.ImageId);
        Assert.Equal((1024, 1024), (Json.FirstLocationId, Json.LocationCount));
        Assert.Equal((2048, 128), (Json.FirstSegmentationId, Json.SegmentationCount));

        Assert.Equal(2176, Model.VocabularySize);
        Assert.Equal((0, 1, 2, 3), (Model.PadId, Model.EosId, Model.BosId, Model.UnknownId));
        Assert.Null(Model.ImageId);
        Assert.Equal((1024, 1024), (Model.FirstLocationId, Model.LocationCount));
    }

    [Fact]
    public void Texts_and_ids_of_tokens_are_inverse()
    {
        for (int id = 0; id < Json.VocabularySize; id++)
        {
            Assert.True(Json.TryGetId(Json.TokenText(id)!, out int found));
            Assert.Equal(id, found);
        }

        Assert.Null(Json.TokenText(-1));
        Assert.Null(Json.TokenText(2177));
        Assert.False(Json.TryGetId("no such token", out int none));
        Assert.Equal(-1, none);
        Assert.False(Json.TryGetId(new string('x', 5000), out _));
        Assert.False(Json.TryGetId("", out _));
    }

    [Theory]
    [InlineData("<bos>")]
    [InlineData("<eos>x<pad>")]
    [InlineData("a<image>b<unk>")]
    public void User_text_becomes_no_control_token_unless_asked_for(string text)
    {
        foreach (Tokenizer tokenizer in new[] { Json, Model })
        {
            Assert.DoesNotContain(tokenizer.Encode(text), tokenizer.IsSpecial);
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
        }

        Assert.Contains(Json.Encode(text, parseSpecialTokens: true), Json.IsSpecial);
    }

    [Fact]
    public void A_sentence_piece_model_parses_control_tokens_when_asked_for()
    {
        Assert.Equal([Model.BosId, .. Model.Encode("hi"), Model.EosId], Model.Encode("<bos>hi<eos>", parseSpecialTokens: true));
    }

    [Fact]
    public void A_merge_list_cannot_form_a_control_token_from_text()
    {
        // <bos> is made reachable: its characters are pieces, and so are the steps on the way, in the place of location tokens.
        Tokenizer changed = SmallVocabulary.Changed(root =>
        {
            JsonObject vocabulary = root["model"]!["vocab"]!.AsObject();
            JsonArray added = root["added_tokens"]!.AsArray();
            JsonArray merges = root["model"]!["merges"]!.AsArray();
            string[] steps = ["<b", "<bo", "<bos"];
            for (int i = 0; i < steps.Length; i++)
            {
                string location = $"<loc{1023 - i:D4}>";
                int id = (int)vocabulary[location]!;
                _ = vocabulary.Remove(location);
                added.Remove(added.First(token => (int)token!["id"]! == id));
                vocabulary.Add(steps[i], id);
                merges.Insert(i, $"{steps[i][..^1]} {steps[i][^1]}");
            }

            merges.Insert(steps.Length, "<bos >");
        });
        Assert.Equal(["<bos", ">"], changed.Encode("<bos>").Select(changed.TokenText));
    }

    [Fact]
    public void Locations_and_segments_in_text_are_single_tokens()
    {
        foreach (Tokenizer tokenizer in new[] { Json, Model })
        {
            Assert.Equal([1024, 1025, 2047, 2048, 2175], tokenizer.Encode("<loc0000><loc0001><loc1023><seg000><seg127>"));
            Assert.DoesNotContain(1024, tokenizer.Encode("<loc000"));
            Assert.DoesNotContain(tokenizer.Encode("<loc1024><seg128>"), id => id >= 1024);
        }
    }

    // Given as numbers: attribute strings cannot hold a lone surrogate.
    [Theory]
    [InlineData(new int[] { 0xD800 }, 0, "D800")]
    [InlineData(new int[] { 'a', 'b', 0xDC00, 'c' }, 2, "DC00")]
    [InlineData(new int[] { 0xD83D, 0xDE00, 0xD83D }, 2, "D83D")]
    [InlineData(new int[] { 0xD83D, 'x' }, 0, "D83D")]
    [InlineData(new int[] { 0xDE00, 0xD83D }, 0, "DE00")]
    public void Half_a_character_is_refused_with_its_position(int[] units, int position, string surrogate)
    {
        string text = new([.. units.Select(unit => (char)unit)]);
        var ids = new List<int> { 7 };
        var error = Assert.Throws<PromptException>(() => Json.Encode(text, ids));
        Assert.Contains($"position {position}", error.Message, StringComparison.Ordinal);
        Assert.Contains(surrogate, error.Message, StringComparison.Ordinal);
        Assert.Equal([7], ids);
    }

    [Fact]
    public void Too_long_a_text_is_refused()
    {
        _ = Assert.Throws<ResourceLimitException>(() => Json.Encode(new string('a', Tokenizer.MaximumTextLength + 1)));
    }

    [Fact]
    public void Encoding_appends_to_a_list()
    {
        var ids = new List<int> { 1, 2 };
        Json.Encode("hello", ids);
        Assert.Equal([1, 2, .. Json.Encode("hello")], ids);
        Assert.Empty(Json.Encode(""));
    }

    [Fact]
    public void Ids_outside_the_vocabulary_decode_to_nothing()
    {
        int[] ids = [-1, int.MinValue, .. Json.Encode("ab"), 2177, int.MaxValue];
        foreach (DecodeStyle style in Enum.GetValues<DecodeStyle>())
            Assert.Equal("ab", Json.Decode(ids, style: style));
        StreamingDecoder stream = Json.CreateStreamingDecoder();
        Assert.Equal("ab", string.Concat(ids.Select(stream.Push)) + stream.Flush());
    }

    [Fact]
    public void A_stream_never_gives_half_a_character_and_can_be_used_again()
    {
        StreamingDecoder stream = Json.CreateStreamingDecoder();
        int[] ids = Json.Encode("😀");
        Assert.Equal(4, ids.Length);
        Assert.Equal(["", "", "", "😀"], ids.Select(stream.Push));
        Assert.Equal("", stream.Push(ids[0]));
        Assert.Equal("\uFFFD", stream.Flush());
        Assert.Equal("", stream.Flush());
        Assert.Equal(["", "", "", "😀"], ids.Select(stream.Push));
    }

    [Fact]
    public void Special_tokens_are_shown_on_request()
    {
        int[] ids = [2, .. Json.Encode("hi"), 1, 2176];
        Assert.Equal("hi", Json.Decode(ids));
        Assert.Equal("<bos>hi<eos><image>", Json.Decode(ids, skipSpecialTokens: false));
    }

    [Theory]
    [InlineData(" ")]
    [InlineData("a")]
    [InlineData("ab")]
    [InlineData("\n")]
    [InlineData("<loc000")]
    [InlineData("<")]
    [InlineData("😀")]
    [InlineData("\u2581")]
    [InlineData("the ")]
    public void Long_texts_take_linear_time(string unit)
    {
        string text = string.Concat(Enumerable.Repeat(unit, 100_000 / unit.Length));
        var clock = Stopwatch.StartNew();
        foreach (Tokenizer tokenizer in new[] { Json, Model })
            Assert.Equal(text.Replace('\u2581', ' '), tokenizer.Decode(tokenizer.Encode(text)));
        Assert.True(clock.Elapsed.TotalSeconds < 30, $"took {clock.Elapsed.TotalSeconds:F1} s; a quadratic loop takes minutes");
    }

    [Fact]
    public async Task One_tokenizer_serves_many_threads()
    {
        string[] texts = [.. Enumerable.Range(0, 200).Select(i => $"detect cat {i} ; <loc{i:D4}> été 😀 {new string(' ', i)}")];
        int[][] expected = [.. texts.Select(text => Json.Encode(text))];
        await Parallel.ForAsync(0, 2000, (i, _) =>
        {
            Assert.Equal(expected[i % 200], Json.Encode(texts[i % 200]));
            return ValueTask.CompletedTask;
        });
    }
}
