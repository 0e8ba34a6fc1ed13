using PaliSharp.Generation;

namespace PaliSharp.Tasks;

/// <summary>What all typed results tell: why the model stopped, what did not parse, and what it wrote.</summary>
public interface ITaskResult
{
    /// <summary>
    /// Why the model stopped writing. <see cref="FinishReason.Length"/> means that the answer was cut: it is never a success. Of several answers
    /// the worst counts.
    /// </summary>
    FinishReason FinishReason { get; }

    /// <summary>What in the answer did not parse, was left out or may be missing, one sentence each.</summary>
    IReadOnlyList<string> Warnings { get; }

    /// <summary>What the model wrote, prompt by prompt.</summary>
    IReadOnlyList<GenerationResult> Generations { get; }
}

/// <summary>What results do alike.</summary>
internal static class TaskFinish
{
    private static readonly FinishReason[] WorstFirst = [FinishReason.Length, FinishReason.Repetition, FinishReason.StopCondition];

    /// <summary>The worst reason of several answers.</summary>
    public static FinishReason Worst(IReadOnlyList<GenerationResult> answers)
    {
        foreach (FinishReason reason in WorstFirst)
        {
            if (answers.Any(answer => answer.FinishReason == reason))
                return reason;
        }

        return answers[0].FinishReason;
    }

    /// <summary>Says that an answer was cut, if it was.</summary>
    /// <param name="answer">What the model wrote.</param>
    /// <param name="what">What may be missing, such as <c>text</c>.</param>
    /// <param name="warnings">Receives the warning.</param>
    public static void ReportCut(GenerationResult answer, string what, List<string> warnings)
    {
        if (answer.FinishReason is FinishReason.Repetition or FinishReason.StopCondition)
            warnings.Add($"The answer repeated itself, or a condition was met, and it was stopped; {what} may be missing.");
        if (answer.FinishReason == FinishReason.Length)
            warnings.Add($"The answer was cut at {answer.Tokens.Count} tokens; {what} may be missing. Raise the limit on tokens.");
    }
}
