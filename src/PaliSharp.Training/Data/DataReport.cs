using System.Globalization;
using System.Text;

namespace PaliSharp.Training.Data;

/// <summary>What was skipped of some data, and why. An item that is met again in the next pass counts once.</summary>
public sealed class DataReport
{
    /// <summary>The most messages that are kept.</summary>
    public const int MaximumMessages = 20;

    private readonly SortedDictionary<BadItemKind, long> _skipped = [];
    private readonly List<string> _messages = [];

    /// <summary>The items skipped, by reason.</summary>
    public IReadOnlyDictionary<BadItemKind, long> Skipped => _skipped;

    /// <summary>All items skipped.</summary>
    public long TotalSkipped => _skipped.Values.Sum();

    /// <summary>What was wrong with the first of them.</summary>
    public IReadOnlyList<string> Messages => _messages;

    /// <summary>The counts and the first messages, one a line; empty if nothing was skipped.</summary>
    public override string ToString()
    {
        if (_skipped.Count == 0)
            return string.Empty;
        var text = new StringBuilder();
        string counts = string.Join(", ", _skipped.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Value} {Words(pair.Key)}")));
        text.Append(CultureInfo.InvariantCulture, $"skipped {TotalSkipped}: {counts}");
        foreach (string message in _messages)
            text.Append("\n  ").Append(message);
        if (TotalSkipped > _messages.Count)
            text.Append("\n  …");
        return text.ToString();
    }

    /// <summary>Counts an item.</summary>
    internal void Add(BadItemKind kind, string message)
    {
        _skipped[kind] = _skipped.GetValueOrDefault(kind) + 1;
        if (_messages.Count < MaximumMessages)
            _messages.Add(message);
    }

    /// <summary>Takes over what another report counts.</summary>
    internal void Add(DataReport other)
    {
        foreach ((BadItemKind kind, long count) in other._skipped)
            _skipped[kind] = _skipped.GetValueOrDefault(kind) + count;
        _messages.AddRange(other._messages.Take(MaximumMessages - _messages.Count));
    }

    private static string Words(BadItemKind kind) => kind switch
    {
        BadItemKind.Malformed => "malformed",
        BadItemKind.ColumnMismatch => "with other columns",
        BadItemKind.MissingPicture => "without their picture",
        BadItemKind.BrokenPicture => "with a broken picture",
        BadItemKind.BoxOutside => "with a box outside",
        BadItemKind.EmptySuffix => "without a suffix",
        _ => "too long",
    };
}
