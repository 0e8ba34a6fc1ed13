namespace PaliSharp.Generation;

/// <summary>A text that a beam search found.</summary>
/// <param name="Tokens">The generated tokens, the one that ends the text included.</param>
/// <param name="LogProbabilities">The log-probability of each under the model's own distribution.</param>
/// <param name="SumLogProbability">Their sum.</param>
/// <param name="Score">What the search ranked by: the sum divided by the length penalty.</param>
/// <param name="Ended">Whether the last token ends the text; otherwise the length limit did.</param>
public sealed record BeamHypothesis(
    IReadOnlyList<int> Tokens, IReadOnlyList<float> LogProbabilities, double SumLogProbability, double Score, bool Ended);

/// <summary>How a live text of the next step comes about.</summary>
/// <param name="Parent">The row of the previous step it continues, whose cached keys and values it takes over.</param>
/// <param name="Token">The token it appends, to be fed to the model.</param>
internal readonly record struct BeamStep(int Parent, int Token);
