namespace PaliSharp.Generation;

/// <summary>A token and how likely the model found it.</summary>
/// <param name="Id">The token.</param>
/// <param name="LogProbability">
/// The natural logarithm of its probability under the model's own distribution: softmax of the raw logits, before temperature, filters,
/// masks and constraints.
/// </param>
public readonly record struct SampledToken(int Id, float LogProbability);
