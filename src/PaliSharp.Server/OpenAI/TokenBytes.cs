using System.Globalization;
using System.Text;
using PaliSharp.Generation;
using PaliSharp.Tokenization;

namespace PaliSharp.Server.OpenAI;

/// <summary>What tokens write, for log-probabilities.</summary>
/// <param name="tokenizer">The model's tokenizer.</param>
internal sealed class TokenBytes(Tokenizer tokenizer)
{
    private const string BytePrefix = "<0x";
    private const int BytePieceLength = 6;

    /// <summary>Describes the tokens of an answer.</summary>
    /// <param name="result">The answer.</param>
    /// <param name="top">How many of the likeliest tokens to give at each place.</param>
    public ChoiceLogprobs Describe(GenerationResult result, int top) => new(
        [.. result.Tokens.Select((token, i) => Describe(token, top > 0 && i < result.TopTokens.Count ? result.TopTokens[i] : []))], null);

    private TokenLogprob Describe(SampledToken token, IReadOnlyList<SampledToken> top)
    {
        (string text, int[] bytes) = Of(token.Id);
        return new TokenLogprob(text, token.LogProbability, bytes, [.. top.Select(DescribeTop)]);
    }

    private TopLogprob DescribeTop(SampledToken token)
    {
        (string text, int[] bytes) = Of(token.Id);
        return new TopLogprob(text, token.LogProbability, bytes);
    }

    // A byte piece stands for a byte that may be part of a character only.
    private (string Text, int[] Bytes) Of(int id)
    {
        string? name = tokenizer.TokenText(id);
        if (name is { Length: BytePieceLength }
            && name.StartsWith(BytePrefix, StringComparison.Ordinal)
            && byte.TryParse(name.AsSpan(BytePrefix.Length, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out byte value))
        {
            return (value < 0x80 ? ((char)value).ToString() : $"bytes:\\x{value:x2}", [value]);
        }

        string text = tokenizer.Decode([id], skipSpecialTokens: false);
        return (text, [.. Encoding.UTF8.GetBytes(text).Select(b => (int)b)]);
    }
}
