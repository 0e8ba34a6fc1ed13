namespace PaliSharp.Server.OpenAI;

/// <summary>What becomes of a conversation with earlier turns. The model was trained on single questions; it cannot take earlier turns into account.</summary>
public enum ConversationHistory
{
    /// <summary>The request is refused with an explanation.</summary>
    Refuse,

    /// <summary>
    /// The last message of the user is answered, about its own pictures or, if it has none, about the latest ones before it. The answer carries
    /// a warning that earlier turns were not seen.
    /// </summary>
    LastMessage,
}
