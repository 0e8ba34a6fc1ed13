using System.Text.Json.Nodes;
using PaliSharp.Tokenization;
using Xunit;

namespace PaliSharp.Tests.Tokenization;

/// <summary>Prompts are assembled as big_vision and transformers assemble them.</summary>
[Trait("Category", "Golden")]
public class PromptGoldenTests
{
    [SkippableFact]
    public void Prefix_and_suffix_are_tokenized_apart_as_in_big_vision() => ForEach("prompts_bv.json", CheckBigVision);

    [SkippableFact]
    public void One_string_is_tokenized_as_in_transformers() => ForEach("prompts_hf.json", CheckHuggingFace);

    private static void ForEach(string name, Action<string> check)
    {
        string[] files = [.. TokenizerGoldens.Files(name)];
        Skip.If(files.Length == 0, $"There is no {name}: prompts need the full Gemma vocabulary, which is only in the large reference set (PALISHARP_GOLDEN).");
        foreach (string file in files)
            check(file);
    }

    private static void CheckBigVision(string file)
    {
        GoldenVocabulary vocabulary = TokenizerGoldens.VocabularyOf(file);
        var wrong = new List<string>();
        foreach (Tokenizer tokenizer in new[] { vocabulary.SentencePiece, vocabulary.Json }.OfType<Tokenizer>())
        {
            foreach (JsonNode? item in TokenizerGoldens.Cases(file))
            {
                bool train = item!["mask_loss"] is not null;
                int size = (int)item["text_len"]! + (train ? 1 : 0);
                EncodedPrompt prompt = new PromptEncoder(tokenizer).Encode((string)item["prefix"]!, (string)item["suffix"]!, endOfText: train);
                int[] autoregressive = [.. prompt.Ids.Select((_, i) => i < prompt.PrefixLength ? 0 : 1)];
                int[] input = [.. prompt.Ids.Select(_ => 1)];
                Check("unpadded", prompt.Ids);
                Check("text", Fit(prompt.Ids, size, tokenizer.PadId));
                Check("mask_ar", Fit(autoregressive, size, 1));
                Check(train ? "mask_loss" : "mask_input", Fit(train ? autoregressive : input, size, 0));

                void Check(string field, int[] found)
                {
                    if (!found.AsSpan().SequenceEqual(item[field]!.Ids()))
                        wrong.Add($"{item.Name()} {field}:\n  {TokenizerGoldens.Show(found)}\n  expected {TokenizerGoldens.Show(item[field]!.Ids())}");
                }
            }
        }

        TokenizerGoldens.AssertNone(wrong, file);
    }

    private static void CheckHuggingFace(string file)
    {
        GoldenVocabulary vocabulary = TokenizerGoldens.VocabularyOf(file);
        var wrong = new List<string>();
        foreach (JsonNode? item in TokenizerGoldens.Cases(file))
        {
            var processor = new HuggingFaceProcessor(vocabulary.Json, (int)item!["image_seq_length"]!, item["padding_side"]!.ToString() == "left");
            HuggingFaceBatch? batch = null;
            string? error = null;
            try
            {
                batch = processor.Run(item["text"]!, item["suffix"], item["images"]!, item["kwargs"]!.AsObject());
            }
            catch (PromptException e)
            {
                error = e.Message;
            }

            if (item["error"] is { } expected)
            {
                if (error is null)
                    wrong.Add($"{item.Name()} is accepted; expected {expected}");
                continue;
            }

            if (batch is null)
            {
                wrong.Add($"{item.Name()} is refused: {error}");
                continue;
            }

            Check("input_ids", batch.InputIds);
            Check("token_type_ids", batch.TokenTypeIds);
            Check("labels", batch.Labels);
            Check("attention_mask", batch.AttentionMask);

            void Check(string field, List<int[]> found)
            {
                List<int[]> rows = [.. item[field]!.AsArray().Select(row => Expand(row!))];
                if (!(rows.Count == found.Count && rows.Zip(found).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second))))
                    wrong.Add($"{item.Name()} {field}:\n  {string.Join('|', found.Select(row => TokenizerGoldens.Show(row.TakeLast(40))))}\n  expected {string.Join('|', rows.Select(row => TokenizerGoldens.Show(row.TakeLast(40))))}");
            }
        }

        TokenizerGoldens.AssertNone(wrong, file);
    }

    private static int[] Expand(JsonNode runs) => [.. runs.AsArray().SelectMany(run => Enumerable.Repeat((int)run![0]!, (int)run[1]!))];

    private static int[] Fit(int[] values, int size, int padding) => [.. values.Concat(Enumerable.Repeat(padding, size)).Take(size)];
}
