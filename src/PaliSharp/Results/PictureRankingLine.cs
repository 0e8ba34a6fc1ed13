using System.Text.Json.Serialization;
using PaliSharp.Tasks;

namespace PaliSharp.Results;

/// <summary>Pictures ranked for a text, in JSON.</summary>
/// <param name="Text">The text.</param>
/// <param name="Prompt">The prompt whose answer it might be.</param>
/// <param name="Pictures">The pictures, the best first.</param>
public sealed record PictureRankingLine(string Text, string Prompt, IReadOnlyList<RankedPictureItem> Pictures) : ResultLine
{
    /// <summary>Describes a ranking.</summary>
    /// <param name="names">The names of all pictures that were ranked.</param>
    /// <param name="text">The text.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="ranking">The pictures that are shown, the best first.</param>
    /// <exception cref="ArgumentNullException">An argument is missing.</exception>
    public static PictureRankingLine Of(IReadOnlyList<string> names, string text, string prompt, IReadOnlyList<PictureMatch> ranking)
    {
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(ranking);
        return new PictureRankingLine(text, prompt, [.. ranking.Select(match => new RankedPictureItem(names[match.Index], match.Index, match.Probability, match.LogProbability))]);
    }
}

/// <summary>A picture in a ranking, in JSON.</summary>
/// <param name="Image">The picture.</param>
/// <param name="Index">Its place among the pictures that were ranked, from 0: names may be the same.</param>
/// <param name="Probability">The softmax of the log-probabilities over all pictures.</param>
/// <param name="LogProb">The log-probability of the text with this picture.</param>
public sealed record RankedPictureItem(string Image, int Index, double Probability, [property: JsonPropertyName("logprob")] double LogProb);
