namespace PaliSharp.Conversations;

/// <summary>Why a conversation cannot be given to the model.</summary>
public enum ConversationProblem
{
    /// <summary>There is no message of the user, or its text is empty.</summary>
    NothingAsked,

    /// <summary>A system message holds something other than the task a prompt begins with.</summary>
    Instructions,

    /// <summary>The last message is not the user's.</summary>
    Continuation,

    /// <summary>There are earlier turns.</summary>
    EarlierTurns,
}

/// <summary>A conversation cannot be given to the model, which answers single questions.</summary>
/// <param name="problem">Why.</param>
/// <param name="turn">The place of the message that is the reason, from 0; null if it is not one alone.</param>
/// <param name="message">What was found, what was expected and what to do.</param>
public sealed class ConversationException(ConversationProblem problem, int? turn, string message) : PromptException(message)
{
    /// <summary>Why it cannot be given to the model.</summary>
    public ConversationProblem Problem { get; } = problem;

    /// <summary>The place of the message that is the reason, from 0; null if it is not one alone.</summary>
    public int? Turn { get; } = turn;
}
