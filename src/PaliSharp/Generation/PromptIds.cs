using PaliSharp.Tokenization;

namespace PaliSharp.Generation;

/// <summary>Turns the text of a request into the ids that follow its image tokens.</summary>
internal static class PromptIds
{
    /// <summary>With a picture: BOS, prefix, newline. Without: BOS and the text alone, as for a text model.</summary>
    public static int[] Encode(Tokenizer tokenizer, string prompt, bool hasImages, GenerationOptions options)
    {
        var encoder = new PromptEncoder(tokenizer);
        if (!hasImages)
            return encoder.EncodeTextOnly(prompt, options.BidirectionalText).Ids;
        return options.PromptStyle == PromptStyle.HuggingFace
            ? encoder.EncodeAsOneString(prompt, images: 1, tokensPerImage: 0, parseSpecialTokens: options.ParseSpecialTokens).Ids
            : encoder.Encode(prompt).Ids;
    }
}
