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

    /// <summary>Describes tokens of an answer.</summary>
    /// <param name="tokens">The tokens.</param>
    /// <param name="top">The likeliest tokens at each of their places; empty for none.</param>
    public ChoiceLogprobs Describe(IReadOnlyList<SampledToken> tokens, IReadOnlyList<IReadOnlyList<SampledToken>> top) =>
        new([.. tokens.Select((token, i) => Describe(token, i < top.Count ? top[i] : []))], null);

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
