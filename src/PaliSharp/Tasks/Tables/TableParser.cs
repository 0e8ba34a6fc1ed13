using System.Globalization;
using System.Text;

namespace PaliSharp.Tasks;

/// <summary>The tables of a text, and what in it was odd.</summary>
/// <param name="Tables">The tables, in order.</param>
/// <param name="Warnings">What was repaired or left out, one sentence each.</param>
public sealed record ParsedTables(IReadOnlyList<Table> Tables, IReadOnlyList<string> Warnings);

/// <summary>
/// Reads tables from the HTML that models write, tolerantly: what is missing is added, what fits nowhere is left out, and both are reported.
/// Any string is accepted, in time linear in its length and in the size of the tables; spans and sizes are bounded.
/// </summary>
public static class TableParser
{
    /// <summary>The most columns of a table; cells beyond are left out.</summary>
    public const int MaximumColumns = 1000;

    /// <summary>The most slots (rows × columns) of a table; rows beyond are left out.</summary>
    public const int MaximumSlots = 1_000_000;

    private const string CoordinatesAttribute = "coords";

    /// <summary>Reads all tables of a text.</summary>
    /// <param name="html">The text, such as a model's answer.</param>
    public static ParsedTables Parse(string html) => Parse(html, null);

    /// <summary>Reads all tables of a text.</summary>
    /// <param name="html">The text.</param>
    /// <param name="toBox">Makes a box of a cell's four location bins, in the order written; null leaves boxes out.</param>
    internal static ParsedTables Parse(string html, Func<IReadOnlyList<int>, BoundingBox?>? toBox)
    {
        ArgumentNullException.ThrowIfNull(html);
        var warnings = new WarningLog();
        var builder = new Builder(warnings, toBox);
        var tokenizer = new HtmlTokenizer(html);
        while (tokenizer.TryRead(out HtmlToken token))
            builder.Add(token);
        if (tokenizer.IsCut)
            warnings.Add("The text ends inside a tag.");
        return new ParsedTables(builder.Finish(), warnings.ToList());
    }

    /// <summary>The bins of four location tokens, if a text consists of them.</summary>
    private static int[]? Bins(string text)
    {
        const int TokenLength = 9; // <loc0000>
        if (text.Length != TokenLength * 4)
            return null;
        int[] bins = new int[4];
        for (int i = 0; i < bins.Length; i++)
        {
            ReadOnlySpan<char> token = text.AsSpan(i * TokenLength, TokenLength);
            if (!token.StartsWith("<loc", StringComparison.Ordinal)
                || token[^1] != '>'
                || !int.TryParse(token[4..^1], NumberStyles.None, CultureInfo.InvariantCulture, out bins[i])
                || bins[i] >= LocationGrid.Bins)
            {
                return null;
            }
        }

        return bins;
    }

    private sealed class Builder(WarningLog warnings, Func<IReadOnlyList<int>, BoundingBox?>? toBox)
    {
        private readonly List<Table> _tables = [];
        private readonly StringBuilder _text = new();
        private readonly StringBuilder _caption = new();
        private List<RowGroup>? _groups;
        private List<RawCell>? _row;
        private RawCell? _cell;
        private bool _inCaption;
        private int _nested;

        public void Add(HtmlToken token)
        {
            switch (token.Kind)
            {
                case HtmlTokenKind.Text:
                    AddText(token.Text);
                    break;
                case HtmlTokenKind.StartTag:
                    Open(token);
                    break;
                default:
                    Close(token.Text);
                    break;
            }
        }

        public List<Table> Finish()
        {
            if (_groups is not null || _row is not null)
            {
                warnings.Add("The text ends inside a table.");
                EndTable();
            }

            return _tables;
        }

        private void AddText(string text)
        {
            if (_cell is not null)
                _text.Append(text);
            else if (_inCaption)
                _caption.Append(text);
            else if (!string.IsNullOrWhiteSpace(text))
                warnings.Add($"The text '{Checkpoints.Problems.Shorten(text.Trim())}' stands outside of cells.");
        }

        private void Open(HtmlToken tag)
        {
            switch (tag.Text)
            {
                case "table" when _groups is not null:
                    warnings.Add("A table stands inside a table; its text is taken, its cells are not.");
                    _nested++;
                    break;
                case "table":
                    _groups = [];
                    break;
                case "thead" or "tbody" or "tfoot" or "tr" or "td" or "th" when _nested > 0:
                    AddSpace(' ');
                    break;
                case "thead" or "tbody" or "tfoot":
                    EndRow();
                    Groups("a row group").Add(new RowGroup(IsHead: tag.Text == "thead"));
                    break;
                case "tr":
                    EndRow();
                    _row = [];
                    break;
                case "td" or "th":
                    EndCell();
                    if (_row is null)
                    {
                        warnings.Add("A cell stands outside of rows; a row was begun for it.");
                        _row = [];
                    }

                    _cell = ToCell(tag);
                    break;
                case "caption":
                    EndCell();
                    _inCaption = true;
                    break;
                case "br":
                    AddSpace('\n');
                    break;
                case "p" or "div" or "li" or "ul" or "ol":
                    AddSpace(' ');
                    break;
                case "b" or "i" or "u" or "s" or "em" or "strong" or "sub" or "sup" or "span" or "small" or "a" or "font" or "code"
                    or "html" or "head" or "body" or "col" or "colgroup" or "img":
                    break;
                default:
                    warnings.Add($"The tag <{Checkpoints.Problems.Shorten(tag.Text)}> was ignored.");
                    break;
            }
        }

