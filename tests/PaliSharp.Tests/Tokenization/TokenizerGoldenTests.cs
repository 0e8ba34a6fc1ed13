using System.Diagnostics;
using System.Text.Json.Nodes;
using PaliSharp.TestSupport;
using PaliSharp.Tokenization;
using Xunit;

namespace PaliSharp.Tests.Tokenization;

/// <summary>Ids and texts are those of the official readers, for every case.</summary>
[Trait("Category", "Golden")]
public class TokenizerGoldenTests
{
    public static TheoryData<string> CaseFiles => TokenizerGoldens.Theory("cases.json", "long_cases.json");

    public static TheoryData<string> DecodeFiles => TokenizerGoldens.Theory("decode.json");

    public static TheoryData<string> StreamFiles => TokenizerGoldens.Theory("stream.json");

    [Fact]
    public void There_are_cases()
    {
        GoldenData.RequireCases(TokenizerGoldens.Topic, TokenizerGoldens.Files("cases.json"));
        GoldenData.RequireCases(TokenizerGoldens.Topic, TokenizerGoldens.Files("decode.json"));
        GoldenData.RequireCases(TokenizerGoldens.Topic, TokenizerGoldens.Files("stream.json"));
    }

    [SkippableTheory]
    [MemberData(nameof(CaseFiles))]
    public void Encoding_gives_the_ids_of_the_official_readers(string file)
    {
        GoldenVocabulary vocabulary = TokenizerGoldens.VocabularyOf(file);
        var wrong = new List<string>();
        var clock = Stopwatch.StartNew();
        long characters = 0;
        foreach (JsonNode? item in TokenizerGoldens.Cases(file))
        {
            string text = (string)item!["text"]!;
            characters += text.Length;
            int[] hf = item["hf"]!.Ids();
            int[] sp = item["sp"]?.Ids() ?? hf;
            int[] split = item["hf_split_special"]?.Ids() ?? hf;
            Check("json, parsed", vocabulary.Json.Encode(text, parseSpecialTokens: true), hf);
            if (!file.Contains("long_cases", StringComparison.Ordinal))
            {
                Check("json", vocabulary.Json.Encode(text), split);
                Check("json, plain", vocabulary.Plain.Encode(text, parseSpecialTokens: true), item["hf_plain"]?.Ids() ?? hf);
            }

            if (vocabulary.Arrays is not null)
            {
                Check("arrays, parsed", vocabulary.Arrays.Encode(text, parseSpecialTokens: true), hf);
                Check("arrays", vocabulary.Arrays.Encode(text), split);
            }

            if (vocabulary.SentencePiece is not null)
                Check("model", vocabulary.SentencePiece.Encode(text), sp);

            void Check(string flavour, int[] found, int[] expected)
            {
                if (!found.AsSpan().SequenceEqual(expected))
                    wrong.Add($"{item.Name()} ({flavour}) '{TokenizerGoldens.Show(text)}':\n  {TokenizerGoldens.Show(found)}\n  expected {TokenizerGoldens.Show(expected)}");
            }
        }

        TokenizerGoldens.AssertNone(wrong, file);

        // Generous: a quadratic merge loop needs minutes for the long cases.
        Assert.True(clock.Elapsed.TotalSeconds < 60, $"{characters} characters took {clock.Elapsed.TotalSeconds:F1} s");
    }

