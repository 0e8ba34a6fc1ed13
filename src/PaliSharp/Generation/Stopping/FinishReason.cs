namespace PaliSharp.Generation;

/// <summary>Why a generation ended.</summary>
public enum FinishReason
{
    /// <summary>The model chose a token that ends the text.</summary>
    Stop,

    /// <summary>A stop string occurred in the text.</summary>
    StopString,

    /// <summary>The limit on new tokens, or the model's context, was reached.</summary>
    Length,

    /// <summary><see cref="GenerationOptions.StopWhen"/> said so.</summary>
    StopCondition,

    /// <summary>The text repeated itself, see <see cref="GenerationOptions.StopOnRepetition"/>.</summary>
    Repetition,
}
