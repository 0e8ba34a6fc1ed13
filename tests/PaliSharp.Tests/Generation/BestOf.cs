namespace PaliSharp.Tests.Generation;

/// <summary>Chooses among several samples of one prompt as big_vision does, to compare its recorded scores.</summary>
internal static class BestOf
{
    /// <summary>The sum of the log-probabilities up to and including the first token that ends the text; all, if none does.</summary>
    /// <param name="tokens">The generated tokens.</param>
    /// <param name="logProbabilities">One value per token.</param>
    /// <param name="endIds">The tokens that end a text.</param>
    public static double Score(ReadOnlySpan<int> tokens, ReadOnlySpan<float> logProbabilities, ReadOnlySpan<int> endIds)
    {
        double sum = 0;
        for (int i = 0; i < tokens.Length; i++)
        {
            sum += logProbabilities[i];
            if (endIds.Contains(tokens[i]))
                break;
        }

        return sum;
    }

    /// <summary>The index of the highest score, the first of equal ones.</summary>
    /// <param name="scores">At least one score.</param>
    public static int Select(ReadOnlySpan<double> scores)
    {
        int best = 0;
        for (int i = 1; i < scores.Length; i++)
        {
            if (scores[i] > scores[best])
                best = i;
        }

        return best;
    }
}
