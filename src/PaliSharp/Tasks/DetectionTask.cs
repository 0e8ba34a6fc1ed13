using PaliSharp.Generation;
using PaliSharp.Imaging;

namespace PaliSharp.Tasks;

/// <summary>Finds things in a picture.</summary>
/// <param name="Phrases">What to look for, free descriptions; at least one.</param>
public sealed record DetectionTask(IReadOnlyList<string> Phrases) : VisionTask<DetectionResult>
{
    private const int DefaultTokens = 256;

    /// <summary>Grammar, de-duplication, tiles and the like.</summary>
    public DetectionOptions Detection { get; init; } = new();

    internal override TaskPlan Plan(PaliGemma model, IReadOnlyList<Image> images)
    {
        Image image = Single(images);
        Detection.Validate();
        _ = TaskPrompts.Detect(Phrases);
        ObjectTokens tokens = ObjectTokens.Of(model);
        string[][] prompts = Detection.OnePromptPerPhrase ? [.. Phrases.Select(phrase => (string[])[phrase])] : [[.. Phrases]];
        GenerationOptions[] options = [.. prompts.Select(asked => Prepare(OptionsOr(DefaultTokens), asked, model, tokens))];
        IReadOnlyList<Tile> tiles = Tiling.Cut(image, Detection.Tiling, model.Config.Vision.ImageSize);
        return new TaskPlan(
            [.. tiles.SelectMany(tile => prompts.Select((asked, i) => new GenerationRequest(tile.Image, TaskPrompts.Detect(asked), options[i])))],
            answers => Read(image, tiles, options, answers, tokens));
    }

    private GenerationOptions Prepare(GenerationOptions options, string[] phrases, PaliGemma model, ObjectTokens tokens)
    {
        if (Detection.Constrain)
            options = ObjectConstraint.Add(options, phrases, hasMasks: false, model);
        return Detection.StopAtRepeatedBoxes ? options with { StopWhen = new RepeatedBoxes(tokens).IsEndless } : options;
    }

    private DetectionResult Read(
        Image image, IReadOnlyList<Tile> tiles, GenerationOptions[] options, IReadOnlyList<GenerationResult> answers, ObjectTokens tokens)
    {
        var found = new List<(Detection Found, bool IsCut)>();
        var warnings = new List<string>();
        bool mayBeIncomplete = false;
        for (int i = 0; i < answers.Count; i++)
        {
            Tile tile = tiles[i / options.Length];
            DetectionResult result = DetectionReader.Read(tokens, tile.Image, Complete(answers[i]), Detection.Convention);
            foreach (Detection detection in result.Detections)
                found.Add((Tiling.ToWhole(Detection.SnapLabels ? Snap(detection) : detection, tile), !tile.IsWhole && Tiling.IsCut(detection, tile, image)));
            int? most = (options[i % options.Length].Constraint as ObjectGrammar)?.MaxObjects;
            mayBeIncomplete |= result.MayBeIncomplete || result.Detections.Count >= most;
            warnings.AddRange(tiles.Count == 1
                ? result.Warnings
                : result.Warnings.Select(warning => $"In the tile at ({tile.Left}, {tile.Top}): {warning}"));
        }

        IReadOnlyList<Detection> detections = tiles.Count == 1
            ? [.. found.Select(item => item.Found)]
            : Tiling.Join(found, Detection.Tiling!.MergeOverlap);
        if (Detection.MaxOverlap is { } maxOverlap)
            detections = BoxSuppression.Apply(detections, maxOverlap, Detection.AcrossLabels);
        return new DetectionResult
        {
            Detections = detections,
            Width = image.Width,
            Height = image.Height,
            OrientationApplied = DetectionReader.IsTurned(image),
            MayBeIncomplete = mayBeIncomplete,
            Warnings = warnings,
            Generation = answers[0],
            Generations = answers,
            Tiles = tiles.Count,
        };
    }

    // What was stopped at a repeated box ends in that box, without its label.
    private GenerationResult Complete(GenerationResult answer) => Detection.StopAtRepeatedBoxes && answer.FinishReason == FinishReason.StopCondition
        ? answer with { Tokens = [.. answer.Tokens.Take(answer.Tokens.Count - ObjectTokens.LocationsPerObject)] }
        : answer;

    private Detection Snap(Detection found)
    {
        (string phrase, int distance) = LabelSnapping.Nearest(found.Label, Phrases);
        return found with { Label = phrase, WrittenLabel = found.Label, LabelDistance = distance };
    }
}

/// <summary>Reads answers to detection prompts.</summary>
internal static class DetectionReader
{
    /// <summary>Reads one answer.</summary>
    public static DetectionResult Read(ObjectTokens tokens, Image image, GenerationResult answer, LocationConvention convention)
    {
        var warnings = new List<string>();
        List<Detection> detections = new DetectionParser(tokens).Parse([.. answer.Tokens], image.Width, image.Height, convention, warnings);
        TaskFinish.ReportCut(answer, "objects", warnings);
        return new DetectionResult
        {
            Detections = detections,
            Width = image.Width,
            Height = image.Height,
            OrientationApplied = IsTurned(image),
            MayBeIncomplete = answer.FinishReason != FinishReason.Stop,
            Warnings = warnings,
            Generation = answer,
        };
    }

    /// <summary>Whether the file's orientation turned or mirrored a picture.</summary>
    public static bool IsTurned(Image image) => image.Metadata is { OrientationApplied: true, Orientation: not 1 };
}

/// <summary>Adds the grammar of so many objects as surely fit the limit on tokens.</summary>
internal static class ObjectConstraint
{
    /// <summary>Adds it.</summary>
    /// <exception cref="ArgumentException">There is a grammar already.</exception>
    /// <exception cref="PromptException">Not one object fits, or the model has no tokenizer.</exception>
    public static GenerationOptions Add(GenerationOptions options, IReadOnlyList<string> phrases, bool hasMasks, PaliGemma model)
    {
        Tokenization.Tokenizer tokenizer = TextPlans.RequireTokenizer(model);
        int tokens = TokenConstraints.Objects(tokenizer, phrases, 1, hasMasks).TokensPerObject;
        if (options.MaxNewTokens < tokens)
            throw new PromptException($"The answer may have {options.MaxNewTokens} tokens, but one object takes up to {tokens}. Raise the limit on tokens.");
        int objects = Math.Min(options.MaxNewTokens / tokens, TokenConstraints.MaximumObjects);
        return TextPlans.Constrain(options, TokenConstraints.Objects(tokenizer, phrases, objects, hasMasks).Grammar);
    }
}
