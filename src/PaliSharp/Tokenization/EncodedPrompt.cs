namespace PaliSharp.Tokenization;

/// <summary>A prompt as token ids.</summary>
/// <param name="Ids">The ids: prefix, then suffix. With <see cref="PromptEncoder.Encode"/> they hold no image tokens, which come before them.</param>
/// <param name="PrefixLength">How many of the ids are the prefix, whose positions see one another in both directions.</param>
public readonly record struct EncodedPrompt(int[] Ids, int PrefixLength)
{
    /// <summary>The ids of the prefix: <c>&lt;bos&gt;</c>, the prompt and the newline.</summary>
    public ReadOnlySpan<int> Prefix => Ids.AsSpan(0, PrefixLength);

    /// <summary>The ids of the suffix, the answer that is given or trained; empty for generation.</summary>
    public ReadOnlySpan<int> Suffix => Ids.AsSpan(PrefixLength);
}
