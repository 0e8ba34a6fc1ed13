using PaliSharp.Tokenization;

namespace PaliSharp.Generation;

/// <summary>Turns the text of a request into the ids that follow its image tokens.</summary>
internal static class PromptIds
{
    /// <summary>With a picture: BOS, prefix, newline. Without: BOS and the text alone, as for a text model.</summary>
    public static int[] Encode(Tokenizer tokenizer, string prompt, bool hasImages, GenerationOptions options)
    {
        if (!hasImages)
            return [tokenizer.BosId, .. tokenizer.Encode(prompt, options.ParseSpecialTokens)];
        return options.PromptStyle == PromptStyle.HuggingFace
            ? [tokenizer.BosId, .. tokenizer.Encode(prompt + "\n", parseSpecialTokens: options.ParseSpecialTokens)]
            : [tokenizer.BosId, .. tokenizer.Encode(prompt, options.ParseSpecialTokens), tokenizer.NewlineId];
    }
}
