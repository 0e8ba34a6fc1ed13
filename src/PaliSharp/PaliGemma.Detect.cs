using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Tasks;

namespace PaliSharp;

/// <content>Detection with options.</content>
public sealed partial class PaliGemma
{
    private static readonly GenerationOptions DetectionDefaults = new() { MaxNewTokens = 256 };

    /// <summary>Finds things in a picture.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="phrases">What to look for, free descriptions.</param>
    /// <param name="detection">Grammar, de-duplication and the like.</param>
    /// <param name="options">How to answer; null for greedy decoding of up to 256 tokens.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>Boxes in pixels of the oriented original, with labels and scores.</returns>
    /// <exception cref="PromptException">There is nothing to look for, or the model has no location tokens.</exception>
    public async Task<DetectionResult> DetectAsync(
        Image image,
        IReadOnlyList<string> phrases,
        DetectionOptions detection,
        GenerationOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        IReadOnlyList<DetectionResult> results = await DetectBatchAsync([image], phrases, detection, options, cancellationToken);
        return results[0];
    }

    /// <summary>Finds the same things in several pictures, computed together.</summary>
    /// <param name="images">The pictures.</param>
    /// <param name="phrases">What to look for, free descriptions.</param>
    /// <param name="detection">Grammar, de-duplication and the like.</param>
    /// <param name="options">How to answer; null for greedy decoding of up to 256 tokens.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>One result for each picture, in order.</returns>
    /// <exception cref="PromptException">There is nothing to look for, or the model has no location tokens.</exception>
    /// <exception cref="ArgumentException">An option is out of range, or a grammar of its own is given beside <see cref="DetectionOptions.Constrain"/>.</exception>
    public async Task<IReadOnlyList<DetectionResult>> DetectBatchAsync(
        IReadOnlyList<Image> images,
        IReadOnlyList<string> phrases,
        DetectionOptions detection,
        GenerationOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(detection);
        detection.Validate();
        _ = TaskPrompts.Detect(phrases);
        string[][] prompts = detection.OnePromptPerPhrase ? [.. phrases.Select(phrase => (string[])[phrase])] : [[.. phrases]];
        GenerationOptions[] perPrompt = [.. prompts.Select(asked => Prepare(options ?? DetectionDefaults, asked, detection))];
        IReadOnlyList<GenerationResult> answers = await GenerateBatchAsync(
            [.. images.SelectMany(image => prompts.Select((asked, i) => new GenerationRequest(image, TaskPrompts.Detect(asked), perPrompt[i])))], cancellationToken);
        return [.. images.Select((image, i) => Join(image, [.. answers.Skip(i * prompts.Length).Take(prompts.Length)], perPrompt, phrases, detection))];
    }

    private GenerationOptions Prepare(GenerationOptions options, string[] phrases, DetectionOptions detection)
    {
        if (detection.Constrain)
            options = Constrain(options, phrases, hasMasks: false);
        return detection.StopAtRepeatedBoxes ? options with { StopWhen = new RepeatedBoxes(RequireObjectTokens()).IsEndless } : options;
    }

    /// <summary>Adds the grammar of so many objects as surely fit the limit on tokens.</summary>
    private GenerationOptions Constrain(GenerationOptions options, IReadOnlyList<string> phrases, bool hasMasks)
    {
        if (options.Constraint is not null)
            throw new ArgumentException("A grammar is given in the options, but the one of the task was asked for, too. Use one of them.", nameof(options));
        Tokenization.Tokenizer tokenizer = Tokenizer ?? throw new PromptException($"The checkpoint '{Path}' has no tokenizer, so there is no grammar for its answers.");
        int tokens = TokenConstraints.Objects(tokenizer, phrases, 1, hasMasks).TokensPerObject;
        if (options.MaxNewTokens < tokens)
            throw new PromptException($"The answer may have {options.MaxNewTokens} tokens, but one object takes up to {tokens}. Raise the limit on tokens.");
        int objects = Math.Min(options.MaxNewTokens / tokens, TokenConstraints.MaximumObjects);
        return options with { Constraint = TokenConstraints.Objects(tokenizer, phrases, objects, hasMasks).Grammar };
    }

    private DetectionResult Join(
        Image image, GenerationResult[] answers, GenerationOptions[] options, IReadOnlyList<string> phrases, DetectionOptions detection)
    {
        DetectionResult[] results = [.. answers.Select((answer, i) => Read(image, answer, options[i].Constraint as ObjectGrammar, detection))];
        IReadOnlyList<Detection> detections = [.. results.SelectMany(result => result.Detections)];
        if (detection.SnapLabels)
            detections = [.. detections.Select(found => Snap(found, phrases))];
        if (detection.MaxOverlap is { } maxOverlap)
            detections = BoxSuppression.Apply(detections, maxOverlap, detection.AcrossLabels);
        return results[0] with
        {
            Detections = detections,
            MayBeIncomplete = results.Any(result => result.MayBeIncomplete),
            Generation = answers[0],
            Warnings = [.. results.SelectMany(result => result.Warnings)],
            Generations = answers,
        };
    }

    private DetectionResult Read(Image image, GenerationResult answer, ObjectGrammar? grammar, DetectionOptions detection)
    {
        // What was stopped at a repeated box ends in that box, without its label.
        GenerationResult complete = detection.StopAtRepeatedBoxes && answer.FinishReason == FinishReason.StopCondition
            ? answer with { Tokens = [.. answer.Tokens.Take(answer.Tokens.Count - ObjectTokens.LocationsPerObject)] }
            : answer;
        DetectionResult result = ReadDetections(image, complete, detection.Convention);
        return result with { MayBeIncomplete = result.MayBeIncomplete || result.Detections.Count >= grammar?.MaxObjects };
    }

    private static Detection Snap(Detection found, IReadOnlyList<string> phrases)
    {
        (string phrase, int distance) = LabelSnapping.Nearest(found.Label, phrases);
        return found with { Label = phrase, WrittenLabel = found.Label, LabelDistance = distance };
    }
}
