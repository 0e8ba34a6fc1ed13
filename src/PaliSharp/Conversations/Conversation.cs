using System.Text.RegularExpressions;

namespace PaliSharp.Conversations;

/// <summary>
/// Makes a question of a conversation. The model has had no chat training: it sees pictures, then one prompt. So the message of the user is the
/// prompt as it stands; a system message may hold the task the prompt begins with; earlier turns are refused, or left out with a warning.
/// </summary>
public static partial class Conversation
{
    private const string HistoryWarning = "The model cannot see earlier turns: only the last message was answered.";
    private const string PictureWarning = "The last message has no picture; the latest one before it was used.";

    /// <summary>Makes a question.</summary>
    /// <param name="turns">The messages, the oldest first.</param>
    /// <param name="history">What becomes of earlier turns.</param>
    /// <typeparam name="TPicture">A picture, or what stands for one.</typeparam>
    /// <exception cref="ConversationException">The model cannot be asked that.</exception>
    public static Question<TPicture> Ask<TPicture>(IReadOnlyList<Turn<TPicture>> turns, ConversationHistory history = ConversationHistory.Refuse)
    {
        ArgumentNullException.ThrowIfNull(turns);
        string[] task = [.. turns.Select(TaskOf).Where(text => text.Length > 0)];
        (Turn<TPicture> last, IReadOnlyList<string> warnings) = Choose([.. turns.Where(turn => turn.Role != TurnRole.System)], history);
        string prompt = string.Join(' ', (string[])[.. task, .. last.Text.Length > 0 ? (string[])[last.Text] : []]);
        return prompt.Length > 0
            ? new Question<TPicture>(prompt, last.Pictures, warnings)
            : throw new ConversationException(
                ConversationProblem.NothingAsked, null, "There is no text in the last message. Say what to do with the picture, for example 'caption en'.");
    }

    // The words of a system message stand before the prompt, where the model was trained to see its task; anything else it cannot follow.
    private static string TaskOf<TPicture>(Turn<TPicture> turn, int index)
    {
        if (turn.Role != TurnRole.System)
            return string.Empty;
        string text = turn.Text.Trim();
        return text.Length == 0 || TaskWords().IsMatch(text)
            ? text
            : throw new ConversationException(
                ConversationProblem.Instructions,
                index,
                "The model has not been trained to follow instructions, so it cannot heed this system message. Leave it out, or send the task the prompt is to "
                    + "begin with, such as 'answer en', 'caption en', 'describe en', 'ocr', 'detect' or 'segment'.");
    }

    private static (Turn<TPicture> Turn, IReadOnlyList<string> Warnings) Choose<TPicture>(List<Turn<TPicture>> turns, ConversationHistory history)
    {
        if (turns.Count == 0)
            throw new ConversationException(ConversationProblem.NothingAsked, null, "There is no message of the user. Send one with the prompt and the picture.");
        Turn<TPicture> last = turns[^1];
        if (last.Role != TurnRole.User)
        {
            throw new ConversationException(
                ConversationProblem.Continuation, null, "The last message is not the user's, and the model cannot go on with an answer of its own. End with a message of the user.");
        }

        if (turns.Count == 1)
            return (last, []);

        // Pictures sent ahead of the prompt are one turn with it.
        if (turns.TrueForAll(turn => turn.Role == TurnRole.User) && turns[..^1].TrueForAll(turn => turn.Text.Length == 0))
            return (last with { Pictures = [.. turns.SelectMany(turn => turn.Pictures)] }, []);
        if (history == ConversationHistory.Refuse)
        {
            throw new ConversationException(
                ConversationProblem.EarlierTurns,
                null,
                "The model answers single questions and cannot take earlier turns into account. Send one message of the user with the prompt and its picture, "
                    + "or have the last message answered alone by choosing that for conversations with a history.");
        }

        var warnings = new List<string> { HistoryWarning };
        if (last.Pictures.Count > 0 || turns.FindLast(turn => turn.Role == TurnRole.User && turn.Pictures.Count > 0) is not { } earlier)
            return (last, warnings);
        warnings.Add(PictureWarning);
        return (last with { Pictures = earlier.Pictures }, warnings);
    }

    [GeneratedRegex(
        @"^(?:(?:answer|caption|cap|describe|question)(?: [a-z]{2,3}(?:-[A-Za-z]{2,4})?)|ocr|detect|segment)$",
        RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex TaskWords();
}
