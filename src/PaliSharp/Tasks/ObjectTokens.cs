using PaliSharp.Generation;
using PaliSharp.Tokenization;

namespace PaliSharp.Tasks;

/// <summary>The tokens objects are written with: locations, segmentation codes, labels and what separates them.</summary>
internal sealed class ObjectTokens
{
    /// <summary>The location tokens of a box.</summary>
    public const int LocationsPerObject = 4;

    private readonly Tokenizer _tokenizer;
    private readonly int _firstLocation;

    /// <summary>Looks the tokens up.</summary>
    /// <exception cref="PromptException">The tokenizer has no location tokens.</exception>
    public ObjectTokens(Tokenizer tokenizer)
    {
        _tokenizer = tokenizer;
        _firstLocation = tokenizer.FirstLocationId ?? throw new PromptException(
            "The model's tokenizer has no <loc> tokens, so it cannot detect. Use a PaliGemma checkpoint with its own tokenizer.");
    }

    /// <summary>The tokens of a model.</summary>
    /// <exception cref="PromptException">The model has no tokenizer, or none with location tokens.</exception>
    public static ObjectTokens Of(PaliGemma model) => new(model.Tokenizer ?? throw new PromptException(
        $"The checkpoint '{model.Path}' has no tokenizer, so its answers cannot be read as boxes."));

    /// <summary>Whether a token is a location.</summary>
    public bool IsLocation(int id) => id >= _firstLocation && id < _firstLocation + _tokenizer.LocationCount;

    /// <summary>Whether a token is a code of a mask.</summary>
    public bool IsSegmentation(int id) =>
        _tokenizer.FirstSegmentationId is { } first && id >= first && id < first + _tokenizer.SegmentationCount;

    /// <summary>The number of a location token.</summary>
    public int Bin(int id) => id - _firstLocation;

    /// <summary>The number of a segmentation token.</summary>
    public int Code(int id) => id - _tokenizer.FirstSegmentationId!.Value;

    /// <summary>The number of tokens up to the first whose text holds the separator.</summary>
    public int LabelLength(ReadOnlySpan<SampledToken> tokens)
    {
        for (int i = 0; i < tokens.Length; i++)
        {
            if (_tokenizer.TokenText(tokens[i].Id)?.Contains(';', StringComparison.Ordinal) == true)
                return i;
        }

        return tokens.Length;
    }

    /// <summary>The text up to the separator, without spaces around it.</summary>
    public string LabelText(ReadOnlySpan<SampledToken> tokens)
    {
        string text = Decode(tokens);
        int separator = text.IndexOf(';', StringComparison.Ordinal);
        return (separator < 0 ? text : text[..separator]).Trim();
    }

    /// <summary>Adds a warning if there is text that belongs to nothing.</summary>
    public void ReportStray(ReadOnlySpan<SampledToken> tokens, string where, List<string> warnings)
    {
        string text = Decode(tokens).Trim();
        if (text.Length > 0)
            warnings.Add($"The text '{text}' {where} belongs to no box.");
    }

    /// <summary>The geometric mean of the probabilities of some tokens; 1 for none.</summary>
    public static float Score(ReadOnlySpan<SampledToken> tokens) =>
        tokens.IsEmpty ? 1 : (float)Math.Exp(LogProbability(tokens) / tokens.Length);

    /// <summary>The sum of the log-probabilities of some tokens.</summary>
    public static double LogProbability(ReadOnlySpan<SampledToken> tokens)
    {
        double sum = 0;
        foreach (SampledToken token in tokens)
            sum += token.LogProbability;
        return sum;
    }

    private string Decode(ReadOnlySpan<SampledToken> tokens)
    {
        var ids = new List<int>(tokens.Length);
        foreach (SampledToken token in tokens)
        {
            if (!IsSegmentation(token.Id))
                ids.Add(token.Id);
        }

        return _tokenizer.Decode([.. ids]);
    }
}
