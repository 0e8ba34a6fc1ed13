using PaliSharp.Generation;
using PaliSharp.Imaging;

namespace PaliSharp.Tasks;

/// <summary>
/// Something to be done with pictures, as data: <see cref="CaptionTask"/>, <see cref="DetectionTask"/> and the like. A task is given to
/// <see cref="PaliGemma.RunAsync{TResult}(Image, VisionTask{TResult}, CancellationToken)"/> alone, or with others and other pictures in one batch.
/// </summary>
public abstract record VisionTask
{
    /// <summary>How to answer; null for the task's default, greedy decoding with a limit that suits it.</summary>
    public GenerationOptions? Options { get; init; }

    /// <summary>What the model is asked, and how its answers are read.</summary>
    /// <param name="model">The model that will be asked.</param>
    /// <param name="images">The pictures.</param>
    /// <exception cref="PromptException">The task is not possible with this model, these pictures or these words.</exception>
    internal abstract TaskPlan Plan(PaliGemma model, IReadOnlyList<Image> images);

    /// <summary>The options, or greedy decoding of up to so many tokens.</summary>
    private protected GenerationOptions OptionsOr(int maxNewTokens) => Options ?? new GenerationOptions { MaxNewTokens = maxNewTokens };

    /// <summary>The only picture.</summary>
    private protected static Image Single(IReadOnlyList<Image> images) => images.Count == 1
        ? images[0]
        : throw new PromptException($"This task is about one picture, but {images.Count} were given. Give one, or ask for each apart.");
}

/// <summary>A task with a result of a certain type.</summary>
/// <typeparam name="TResult">The result.</typeparam>
public abstract record VisionTask<TResult> : VisionTask
    where TResult : ITaskResult
{
    /// <summary>A plan of one prompt.</summary>
    private protected static TaskPlan Ask(GenerationRequest request, Func<GenerationResult, TResult> read) => new([request], answers => read(answers[0]));
}

/// <summary>What a task asks, and how the answers are read.</summary>
/// <param name="Requests">The prompts, at least one.</param>
/// <param name="Read">Makes the result of the answers, given in the order of the prompts.</param>
internal sealed record TaskPlan(IReadOnlyList<GenerationRequest> Requests, Func<IReadOnlyList<GenerationResult>, ITaskResult> Read);
