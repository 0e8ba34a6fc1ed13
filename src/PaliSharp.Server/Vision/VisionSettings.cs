using PaliSharp.Generation;
using PaliSharp.Server.Errors;
using PaliSharp.Tasks;

namespace PaliSharp.Server.Vision;

/// <summary>Reads how a vision request is to be answered.</summary>
internal static class VisionSettings
{
    /// <summary>How the model answers.</summary>
    /// <param name="request">The request.</param>
    /// <param name="defaultTokens">The most tokens unless the request says otherwise.</param>
    /// <param name="limits">The bounds.</param>
    /// <exception cref="ApiException">A value is out of range, or two exclude each other.</exception>
    public static GenerationOptions Generation(VisionRequest request, int defaultTokens, ServerLimits limits)
    {
        int tokens = request.MaxTokens ?? Math.Min(defaultTokens, limits.AnswerTokens);
        Require(tokens >= 1 && tokens <= limits.AnswerTokens, "max_tokens", $"max_tokens is {tokens}; this server takes 1 to {limits.AnswerTokens}.");
        double temperature = request.Temperature ?? (request.TopK is > 0 || request.TopP is < 1 ? 1 : 0);
        Require(temperature is 0 or (>= 1e-6 and <= 100), "temperature", $"temperature is {temperature}; expected 0, or 0.000001 to 100.");
        Require(request.TopK is null or >= 0, "top_k", $"top_k is {request.TopK}; expected 0 (off) or more.");
        Require(request.TopP is null or (>= 0 and <= 1), "top_p", $"top_p is {request.TopP}; expected 0 to 1.");
        Require(request.Beams is null or (>= 1 and <= BeamOptions.MaxBeams), "beams", $"beams is {request.Beams}; expected 1 to {BeamOptions.MaxBeams}.");
        Require(request.Beams is null || temperature == 0, "beams", "beams cannot be combined with temperature, top_k or top_p.");
        return new GenerationOptions
        {
            MaxNewTokens = tokens,
            Sampling = new SamplingOptions { Temperature = temperature, TopK = request.TopK ?? 0, TopP = request.TopP ?? 1, Seed = request.Seed },
            Beam = request.Beams is { } beams ? new BeamOptions { Beams = beams } : null,
        };
    }

    /// <summary>How things are detected.</summary>
    /// <exception cref="ApiException">A value is out of range, or two exclude each other.</exception>
    public static DetectionOptions Detection(VisionRequest request)
    {
        Require(request.MaxOverlap is null or (>= 0 and <= 1), "max_overlap", $"max_overlap is {request.MaxOverlap}; expected 0 to 1.");
        Require(request.AcrossLabels != true || request.MaxOverlap is not null, "across_labels", "across_labels needs max_overlap.");
        Require(request.StopRepeats != true || request.Beams is null, "stop_repeats", "stop_repeats cannot be combined with beams.");
        return new DetectionOptions
        {
            Convention = Convention(request),
            Constrain = request.Constrain == true,
            OnePromptPerPhrase = request.OneByOne == true,
            MaxOverlap = request.MaxOverlap,
            AcrossLabels = request.AcrossLabels == true,
            SnapLabels = request.SnapLabels == true,
            StopAtRepeatedBoxes = request.StopRepeats == true,
        };
    }

    /// <summary>How answers to segmentation are read.</summary>
    public static SegmentationOptions Segmentation(VisionRequest request) => new() { Convention = Convention(request), Constrain = request.Constrain == true };

    /// <summary>What labels are compared by.</summary>
    /// <exception cref="ApiException">There is no such scoring.</exception>
    public static LabelScoring Scoring(VisionRequest request) => request.Scoring switch
    {
        null or "sum" => LabelScoring.Sum,
        "mean" => LabelScoring.Mean,
        "prior" => LabelScoring.PriorCorrected,
        var other => throw ApiException.InvalidValue("scoring", $"There is no scoring '{Shown.Text(other)}'. Expected sum, mean or prior."),
    };

    /// <summary>A field that a task cannot do without.</summary>
    /// <exception cref="ApiException">It is missing.</exception>
    public static T Needed<T>(T? value, string param, string example)
        where T : class =>
        value ?? throw ApiException.BadRequest("missing_parameter", $"'{param}' is missing. Send it, for example {example}.", param);

    private static LocationConvention Convention(VisionRequest request) =>
        request.PublicDemoGrid == true ? LocationConvention.PublicDemo : LocationConvention.Training;

    private static void Require(bool holds, string param, string message)
    {
        if (!holds)
            throw ApiException.InvalidValue(param, message);
    }
}
