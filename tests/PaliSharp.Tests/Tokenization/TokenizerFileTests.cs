using System.Text;
using System.Text.Json.Nodes;
using PaliSharp.Tokenization;
using Xunit;

namespace PaliSharp.Tests.Tokenization;

/// <summary>Files that are missing, malformed or unsupported are refused with a message that says what and where.</summary>
public class TokenizerFileTests
{
    public static TheoryData<string, string> RefusedJson => new()
    {
        { "", "not valid JSON" },
        { "{", "not valid JSON" },
        { "[]", "expected an object" },
        { "{}", "no 'model'" },
        { "{\"model\": 1}", "expected an object for 'model'" },
        { "{\"model\": {\"type\": \"Unigram\"}}", "'Unigram'; PaliSharp reads byte-pair encoding" },
        { "{\"model\": {\"type\": \"WordPiece\"}}", "'WordPiece'" },
        { "{\"model\": {\"type\": \"BPE\", \"vocab\": {}}}", "without 'merges'" },
        { "{\"model\": {\"type\": \"BPE\", \"merges\": []}}", "without 'vocab'" },
        { "{\"model\": {\"vocab\": {}, \"merges\": []}}", "does not name its model type" },
        { "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"a\": 1}}}", "listed twice" },
        { "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 0}}}", "given to both 'a' and 'b'" },
        { "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": -1}}}", "outside 0" },
        { "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 2000000000}}}", "outside 0" },
        { "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 99999999999}}}", "expected a token id" },
        { "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0.5}}}", "expected a token id" },
        { "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": \"0\"}}}", "expected a token id" },
        { "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"\": 0}}}", "empty" },
        { "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"\\ud800\": 0}}}", "not valid Unicode" },
        { "{\"model\": {\"type\": \"BPE\", \"vocab\": {}, \"vocab\": {}}}", "occurs twice" },
        { "{\"model\": {\"type\": \"BPE\", \"dropout\": 0.1}}", "dropout" },
        { "{\"model\": {\"type\": \"BPE\", \"ignore_merges\": true}}", "ignore_merges" },
        { "{\"model\": {\"type\": \"BPE\", \"end_of_word_suffix\": \"</w>\"}}", "end_of_word_suffix" },
        { "{\"model\": {\"type\": \"BPE\", \"byte_fallback\": 1}}", "expected true or false" },
        { "{\"normalizer\": null}", "the normalizer is null" },
        { "{\"normalizer\": {\"type\": \"Prepend\", \"prepend\": \"x\"}}", "'Prepend'" },
        { "{\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"NFC\"}, {\"type\": \"NFC\"}]}}", "sequence of 2" },
        { "{\"normalizer\": 3}", "expected an object or null" },
        { "{\"pre_tokenizer\": {\"type\": \"ByteLevel\"}}", "'ByteLevel'" },
        { "{\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"\\\\d\"}}}", "expected none" },
        { "{\"decoder\": {\"type\": \"WordPiece\"}}", "'WordPiece'" },
        { "{\"decoder\": {\"type\": \"Sequence\", \"decoders\": [{\"type\": \"Strip\"}]}}", "'Strip'" },
        { "{\"decoder\": {\"type\": \"Sequence\", \"decoders\": [{\"type\": \"Sequence\", \"decoders\": []}]}}", "'Sequence'" },
        { "{\"added_tokens\": {}}", "expected an array" },
        { "{\"added_tokens\": [1]}", "expected an object" },
        { "{\"added_tokens\": [{\"id\": 1}]}", "no 'content'" },
        { "{\"added_tokens\": [{\"content\": \"x\"}]}", "no 'id'" },
        { "{\"added_tokens\": [{\"id\": 0, \"content\": \"x\", \"lstrip\": true}]}", "lstrip" },
        { "{} {}", "not valid JSON" },
    };

    public static TheoryData<string, string> RefusedChanges => new()
    {
        { "merge of unknown token", "which the vocabulary does not list" },
        { "merge of three", "one space between" },
        { "merge pair of three", "more than two tokens" },
        { "merge pair of numbers", "expected two strings" },
        { "merge number", "expected a string or an array" },
        { "no bos", "'<bos>'" },
        { "gap", "without gaps" },
        { "added id differs", "vocabulary gives it" },
        { "added twice", "listed twice" },
        { "locations out of order", "<loc0001>" },
        { "long piece", "1025 bytes long" },
    };

    [Theory]
    [MemberData(nameof(RefusedJson))]
    public void Malformed_or_unsupported_json_is_refused(string json, string message)
    {
        var error = Assert.Throws<CheckpointException>(() => SmallVocabulary.FromJson(Encoding.UTF8.GetBytes(json)));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Contains("tokenizer.json", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(RefusedChanges))]
    public void A_damaged_vocabulary_is_refused(string change, string message)
    {
        var error = Assert.Throws<CheckpointException>(() => SmallVocabulary.Changed(root => Change(root, change)));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Deeply_nested_json_is_refused()
    {
        string json = "{\"x\": " + new string('[', 100_000) + new string(']', 100_000) + "}";
        _ = Assert.Throws<CheckpointException>(() => SmallVocabulary.FromJson(Encoding.UTF8.GetBytes(json)));
    }

    [Fact]
    public void Invalid_utf8_in_json_is_refused()
    {
        byte[] json = [.. "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a"u8, 0xFF, .. "\": 0}}}"u8];
        var error = Assert.Throws<CheckpointException>(() => SmallVocabulary.FromJson(json));
        Assert.Contains("UTF-8", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_order_of_properties_does_not_matter()
    {
        Tokenizer reordered = SmallVocabulary.Changed(root =>
        {
            JsonObject model = root["model"]!.AsObject();
            JsonNode vocabulary = model["vocab"]!;
            _ = model.Remove("vocab");
            model.Add("vocab", vocabulary);
            JsonNode added = root["added_tokens"]!;
            _ = root.AsObject().Remove("added_tokens");
            root.AsObject().Add("added_tokens", added);
        });
        const string Text = "detect cat ; <loc0001> naïve\n\n";
        Assert.Equal(SmallVocabulary.Json.Encode(Text), reordered.Encode(Text));
    }

    [Fact]
    public void A_byte_order_mark_is_passed_over()
    {
        Tokenizer tokenizer = SmallVocabulary.FromJson([0xEF, 0xBB, 0xBF, .. SmallVocabulary.JsonBytes]);
        Assert.Equal(2177, tokenizer.VocabularySize);
    }

    [Theory]
    [InlineData(new byte[] { }, "holds no pieces")]
    [InlineData(new byte[] { 0x0A }, "ends inside a number")]
    [InlineData(new byte[] { 0x0A, 0x05, 0x0A }, "5 bytes is declared where 1 are left")]
    [InlineData(new byte[] { 0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01 }, "is declared where")]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF }, "longer than ten bytes")]
    [InlineData(new byte[] { 0x00 }, "not the tag")]
    [InlineData(new byte[] { 0x0B }, "wire type 3")]
    [InlineData(new byte[] { 0x08, 0x01 }, "expected bytes")]
    [InlineData(new byte[] { 0x0A, 0x00 }, "empty")]
    [InlineData(new byte[] { 0x0A, 0x03, 0x0A, 0x01, 0xFF }, "not valid UTF-8")]
    [InlineData(new byte[] { 0x0A, 0x08, 0x0A, 0x01, 0x61, 0x15, 0x00, 0x00, 0xC0, 0x7F }, "not a number")]
    [InlineData(new byte[] { 0x0A, 0x05, 0x0A, 0x01, 0x61, 0x18, 0x07 }, "the type 7")]
    [InlineData(new byte[] { 0x0A, 0x05, 0x0A, 0x01, 0x61, 0x18, 0x05 }, "the type 5")]
    [InlineData(new byte[] { 0x0A, 0x03, 0x0A, 0x01, 0x61, 0x0A, 0x03, 0x0A, 0x01, 0x61 }, "listed twice")]
    [InlineData(new byte[] { 0x0A, 0x03, 0x0A, 0x01, 0x61 }, "unigram")]
    [InlineData(new byte[] { 0x0A, 0x03, 0x0A, 0x01, 0x61, 0x12, 0x02, 0x18, 0x02 }, "dummy prefix")]
    public void A_malformed_model_is_refused(byte[] model, string message)
    {
        var error = Assert.Throws<CheckpointException>(() => SmallVocabulary.FromModel(model));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Contains("tokenizer.model", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_tokenizer_says_what_was_looked_for()
    {
        using var folder = new TemporaryFolder();
        Assert.Null(Tokenizer.Find(folder.Root));
        var error = Assert.Throws<CheckpointException>(() => Tokenizer.Load(folder.Root));
        Assert.Contains("tokenizer.json, tokenizer.model", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<CheckpointException>(() => Tokenizer.Load(Path.Combine(folder.Root, "missing")));
        Assert.Contains("neither a folder nor a file", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tokenizer_json_is_preferred_and_the_model_is_the_second_choice()
    {
        using var folder = new TemporaryFolder();
        _ = folder.Write("tokenizer.model", SmallVocabulary.ModelBytes);
        Assert.Null(Tokenizer.Load(folder.Root).ImageId);
        _ = folder.Write("tokenizer.json", SmallVocabulary.JsonBytes);
        Assert.EndsWith("tokenizer.json", Tokenizer.Find(folder.Root), StringComparison.Ordinal);
        Assert.Equal(2176, Tokenizer.Load(folder.Root).ImageId);
    }

    [Fact]
    public void A_model_takes_further_tokens_from_the_file_beside_it()
    {
        using var folder = new TemporaryFolder();
        _ = folder.Write("tokenizer.model", SmallVocabulary.ModelBytes);
        _ = folder.Write("added_tokens.json", "{\"<image>\": 2176, \"<loc0000>\": 1024}");
        Tokenizer tokenizer = Tokenizer.Load(folder.Root);
        Assert.Equal(2176, tokenizer.ImageId);
        Assert.True(tokenizer.IsSpecial(2176));
        Assert.False(tokenizer.IsSpecial(1024));
        Assert.Equal([2176], tokenizer.Encode("<image>", parseSpecialTokens: true));
        Assert.DoesNotContain(2176, tokenizer.Encode("<image>"));

        foreach (string bad in new[] { "{\"<loc0000>\": 7}", "{\"<x>\": 7}", "{\"<x>\": 5000}", "{\"<x>\": \"y\"}", "[]", "{", "{\"\": 2176}", "{\"\\ud800\": 2176}" })
        {
            _ = folder.Write("added_tokens.json", bad);
            _ = Assert.Throws<CheckpointException>(() => Tokenizer.Load(folder.Root));
        }
    }

    [Fact]
    public void Names_of_control_tokens_come_from_the_configuration()
    {
        using var folder = new TemporaryFolder();
        _ = folder.Write("tokenizer.json", SmallVocabulary.JsonBytes);
        _ = folder.Write("tokenizer_config.json", "{\"bos_token\": {\"content\": \"<eos>\"}, \"eos_token\": \"<pad>\", \"pad_token\": null}");
        Tokenizer tokenizer = Tokenizer.Load(folder.Root);
        Assert.Equal((1, 0, 0), (tokenizer.BosId, tokenizer.EosId, tokenizer.PadId));
        foreach (string bad in new[] { "{\"bos_token\": 1}", "{\"bos_token\": \"<none>\"}", "{\"bos_token\": \"\\ud800\"}", "3", "" })
        {
            _ = folder.Write("tokenizer_config.json", bad);
            _ = Assert.Throws<CheckpointException>(() => Tokenizer.Load(folder.Root));
        }
    }

    private static void Change(JsonNode root, string change)
    {
        JsonObject vocabulary = root["model"]!["vocab"]!.AsObject();
        JsonArray merges = root["model"]!["merges"]!.AsArray();
        JsonArray added = root["added_tokens"]!.AsArray();
        switch (change)
        {
            case "merge of unknown token":
                merges.Add("zzz qqq");
                break;
            case "merge of three":
                merges.Add("a b c");
                break;
            case "merge pair of three":
                merges.Add(new JsonArray("a", "b", "c"));
                break;
            case "merge pair of numbers":
                merges.Add(new JsonArray(1, 2));
                break;
            case "merge number":
                merges.Add(3);
                break;
            case "no bos":
                _ = vocabulary.Remove("<bos>");
                vocabulary.Add("<s>", 2);
                added.RemoveAt(2);
                break;
            case "gap":
                _ = vocabulary.Remove("<0x41>");
                break;
            case "added id differs":
                added[0]!["id"] = 1;
                break;
            case "added twice":
                added.Add(added[20]!.DeepClone());
                break;
            case "locations out of order":
                (vocabulary["<loc0001>"], vocabulary["<loc0002>"]) = (vocabulary["<loc0002>"]!.DeepClone(), vocabulary["<loc0001>"]!.DeepClone());
                foreach (JsonNode? token in added)
                    token!["id"] = vocabulary[(string)token["content"]!]?.DeepClone() ?? token["id"]!.DeepClone();
                break;
            case "long piece":
                vocabulary.Add(new string('x', 1025), 3000);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(change), change, null);
        }
    }
}
