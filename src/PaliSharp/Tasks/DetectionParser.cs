using PaliSharp.Generation;
using PaliSharp.Tokenization;

namespace PaliSharp.Tasks;

/// <summary>
/// Reads <c>&lt;loc&gt;×4 label ; …</c> from token ids, strictly: a box needs exactly four location tokens in a row with max &gt; min on both axes.
/// What does not fit is left out and reported.
/// </summary>
/// <param name="tokenizer">Knows the location tokens and the text of the others.</param>
internal sealed class DetectionParser(Tokenizer tokenizer)
{
    private const int CoordinatesPerBox = 4;

    /// <summary>Reads an answer.</summary>
    /// <param name="tokens">The generated tokens, end token excluded.</param>
    /// <param name="width">The picture's width in pixels.</param>
    /// <param name="height">The picture's height in pixels.</param>
    /// <param name="convention">How bins map to coordinates.</param>
    /// <param name="warnings">Receives what was left out.</param>
    public List<Detection> Parse(ReadOnlySpan<SampledToken> tokens, int width, int height, LocationConvention convention, List<string> warnings)
    {
        if (tokenizer.FirstLocationId is null)
            throw new PromptException("The model's tokenizer has no <loc> tokens, so it cannot detect. Use a PaliGemma checkpoint with its own tokenizer.");

        var detections = new List<Detection>();
        int next = RunLength(tokens, 0, location: false);
        ReportStrayText(tokens[..next], "before the first box", warnings);
        while (next < tokens.Length)
        {
            int coordinates = RunLength(tokens, next, location: true);
            int text = RunLength(tokens, next + coordinates, location: false);
            ReadOnlySpan<SampledToken> box = tokens.Slice(next, coordinates);
            ReadOnlySpan<SampledToken> after = tokens.Slice(next + coordinates, text);
            next += coordinates + text;

            int labelLength = LabelLength(after);
            ReportStrayText(after[Math.Min(labelLength + 1, after.Length)..], "after a separator", warnings);
            if (ToDetection(box, after[..labelLength], LabelText(after), width, height, convention, warnings) is { } detection)
                detections.Add(detection);
        }

        return detections;
    }

    private Detection? ToDetection(
        ReadOnlySpan<SampledToken> box,
        ReadOnlySpan<SampledToken> labelTokens,
        string label,
        int width,
        int height,
        LocationConvention convention,
        List<string> warnings)
    {
        if (box.Length != CoordinatesPerBox)
        {
            warnings.Add($"A box needs {CoordinatesPerBox} location tokens; {box.Length} were found before '{label}'.");
            return null;
        }

        int yMin = Bin(box[0]);
        int xMin = Bin(box[1]);
        int yMax = Bin(box[2]);
        int xMax = Bin(box[3]);
        if (yMax <= yMin || xMax <= xMin)
        {
            warnings.Add($"The box y {yMin}–{yMax}, x {xMin}–{xMax} of '{label}' is empty or inverted.");
            return null;
        }

        double boxSum = LogProbabilitySum(box);
        double labelSum = LogProbabilitySum(labelTokens);
        return new Detection(
            LocationGrid.ToBox(yMin, xMin, yMax, xMax, width, height, convention),
            label,
            (float)Math.Exp((boxSum + labelSum) / (box.Length + labelTokens.Length)),
            (float)Math.Exp(boxSum / box.Length),
            labelTokens.IsEmpty ? 1 : (float)Math.Exp(labelSum / labelTokens.Length));
    }

    private bool IsLocation(int id) => id >= tokenizer.FirstLocationId && id < tokenizer.FirstLocationId + tokenizer.LocationCount;

    private bool IsSegmentation(int id) =>
        tokenizer.FirstSegmentationId is { } first && id >= first && id < first + tokenizer.SegmentationCount;

    private int Bin(SampledToken token) => token.Id - tokenizer.FirstLocationId!.Value;

    private int RunLength(ReadOnlySpan<SampledToken> tokens, int start, bool location)
    {
        int end = start;
        while (end < tokens.Length && IsLocation(tokens[end].Id) == location)
            end++;
        return end - start;
    }

    /// <summary>The number of tokens up to the first whose text holds the separator.</summary>
    private int LabelLength(ReadOnlySpan<SampledToken> tokens)
    {
        for (int i = 0; i < tokens.Length; i++)
        {
            if (tokenizer.TokenText(tokens[i].Id)?.Contains(';', StringComparison.Ordinal) == true)
                return i;
        }

        return tokens.Length;
    }

    private string LabelText(ReadOnlySpan<SampledToken> tokens)
    {
        string text = Decode(tokens);
        int separator = text.IndexOf(';', StringComparison.Ordinal);
        return (separator < 0 ? text : text[..separator]).Trim();
    }

    private string Decode(ReadOnlySpan<SampledToken> tokens)
    {
        var ids = new List<int>(tokens.Length);
        foreach (SampledToken token in tokens)
        {
            if (!IsSegmentation(token.Id))
                ids.Add(token.Id);
        }

        return tokenizer.Decode([.. ids]);
    }

    private void ReportStrayText(ReadOnlySpan<SampledToken> tokens, string where, List<string> warnings)
    {
        string text = Decode(tokens).Trim();
        if (text.Length > 0)
            warnings.Add($"The text '{text}' {where} belongs to no box.");
    }

    private static double LogProbabilitySum(ReadOnlySpan<SampledToken> tokens)
    {
        double sum = 0;
        foreach (SampledToken token in tokens)
            sum += token.LogProbability;
        return sum;
    }
}
