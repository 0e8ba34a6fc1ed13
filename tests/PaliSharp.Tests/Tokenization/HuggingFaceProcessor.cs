using System.Text.Json.Nodes;
using PaliSharp.Tokenization;

namespace PaliSharp.Tests.Tokenization;

/// <summary>What the processor returns for a batch.</summary>
internal sealed record HuggingFaceBatch(List<int[]> InputIds, List<int[]> TokenTypeIds, List<int[]> Labels, List<int[]> AttentionMask);

/// <summary>
/// Batching, truncation, padding and labels as transformers' <c>PaliGemmaProcessor</c> has them, around <see cref="PromptEncoder"/>. The
/// library batches without padding, so these rules are needed only to read the reference data.
/// </summary>
internal sealed class HuggingFaceProcessor(Tokenizer tokenizer, int imageLength, bool padLeft)
{
    private const int Ignored = -100;

    public HuggingFaceBatch Run(JsonNode text, JsonNode? suffix, JsonNode images, JsonObject options)
    {
        string[] prompts = text is JsonArray ? text.Strings() : [(string)text!];
        string?[] suffixes = suffix switch
        {
            null => new string?[prompts.Length],
            JsonArray => suffix.Strings(),
            _ => [(string)suffix!],
        };
        int[] counts = ImageCounts(images, prompts.Length);
        int? limit = (int?)options["max_length"];
        bool truncate = (bool?)options["truncation"] ?? false;
        var encoder = new PromptEncoder(tokenizer);

        // The official processor looks for <image> in the whole batch: with it in one prompt, prompts without it get no pictures.
        bool anywhere = prompts.Any(prompt => prompt.Contains("<image>", StringComparison.Ordinal));
        var rows = new List<(List<int> Prefix, List<int> Suffix)>();
        for (int i = 0; i < prompts.Length; i++)
        {
            bool here = prompts[i].Contains("<image>", StringComparison.Ordinal);
            int placed = anywhere && !here ? 0 : counts[i];
            EncodedPrompt encoded = encoder.EncodeAsOneString(prompts[i], placed, imageLength, suffixes[i], parseSpecialTokens: true);
            (List<int> Prefix, List<int> Suffix) row = ([.. encoded.Prefix], [.. encoded.Suffix]);
            if (truncate)
                TruncateLongestFirst(row.Prefix, row.Suffix, limit!.Value);
            rows.Add(row);
        }

        int width = PaddedWidth(options, rows.Max(row => row.Prefix.Count + row.Suffix.Count), limit);
        var batch = new HuggingFaceBatch([], [], [], []);
        foreach ((List<int> prefix, List<int> answer) in rows)
        {
            int length = prefix.Count + answer.Count;
            int padding = Math.Max(0, (width == 0 ? length : width) - length);
            batch.InputIds.Add(Pad([.. prefix, .. answer], padding, tokenizer.PadId));
            batch.TokenTypeIds.Add(Pad([.. prefix.Select(_ => 0), .. answer.Select(_ => 1)], padding, 0));
            batch.Labels.Add(Pad([.. prefix.Select(_ => Ignored), .. answer], padding, Ignored));
            batch.AttentionMask.Add(Pad([.. Enumerable.Repeat(1, length)], padding, 0));
        }

        return batch;
    }

    private static int[] ImageCounts(JsonNode images, int prompts)
    {
        if (images is JsonArray nested)
        {
            return nested.Count == prompts
                ? nested.Ids()
                : throw new PromptException($"{nested.Count} lists of pictures for {prompts} prompts.");
        }

        string given = images.ToString();
        int flat = given.StartsWith("flat-", StringComparison.Ordinal) ? int.Parse(given[5..]) : int.Parse(given);
        return flat == prompts ? [.. Enumerable.Repeat(1, prompts)] : throw new PromptException($"{flat} pictures for {prompts} prompts.");
    }

    private static void TruncateLongestFirst(List<int> prefix, List<int> suffix, int limit)
    {
        while (prefix.Count + suffix.Count > limit)
        {
            List<int> longest = suffix.Count > prefix.Count ? suffix : prefix;
            longest.RemoveAt(longest.Count - 1);
        }
    }

    private static int PaddedWidth(JsonObject options, int longest, int? limit)
    {
        string padding = options["padding"]?.ToString() ?? "false";
        int width = padding switch
        {
            "false" or "do_not_pad" => 0,
            "max_length" => limit!.Value,
            _ => longest,
        };
        int multiple = (int?)options["pad_to_multiple_of"] ?? 1;
        return (width + multiple - 1) / multiple * multiple;
    }

    private int[] Pad(int[] row, int count, int value)
    {
        IEnumerable<int> padding = Enumerable.Repeat(value, count);
        return padLeft ? [.. padding, .. row] : [.. row, .. padding];
    }
}
