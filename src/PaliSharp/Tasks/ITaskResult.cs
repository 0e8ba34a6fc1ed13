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
    /// <summary>The worst reason of several answers.</summary>
    public static FinishReason Worst(IReadOnlyList<GenerationResult> answers)
    {
        if (answers.Any(answer => answer.FinishReason == FinishReason.Length))
            return FinishReason.Length;
        return answers.Any(answer => answer.FinishReason == FinishReason.StopCondition) ? FinishReason.StopCondition : answers[0].FinishReason;
    }

    /// <summary>Says that an answer was cut, if it was.</summary>
    /// <param name="answer">What the model wrote.</param>
    /// <param name="what">What may be missing, such as <c>text</c>.</param>
    /// <param name="warnings">Receives the warning.</param>
    public static void ReportCut(GenerationResult answer, string what, List<string> warnings)
    {
        if (answer.FinishReason == FinishReason.StopCondition)
            warnings.Add($"The answer repeated itself and was stopped; {what} may be missing.");
        if (answer.FinishReason == FinishReason.Length)
            warnings.Add($"The answer was cut at {answer.Tokens.Count} tokens; {what} may be missing. Raise the limit on tokens.");
    }
}
