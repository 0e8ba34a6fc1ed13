using System.Text;
using PaliSharp.Tokenization;

namespace PaliSharp.Generation;

/// <summary>Turns tokens into text as they come: whole characters only, ending before the first stop string.</summary>
/// <remarks>Unless somebody listens or a stop string may occur, nothing is decoded before the end, so that a decode loop allocates nothing.</remarks>
/// <param name="tokenizer">Knows the text of tokens.</param>
/// <param name="stopStrings">What ends the text.</param>
/// <param name="isStreamed">Whether pieces are wanted as they come.</param>
internal sealed class GeneratedText(Tokenizer tokenizer, IReadOnlyList<string> stopStrings, bool isStreamed)
{
    private readonly StreamingDecoder _decoder = tokenizer.CreateStreamingDecoder();
    private readonly StopStringMatcher _matcher = new(stopStrings);
    private readonly StringBuilder _text = new();
    private readonly List<int> _pending = new(256);
    private readonly bool _isImmediate = isStreamed || stopStrings.Count > 0;

    /// <summary>Whether a stop string has occurred.</summary>
    public bool IsStopped => _matcher.IsStopped;

    /// <summary>Takes a token.</summary>
    /// <returns>The text that became certain.</returns>
    public string Push(int id)
    {
        if (!_isImmediate)
        {
            _pending.Add(id);
            return string.Empty;
        }

        return Emit(_decoder.Push(id));
    }

    /// <summary>Ends the text.</summary>
    /// <returns>What was held back.</returns>
    public string Finish()
    {
        foreach (int id in _pending)
            Emit(_decoder.Push(id));
        _pending.Clear();
        string last = Emit(_decoder.Flush());
        string held = _matcher.Finish();
        _text.Append(held);
        return last + held;
    }

    /// <summary>All text so far.</summary>
    public override string ToString() => _text.ToString();

    private string Emit(string piece)
    {
        if (piece.Length == 0)
            return piece;
        string certain = _matcher.Push(piece);
        _text.Append(certain);
        return certain;
    }
}
