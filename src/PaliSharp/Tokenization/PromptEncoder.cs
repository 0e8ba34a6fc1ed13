namespace PaliSharp.Tokenization;

/// <summary>Builds the token ids of prompts, in the ways of the official implementations.</summary>
/// <param name="tokenizer">The tokenizer of the checkpoint.</param>
public sealed class PromptEncoder(Tokenizer tokenizer)
{
    private const string ImageToken = "<image>";

    /// <summary>
    /// Encodes as big_vision does, in which PaliGemma was trained: <c>&lt;bos&gt;</c>, prefix, newline and suffix are tokenized apart, so
    /// that the newline never joins its neighbours. Control tokens spelled out in the texts are plain text.
    /// </summary>
    /// <param name="prefix">The prompt, without a newline at its end.</param>
    /// <param name="suffix">The answer, or its beginning; null or empty to let the model write it.</param>
    /// <param name="endOfText">Whether <c>&lt;eos&gt;</c> follows the suffix, as in training; not used without a suffix (null).</param>
    /// <returns>The ids after the image tokens.</returns>
    /// <exception cref="PromptException">A text is not valid UTF-16.</exception>
    /// <exception cref="ResourceLimitException">A text is too long.</exception>
    public EncodedPrompt Encode(string prefix, string? suffix = null, bool endOfText = false)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        var ids = new List<int>((prefix.Length / 3) + 8) { tokenizer.BosId };
        tokenizer.Encode(prefix, ids);
        ids.Add(tokenizer.NewlineId);
        int prefixLength = ids.Count;
        AppendSuffix(suffix, endOfText, parseSpecialTokens: false, ids);
        return new EncodedPrompt([.. ids], prefixLength);
    }

    /// <summary>Encodes text that the model is to continue without a picture: <c>&lt;bos&gt;</c> and the text, with no newline behind it.</summary>
    /// <param name="text">The text.</param>
    /// <param name="bidirectional">Whether the text is a prefix whose positions see one another; otherwise each sees only those before it.</param>
    /// <exception cref="PromptException">The text is not valid UTF-16.</exception>
    /// <exception cref="ResourceLimitException">The text is too long.</exception>
    public EncodedPrompt EncodeTextOnly(string text, bool bidirectional = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>((text.Length / 3) + 8) { tokenizer.BosId };
        tokenizer.Encode(text, ids);
        return new EncodedPrompt([.. ids], bidirectional ? ids.Count : 0);
    }

    /// <summary>
    /// Encodes as transformers' <c>PaliGemmaProcessor</c> does: image tokens, <c>&lt;bos&gt;</c>, prompt and newline are one string. A newline
    /// at the end of the prompt joins the separator to one token of two newlines. With <paramref name="parseSpecialTokens"/>, as there, control
    /// tokens in the texts are parsed; each <c>&lt;image&gt;</c> of the prompt is then replaced by image tokens where it stands and
    /// <c>&lt;bos&gt;</c> follows the last one, instead of all image tokens coming first.
    /// </summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="images">The number of pictures.</param>
    /// <param name="tokensPerImage">The number of image tokens of a picture.</param>
    /// <param name="suffix">The answer, followed by <c>&lt;eos&gt;</c>; null to let the model write it.</param>
    /// <param name="parseSpecialTokens">Whether control tokens spelled out in the texts become those tokens.</param>
    /// <returns>The ids with the image tokens, which count as prefix.</returns>
    /// <exception cref="PromptException">
    /// The prompt has <c>&lt;image&gt;</c>, but not once for each picture; there are pictures, but the tokenizer has no <c>&lt;image&gt;</c>;
    /// or a text is not valid UTF-16.
    /// </exception>
    /// <exception cref="ResourceLimitException">A text is too long.</exception>
    public EncodedPrompt EncodeAsOneString(string prompt, int images, int tokensPerImage, string? suffix = null, bool parseSpecialTokens = false)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentOutOfRangeException.ThrowIfNegative(images);
        ArgumentOutOfRangeException.ThrowIfNegative(tokensPerImage);
        if (images > 0 && tokensPerImage > 0 && tokenizer.ImageId is null)
            throw new PromptException($"The tokenizer has no {ImageToken} token, so {images} picture(s) cannot be placed in one string. Use the default prompt style, or a tokenizer.json.");
        if ((long)images * tokensPerImage > Tokenizer.MaximumTextLength)
            throw new ResourceLimitException($"{images} pictures of {tokensPerImage} tokens each are more than {Tokenizer.MaximumTextLength} tokens. Give fewer pictures.");
        var ids = new List<int>((prompt.Length / 3) + (images * tokensPerImage) + 8);
        int written = parseSpecialTokens ? Count(prompt) : 0;
        if (written > 0 && written != images)
            throw new PromptException($"The prompt has {written} {ImageToken} for {images} picture(s). Write one for each picture, or none to have all pictures first.");
        if (written == 0)
        {
            for (int i = 0; i < images * tokensPerImage; i++)
                ids.Add(tokenizer.ImageId!.Value);
            ids.Add(tokenizer.BosId);
            tokenizer.Encode(prompt + "\n", ids, parseSpecialTokens);
        }
        else
        {
            int afterLast = prompt.LastIndexOf(ImageToken, StringComparison.Ordinal) + ImageToken.Length;
            foreach (int id in tokenizer.Encode(prompt[..afterLast], parseSpecialTokens: true))
            {
                for (int i = id == tokenizer.ImageId ? tokensPerImage : 1; i > 0; i--)
                    ids.Add(id);
            }

            ids.Add(tokenizer.BosId);
            tokenizer.Encode(prompt[afterLast..] + "\n", ids, parseSpecialTokens: true);
        }

        int prefixLength = ids.Count;
        AppendSuffix(suffix, endOfText: true, parseSpecialTokens, ids);
        return new EncodedPrompt([.. ids], prefixLength);
    }

    private static int Count(string prompt)
    {
        int count = 0;
        for (int at = 0; (at = prompt.IndexOf(ImageToken, at, StringComparison.Ordinal)) >= 0; at += ImageToken.Length)
            count++;
        return count;
    }

    private void AppendSuffix(string? suffix, bool endOfText, bool parseSpecialTokens, List<int> ids)
    {
        if (suffix is null)
            return;
        tokenizer.Encode(suffix, ids, parseSpecialTokens);
        if (endOfText)
            ids.Add(tokenizer.EosId);
    }
}
