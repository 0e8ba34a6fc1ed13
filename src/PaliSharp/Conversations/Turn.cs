namespace PaliSharp.Conversations;

/// <summary>Who speaks in a conversation.</summary>
public enum TurnRole
{
    /// <summary>Whoever set the conversation up.</summary>
    System,

    /// <summary>The person who asks.</summary>
    User,

    /// <summary>The model.</summary>
    Assistant,
}

/// <summary>A message of a conversation.</summary>
/// <param name="Role">Who speaks.</param>
/// <param name="Text">What is said; may be empty.</param>
/// <param name="Pictures">What is shown, in order; may be empty.</param>
/// <typeparam name="TPicture">A picture, or what stands for one.</typeparam>
public sealed record Turn<TPicture>(TurnRole Role, string Text, IReadOnlyList<TPicture> Pictures);

/// <summary>What the model is asked: a prompt about pictures.</summary>
/// <param name="Prompt">The text the model sees; not empty.</param>
/// <param name="Pictures">The pictures, in order; all of them stand before the text.</param>
/// <param name="Warnings">What of the conversation the model does not see, one sentence each.</param>
/// <typeparam name="TPicture">A picture, or what stands for one.</typeparam>
public sealed record Question<TPicture>(string Prompt, IReadOnlyList<TPicture> Pictures, IReadOnlyList<string> Warnings);

/// <summary>What becomes of a conversation with earlier turns. The model was trained on single questions; it cannot take earlier turns into account.</summary>
public enum ConversationHistory
{
    /// <summary>It is refused with an explanation.</summary>
    Refuse,

    /// <summary>
    /// The last message of the user is answered, about its own pictures or, if it has none, about the latest ones before it. The question carries
    /// warnings that say what was not seen.
    /// </summary>
    LastMessage,
}
