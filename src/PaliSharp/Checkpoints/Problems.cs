using System.Text;

namespace PaliSharp.Checkpoints;

/// <summary>Collects what is wrong and words it as one message of bounded length.</summary>
internal sealed class Problems
{
    private const int Shown = 20;
    private readonly List<(string Title, List<string> Items)> _kinds = [];

    /// <summary>Whether nothing was collected.</summary>
    public bool IsEmpty => _kinds.Count == 0;

    /// <summary>Each kind of problem as one paragraph.</summary>
    public IEnumerable<string> Paragraphs => _kinds.Select(kind => Word(kind.Title, kind.Items));

    /// <summary>Adds one item to the list under a title.</summary>
    /// <param name="title">What the items of the list have in common, such as <c>missing</c>.</param>
    /// <param name="item">The item.</param>
    public void Add(string title, string item)
    {
        int index = _kinds.FindIndex(kind => kind.Title == title);
        if (index < 0)
        {
            _kinds.Add((title, []));
            index = _kinds.Count - 1;
        }

        _kinds[index].Items.Add(item);
    }

    /// <summary>Throws if something was collected.</summary>
    /// <param name="introduction">What does not fit what; ends without punctuation.</param>
    /// <param name="advice">What to do about it, as a sentence.</param>
    /// <exception cref="CheckpointException">Something was collected.</exception>
    public void ThrowIfAny(string introduction, string advice)
    {
        if (IsEmpty)
            return;
        throw new CheckpointException($"{introduction}:{Environment.NewLine}{string.Join(Environment.NewLine, Paragraphs)}{Environment.NewLine}{advice}");
    }

    /// <summary>Cuts text from a file to a length that fits a message and replaces control characters.</summary>
    /// <param name="text">Any text.</param>
    public static string Shorten(string text)
    {
        const int Limit = 120;
        var result = new StringBuilder();
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, Limit)))
            result.Append(char.IsControl(c) ? '\uFFFD' : c);
        return text.Length > Limit ? result.Append('…').ToString() : result.ToString();
    }

    private static string Word(string title, List<string> items)
    {
        var text = new StringBuilder($"- {title} ({items.Count}): ");
        text.AppendJoin("; ", items.Take(Shown));
        if (items.Count > Shown)
            text.Append($"; and {items.Count - Shown} more");
        return text.ToString();
    }
}
