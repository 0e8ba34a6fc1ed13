using PaliSharp.Imaging;
using PaliSharp.Tasks;

namespace PaliSharp.Results;

/// <summary>Describes any typed result in JSON.</summary>
public static class ResultLines
{
    /// <summary>Describes the result of a task about one picture.</summary>
    /// <param name="name">The picture's name.</param>
    /// <param name="image">The picture.</param>
    /// <param name="result">The result.</param>
    /// <exception cref="ArgumentException">There is no shape for such a result.</exception>
    public static ResultLine Of(string name, Image image, ITaskResult result) => result switch
    {
        OcrResult text => OcrLine.Of(name, text),
        RegionCaptionResult region => RegionLine.Of(name, image, region),
        TableResult table => TableLine.Of(name, table),
        MoleculeResult molecule => MoleculeLine.Of(name, molecule),
        MusicResult music => MusicLine.Of(name, music),
        JsonResult json => JsonValueLine.Of(name, null, json),
        TextResult text => TextLine.Of(name, null, text),
        DetectionResult detection => DetectionLine.Of(name, detection),
        SegmentationResult segmentation => SegmentationLine.Of(name, segmentation, null),
        TextDetectionResult text => TextDetectionLine.Of(name, text),
        ChoiceResult choice => ChoiceLine.Of(name, choice),
        _ => throw new ArgumentException($"There is no shape for a {result?.GetType().Name}.", nameof(result)),
    };
}
