using Microsoft.Extensions.Options;

namespace PaliSharp.Extensions.AI;

/// <summary>Refuses options that make no sense, all of them in one message.</summary>
internal sealed class PaliSharpOptionsValidator : IValidateOptions<PaliSharpOptions>
{
    private const int MaximumThreads = 1024;
    private const int MaximumBatch = 1024;

    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, PaliSharpOptions options)
    {
        var problems = new List<string>();
        Check(options.Threads is >= 0 and <= MaximumThreads, $"Threads is {options.Threads}; expected 0 to {MaximumThreads}.");
        Check(options.MaxBatch is >= 1 and <= MaximumBatch, $"MaxBatch is {options.MaxBatch}; expected 1 to {MaximumBatch}.");
        Check(options.MaxQueuedRequests >= 1, $"MaxQueuedRequests is {options.MaxQueuedRequests}; expected at least 1.");
        Check(options.DefaultMaxTokens >= 1, $"DefaultMaxTokens is {options.DefaultMaxTokens}; expected at least 1.");
        Check(
            Enum.IsDefined(options.Weights),
            $"Weights is {options.Weights}; expected one of {string.Join(", ", Enum.GetNames<Checkpoints.WeightStorage>())}.");
        Check(
            Enum.IsDefined(options.History),
            $"History is {options.History}; expected one of {string.Join(", ", Enum.GetNames<Conversations.ConversationHistory>())}.");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);

        void Check(bool holds, string problem)
        {
            if (!holds)
                problems.Add(problem);
        }
    }
}
