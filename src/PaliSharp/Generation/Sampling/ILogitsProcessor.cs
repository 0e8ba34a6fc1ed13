namespace PaliSharp.Generation;

/// <summary>One step between the model's logits and the choice of a token.</summary>
internal interface ILogitsProcessor
{
    /// <summary>Changes the logits in place; −∞ removes a token.</summary>
    /// <param name="logits">One value per token, none of them NaN or +∞.</param>
    /// <param name="previousIds">The tokens so far, prompt first. Ids that are no row of <paramref name="logits"/> are ignored.</param>
    void Process(Span<float> logits, ReadOnlySpan<int> previousIds);
}
