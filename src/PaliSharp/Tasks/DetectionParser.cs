using PaliSharp.Generation;

namespace PaliSharp.Tasks;

/// <summary>
/// Reads <c>&lt;loc&gt;×4 label ; …</c> from token ids, strictly: a box needs exactly four location tokens in a row with max &gt; min on both axes.
/// What does not fit is left out and reported.
/// </summary>
/// <param name="tokens">Knows the tokens.</param>
internal sealed class DetectionParser(ObjectTokens tokens)
{
    /// <summary>Reads an answer.</summary>
    /// <param name="answer">The generated tokens, end token excluded.</param>
    /// <param name="width">The picture's width in pixels.</param>
    /// <param name="height">The picture's height in pixels.</param>
    /// <param name="convention">How bins map to coordinates.</param>
    /// <param name="warnings">Receives what was left out.</param>
    public List<Detection> Parse(ReadOnlySpan<SampledToken> answer, int width, int height, LocationConvention convention, List<string> warnings)
    {
        var detections = new List<Detection>();
        int next = RunLength(answer, 0, location: false);
        tokens.ReportStray(answer[..next], "before the first box", warnings);
        while (next < answer.Length)
        {
            int coordinates = RunLength(answer, next, location: true);
            int text = RunLength(answer, next + coordinates, location: false);
            ReadOnlySpan<SampledToken> box = answer.Slice(next, coordinates);
            ReadOnlySpan<SampledToken> after = answer.Slice(next + coordinates, text);
            next += coordinates + text;

            int labelLength = tokens.LabelLength(after);
            tokens.ReportStray(after[Math.Min(labelLength + 1, after.Length)..], "after a separator", warnings);
            if (ToDetection(box, after[..labelLength], tokens.LabelText(after), width, height, convention, warnings) is { } detection)
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
        if (box.Length != ObjectTokens.LocationsPerObject)
        {
            warnings.Add($"A box needs {ObjectTokens.LocationsPerObject} location tokens; {box.Length} were found before '{label}'.");
            return null;
        }

        int yMin = tokens.Bin(box[0].Id);
        int xMin = tokens.Bin(box[1].Id);
        int yMax = tokens.Bin(box[2].Id);
        int xMax = tokens.Bin(box[3].Id);
        if (yMax <= yMin || xMax <= xMin)
        {
            warnings.Add($"The box y {yMin}–{yMax}, x {xMin}–{xMax} of '{label}' is empty or inverted.");
            return null;
        }

        double sum = ObjectTokens.LogProbability(box) + ObjectTokens.LogProbability(labelTokens);
        return new Detection(
            LocationGrid.ToBox(yMin, xMin, yMax, xMax, width, height, convention),
            label,
            (float)Math.Exp(sum / (box.Length + labelTokens.Length)),
            ObjectTokens.Score(box),
            ObjectTokens.Score(labelTokens));
    }

    private int RunLength(ReadOnlySpan<SampledToken> answer, int start, bool location)
    {
        int end = start;
        while (end < answer.Length && tokens.IsLocation(answer[end].Id) == location)
            end++;
        return end - start;
    }
}
