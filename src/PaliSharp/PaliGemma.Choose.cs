using PaliSharp.Imaging;
using PaliSharp.Tasks;

namespace PaliSharp;

/// <content>Multiple-choice questions.</content>
public sealed partial class PaliGemma
{
    /// <summary>
    /// Answers a multiple-choice question by how likely the model finds each option as its answer: all are scored, and one is always chosen.
    /// To have the model write its answer instead, give the <see cref="ChoiceTask"/> to <see cref="RunAsync{TResult}(Image, VisionTask{TResult}, CancellationToken)"/>.
    /// </summary>
    /// <param name="image">The picture.</param>
    /// <param name="task">Question, options and how they are written.</param>
    /// <param name="scoring">What options are compared by; null for the sum of log-probabilities.</param>
    /// <param name="cancellationToken">Stops between passes.</param>
    /// <exception cref="PromptException">The question or an option cannot be written, or does not fit the model's context.</exception>
    public async Task<ChoiceResult> ChooseAsync(
        Image image, ChoiceTask task, ClassificationOptions? scoring = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(task);
        string prompt = task.ToPrompt();
        ClassificationResult ranked = await ClassifyAsync(image, task.ToAnswers(), prompt, scoring, cancellationToken);
        return new ChoiceResult
        {
            Index = ranked.Best.Index,
            Option = task.Choices[ranked.Best.Index],
            Prompt = prompt,
            Scores = [.. ranked.Labels.Select(label => label with { Label = task.Choices[label.Index] })],
            Score = ranked.Best.Probability,
            Warnings = [],
            Generations = [],
        };
    }
}