        private void Close(string name)
        {
            switch (name)
            {
                case "table" when _nested > 0:
                    _nested--;
                    break;
                case "table" when _groups is not null || _row is not null:
                    EndTable();
                    break;
                case "table":
                    warnings.Add("A table is ended that was not begun.");
                    break;
                case "thead" or "tbody" or "tfoot" or "tr" or "td" or "th" when _nested > 0:
                    break;
                case "thead" or "tbody" or "tfoot":
                    EndRow();
                    _groups?.Add(new RowGroup(IsHead: false));
                    break;
                case "tr":
                    EndRow();
                    break;
                case "td" or "th":
                    EndCell();
                    break;
                case "caption":
                    _inCaption = false;
                    break;
                default:
                    break;
            }
        }

        private void AddSpace(char space)
        {
            if (_cell is not null)
                _text.Append(space == '\n' ? '\u2028' : space); // marks a break until white space has been joined
        }

        private List<RowGroup> Groups(string what)
        {
            if (_groups is null)
                warnings.Add($"There is {what} without a table; one was begun for it.");
            return _groups ??= [];
        }

        private RawCell ToCell(HtmlToken tag)
        {
            int[]? bins = null;
            if (tag.Attributes?.TryGetValue(CoordinatesAttribute, out string? coordinates) == true)
            {
                bins = Bins(coordinates);
                if (bins is null)
                    warnings.Add($"The coordinates '{Checkpoints.Problems.Shorten(coordinates)}' of a cell are not four location tokens.");
            }

            return new RawCell(tag.Text == "th", Span(tag, "rowspan", least: 0), Span(tag, "colspan", least: 1), bins is null ? null : toBox?.Invoke(bins));
        }

        private int Span(HtmlToken tag, string name, int least)
        {
            if (tag.Attributes?.TryGetValue(name, out string? text) != true)
                return 1;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int span) && span >= least && span <= ushort.MaxValue)
                return span;
            warnings.Add($"The {name} '{Checkpoints.Problems.Shorten(text!)}' is not a number of {least} to {ushort.MaxValue}; 1 was taken.");
            return 1;
        }

        private void EndCell()
        {
            if (_cell is { } cell)
                _row!.Add(cell with { Text = Joined(_text) });
            _cell = null;
            _text.Clear();
        }

        private void EndRow()
        {
            EndCell();
            if (_row is null)
                return;
            List<RowGroup> groups = Groups("a row");
            if (groups.Count == 0)
                groups.Add(new RowGroup(IsHead: false));
            groups[^1].Rows.Add(_row);
            _row = null;
        }

        private void EndTable()
        {
            EndRow();
            _tables.Add(TableLayout.Lay(_groups!, Joined(_caption) is { Length: > 0 } caption ? caption : null, warnings));
            _groups = null;
            _inCaption = false;
            _caption.Clear();
            _nested = 0;
        }

        /// <summary>The text with runs of white space as one space, and none around line breaks.</summary>
        private static string Joined(StringBuilder text) => string.Join(
            '\n',
            text.ToString().Split('\u2028').Select(line => string.Join(' ', Cleaned(line).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)))).Trim('\n');

        /// <summary>The text without halves of characters and control characters other than white space.</summary>
        private static string Cleaned(string line)
        {
            var cleaned = new StringBuilder(line.Length);
            foreach (Rune rune in line.EnumerateRunes())
                cleaned.Append(Rune.IsControl(rune) && !Rune.IsWhiteSpace(rune) ? Rune.ReplacementChar : rune);
            return cleaned.ToString();
        }
    }
}

/// <summary>The rows of a head, body or foot.</summary>
/// <param name="IsHead">Whether it is the head.</param>
internal sealed record RowGroup(bool IsHead)
{
    public List<List<RawCell>> Rows { get; } = [];
}

/// <summary>A cell as it is written.</summary>
/// <param name="IsHeader">Whether it is <c>th</c>.</param>
/// <param name="RowSpan">The rows it covers; 0 for all that are left in its group.</param>
/// <param name="ColumnSpan">The columns it covers.</param>
/// <param name="Box">Where it is.</param>
internal sealed record RawCell(bool IsHeader, int RowSpan, int ColumnSpan, BoundingBox? Box)
{
    public string Text { get; init; } = string.Empty;
}