    [SkippableTheory]
    [MemberData(nameof(DecodeFiles))]
    public void Decoding_gives_the_texts_of_the_official_readers(string file)
    {
        GoldenVocabulary vocabulary = TokenizerGoldens.VocabularyOf(file);
        var wrong = new List<string>();
        foreach (JsonNode? item in TokenizerGoldens.Cases(file))
        {
            int[] ids = item!["ids"]!.Ids();
            foreach (Tokenizer json in new[] { vocabulary.Json, vocabulary.Arrays }.OfType<Tokenizer>())
            {
                Check("hf", json.Decode(ids, skipSpecialTokens: false, DecodeStyle.HuggingFace), (string)item["hf"]!);
                Check("hf_skip_special", json.Decode(ids, skipSpecialTokens: true, DecodeStyle.HuggingFace), (string)item["hf_skip_special"]!);
                if (!((string)item["hf"]!).Contains('\uFFFD'))
                {
                    // Where nothing is malformed, the styles agree.
                    Check("utf8", json.Decode(ids, skipSpecialTokens: false), (string)item["hf"]!);
                    Check("utf8, skipping", json.Decode(ids), (string)item["hf_skip_special"]!);
                }
            }

            if (vocabulary.SentencePiece is { } model && (string?)item["sp"] is { } sp)
                Check("sp", model.Decode(ids, style: DecodeStyle.SentencePiece), sp);

            void Check(string flavour, string found, string expected)
            {
                if (found != expected)
                    wrong.Add($"{item.Name()} ({flavour}) {TokenizerGoldens.Show(ids)}:\n  {TokenizerGoldens.Show(found)}\n  expected {TokenizerGoldens.Show(expected)}");
            }
        }

        TokenizerGoldens.AssertNone(wrong, file);
    }

    [SkippableTheory]
    [MemberData(nameof(StreamFiles))]
    public void Streaming_gives_each_character_when_it_is_complete(string file)
    {
        GoldenVocabulary vocabulary = TokenizerGoldens.VocabularyOf(file);
        var wrong = new List<string>();
        foreach (JsonNode? item in TokenizerGoldens.Cases(file))
        {
            int[] ids = item!["ids"]!.Ids();
            string[] expected = [.. item["chunks_utf8"]!.Strings(), (string)item["tail_utf8"]!];
            foreach (Tokenizer tokenizer in new[] { vocabulary.Json, vocabulary.Arrays, vocabulary.SentencePiece }.OfType<Tokenizer>())
            {
                // Turn markers are ordinary in a SentencePiece model, and it has no <image>.
                if (tokenizer == vocabulary.SentencePiece && ids.Any(id => id >= tokenizer.VocabularySize || tokenizer.IsSpecial(id) != vocabulary.Json.IsSpecial(id)))
                    continue;
                string[] found = Stream(tokenizer, ids, skipSpecialTokens: true);
                Check("chunks_utf8", found, expected);
                string batch = tokenizer.Decode(ids);
                if (string.Concat(found) != batch)
                    wrong.Add($"{item.Name()} does not join to '{TokenizerGoldens.Show(batch)}'");
            }

            // What the official stream gives where its bytes are valid; it holds text back as null.
            CheckOfficial("chunks", skipSpecialTokens: false);
            CheckOfficial("chunks_skip_special", skipSpecialTokens: true);

            void CheckOfficial(string field, bool skipSpecialTokens)
            {
                string[] official = item[field]!.Strings();
                string[] found = Stream(vocabulary.Json, ids, skipSpecialTokens)[..official.Length];
                bool malformed = item["error_at"] is not null || string.Concat(official).Contains('\uFFFD') || string.Concat(found).Contains('\uFFFD');
                if (!malformed)
                    Check(field, found, official);
            }

            void Check(string field, string[] found, string[] wanted)
            {
                if (!found.SequenceEqual(wanted))
                    wrong.Add($"{item.Name()} ({field}) {TokenizerGoldens.Show(ids)}:\n  {TokenizerGoldens.Show(string.Join('|', found))}\n  expected {TokenizerGoldens.Show(string.Join('|', wanted))}");
            }
        }

        TokenizerGoldens.AssertNone(wrong, file);
    }

    private static string[] Stream(Tokenizer tokenizer, int[] ids, bool skipSpecialTokens)
    {
        StreamingDecoder decoder = tokenizer.CreateStreamingDecoder(skipSpecialTokens);
        return [.. ids.Select(decoder.Push), decoder.Flush()];
    }
}
