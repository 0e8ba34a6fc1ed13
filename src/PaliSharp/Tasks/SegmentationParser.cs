using PaliSharp.Generation;
using PaliSharp.Segmentation;
using PaliSharp.Tokenization;

namespace PaliSharp.Tasks;

/// <summary>
/// Reads <c>&lt;loc&gt;×4 &lt;seg&gt;×16 label ; …</c> from token ids, strictly: an object needs exactly four location tokens and exactly 16
/// segmentation tokens in a row, with max &gt; min on both axes. What does not fit is left out and reported.
/// </summary>
/// <param name="tokens">Knows the tokens.</param>
/// <param name="codec">Makes masks of codes.</param>
internal sealed class SegmentationParser(ObjectTokens tokens, MaskCodec codec)
{
    /// <summary>Reads an answer.</summary>
    /// <param name="answer">The generated tokens, end token excluded.</param>
    /// <param name="width">The picture's width in pixels.</param>
    /// <param name="height">The picture's height in pixels.</param>
    /// <param name="convention">How bins map to coordinates.</param>
    /// <param name="warnings">Receives what was left out.</param>
    public List<Segment> Parse(ReadOnlySpan<SampledToken> answer, int width, int height, LocationConvention convention, List<string> warnings)
    {
        var segments = new List<Segment>();
        int next = Run(answer, id => !tokens.IsLocation(id));
        tokens.ReportStray(answer[..next], "before the first box", warnings);
        while (next < answer.Length)
        {
            ReadOnlySpan<SampledToken> box = answer.Slice(next, Run(answer[next..], tokens.IsLocation));
            next += box.Length;
            ReadOnlySpan<SampledToken> codes = answer.Slice(next, Run(answer[next..], tokens.IsSegmentation));
            next += codes.Length;
            ReadOnlySpan<SampledToken> text = answer.Slice(next, Run(answer[next..], id => !tokens.IsLocation(id)));
            next += text.Length;
            if (ToSegment(box, codes, text, new Frame(width, height, convention), warnings) is { } segment)
                segments.Add(segment);
        }

        return segments;
    }

    private Segment? ToSegment(
        ReadOnlySpan<SampledToken> box, ReadOnlySpan<SampledToken> codes, ReadOnlySpan<SampledToken> text, Frame frame, List<string> warnings)
    {
        int labelLength = tokens.LabelLength(text);
        string label = tokens.LabelText(text);
        tokens.ReportStray(text[Math.Min(labelLength + 1, text.Length)..], "after a separator", warnings);
        if (box.Length != ObjectTokens.LocationsPerObject || codes.Length != MaskCodec.CodesPerMask || Run(text, id => !tokens.IsSegmentation(id)) < text.Length)
        {
            warnings.Add(
                $"An object needs {ObjectTokens.LocationsPerObject} location tokens and {MaskCodec.CodesPerMask} segmentation tokens right behind them; "
                + $"{box.Length} and {codes.Length} were found before '{label}', or there are more after it.");
            return null;
        }

        int[] bins = [.. box.ToArray().Select(token => tokens.Bin(token.Id))];
        if (bins[2] <= bins[0] || bins[3] <= bins[1])
        {
            warnings.Add($"The box y {bins[0]}–{bins[2]}, x {bins[1]}–{bins[3]} of '{label}' is empty or inverted.");
            return null;
        }

        PixelBox pixels = LocationGrid.ToPixels(bins[0], bins[1], bins[2], bins[3], frame.Width, frame.Height, frame.Convention);
        if (pixels.IsEmpty)
            warnings.Add($"The box of '{label}' is smaller than a pixel, so its mask is empty.");
        int[] codeNumbers = [.. codes.ToArray().Select(token => tokens.Code(token.Id))];
        ReadOnlySpan<SampledToken> labelTokens = text[..labelLength];
        double sum = ObjectTokens.LogProbability(box) + ObjectTokens.LogProbability(codes) + ObjectTokens.LogProbability(labelTokens);
        return new Segment(
            LocationGrid.ToBox(bins[0], bins[1], bins[2], bins[3], frame.Width, frame.Height, frame.Convention),
            label,
            MaskPasting.Paste(codec.Decode(codeNumbers), pixels, frame.Width, frame.Height),
            (float)Math.Exp(sum / (box.Length + codes.Length + labelLength)),
            ObjectTokens.Score(box),
            ObjectTokens.Score(codes),
            ObjectTokens.Score(labelTokens))
        {
            Codes = codeNumbers,
            Pixels = pixels,
        };
    }

    private static int Run(ReadOnlySpan<SampledToken> answer, Predicate<int> isIn)
    {
        int length = 0;
        while (length < answer.Length && isIn(answer[length].Id))
            length++;
        return length;
    }

    private readonly record struct Frame(int Width, int Height, LocationConvention Convention);
}
