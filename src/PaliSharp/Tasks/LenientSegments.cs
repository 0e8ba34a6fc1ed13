using PaliSharp.Generation;
using PaliSharp.Segmentation;

namespace PaliSharp.Tasks;

/// <summary>Makes segments of what <see cref="PublicDemoParser"/> reads.</summary>
internal static class LenientSegments
{
    /// <summary>Reads an answer. Text has no probabilities of its own, so every score is the whole answer's.</summary>
    /// <param name="answer">What the model wrote.</param>
    /// <param name="width">The picture's width in pixels.</param>
    /// <param name="height">The picture's height in pixels.</param>
    /// <param name="codec">Makes masks of codes.</param>
    /// <param name="warnings">Receives what was left out.</param>
    public static List<Segment> Read(GenerationResult answer, int width, int height, MaskCodec codec, List<string> warnings)
    {
        float score = ObjectTokens.Score([.. answer.Tokens]);
        var segments = new List<Segment>();
        foreach (DemoPiece piece in PublicDemoParser.Parse(answer.Text, width, height))
        {
            if (!piece.IsObject)
                warnings.Add($"The text '{piece.Content}' belongs to no object.");
            else if (Problem(piece, width, height) is { } problem)
                warnings.Add($"'{piece.Content}' {problem}.");
            else
                segments.Add(ToSegment(piece, width, height, codec, score));
        }

        return segments;
    }

    private static string? Problem(DemoPiece piece, int width, int height) => (piece.Codes, piece.Box!.Value) switch
    {
        (null, _) => "has no mask",
        ({ } codes, _) when codes.Any(code => code >= MaskCodec.CodebookSize) => $"has a code above {MaskCodec.CodebookSize - 1}",
        (_, { IsEmpty: true }) => "has a box without pixels",
        (_, { } box) when box.X2 > width || box.Y2 > height => "has a box that leaves the picture",
        _ => null,
    };

    private static Segment ToSegment(DemoPiece piece, int width, int height, MaskCodec codec, float score)
    {
        IReadOnlyList<int> bins = piece.Bins!;
        PixelBox pixels = piece.Box!.Value;
        return new Segment(
            LocationGrid.ToBox(bins[0], bins[1], bins[2], bins[3], width, height, LocationConvention.PublicDemo),
            piece.Label?.Trim() ?? string.Empty,
            MaskPasting.Paste(codec.Decode([.. piece.Codes!]), pixels, width, height),
            score,
            score,
            score,
            score)
        {
            Codes = piece.Codes!,
            Pixels = pixels,
        };
    }
}
