using System.Globalization;

namespace PaliSharp.Tasks;

/// <summary>One piece of an answer as the public demo reads it: an object, or text that belongs to none.</summary>
/// <param name="Content">The text of the piece. The pieces of an answer joined are the answer.</param>
/// <param name="Label">The object's label, trailing spaces included; null without one, and for text.</param>
/// <param name="Bins">The numbers of the four location tokens, 0 to 9999: y min, x min, y max, x max. Null for text.</param>
/// <param name="Codes">The numbers of the 16 segmentation tokens, 0 to 999; null without them, and for text.</param>
/// <param name="Box">
/// The pixels: bin/1024 of the side, rounded half to even; inverted and out of the picture where the bins are. Null for text.
/// </param>
public sealed record DemoPiece(string Content, string? Label, IReadOnlyList<int>? Bins, IReadOnlyList<int>? Codes, PixelBox? Box)
{
    /// <summary>Whether it is an object rather than text.</summary>
    public bool IsObject => Bins is not null;
}

/// <summary>
/// Reads answers as the public demo of PaliGemma does, from text and leniently: four location tokens in a row make an object, whatever stands
/// before; neither bins nor codes are checked. Linear in the length of the text; any string is accepted.
/// </summary>
public static class PublicDemoParser
{
    private const string LocationStart = "<loc";
    private const string SegmentationStart = "<seg";
    private const int LocationDigits = 4;
    private const int SegmentationDigits = 3;
    private const int LocationsPerObject = 4;
    private const int CodesPerObject = 16;

    /// <summary>Reads an answer.</summary>
    /// <param name="text">What the model wrote.</param>
    /// <param name="width">The picture's width in pixels.</param>
    /// <param name="height">The picture's height in pixels.</param>
    /// <param name="uniqueLabels">Appends <c>'</c> to a label that has occurred until it is new; no label counts as the empty one.</param>
    /// <returns>Objects and the text between them, in order.</returns>
    public static IReadOnlyList<DemoPiece> Parse(string text, int width, int height, bool uniqueLabels = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        var pieces = new List<DemoPiece>();
        LabelSet? labels = uniqueLabels ? new LabelSet() : null;
        int position = 0;
        int newline = -1;
        while (FindObject(text, position, ref newline) is { } start)
        {
            if (start > position)
                pieces.Add(Text(text[position..start]));
            position = start;
            int[] bins = TryReadNumbers(text, ref position, LocationStart, LocationDigits, LocationsPerObject)!;
            SkipSpace(text, ref position);
            int[]? codes = TryReadNumbers(text, ref position, SegmentationStart, SegmentationDigits, CodesPerObject);
            SkipSpace(text, ref position);
            string? label = ReadLabel(text, ref position);
            if (text.AsSpan(position).StartsWith("; "))
                position += 2;
            pieces.Add(new DemoPiece(
                text[start..position],
                labels is null ? label : labels.Add(label),
                bins,
                codes,
                LocationGrid.ToPixels(bins[0], bins[1], bins[2], bins[3], width, height, LocationConvention.PublicDemo)));
        }

        if (position < text.Length)
            pieces.Add(Text(text[position..]));
        return pieces;
    }

    private static DemoPiece Text(string content) => new(content, null, null, null, null);

    /// <summary>The next four location tokens in a row; null if there are none, or a newline comes before them.</summary>
    /// <param name="text">The answer.</param>
    /// <param name="from">Where to begin.</param>
    /// <param name="newline">The newline found last, kept from call to call so that a long answer is searched for newlines once.</param>
    private static int? FindObject(string text, int from, ref int newline)
    {
        if (newline < from)
        {
            newline = text.IndexOf('\n', from);
            if (newline < 0)
                newline = text.Length;
        }

        int limit = newline;
        for (int start = from; start < limit; start++)
        {
            int found = text.AsSpan(start, limit - start).IndexOf(LocationStart);
            if (found < 0)
                return null;
            start += found;
            int end = start;
            if (TryReadNumbers(text, ref end, LocationStart, LocationDigits, LocationsPerObject) is not null)
                return start;
        }

        return null;
    }

    /// <summary>Reads tokens such as <c>&lt;loc0100&gt;</c> standing in a row; if there are not enough, the position stays.</summary>
    private static int[]? TryReadNumbers(string text, ref int position, string start, int digits, int count)
    {
        int length = start.Length + digits + 1;
        if (text.Length - position < count * length)
            return null;
        var numbers = new int[count];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<char> token = text.AsSpan(position + (i * length), length);
            ReadOnlySpan<char> number = token.Slice(start.Length, digits);
            if (!token.StartsWith(start, StringComparison.Ordinal) || token[^1] != '>' || number.ContainsAnyExceptInRange('0', '9'))
                return null;
            numbers[i] = int.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture);
        }

        position += count * length;
        return numbers;
    }

    private static void SkipSpace(string text, ref int position)
    {
        while (position < text.Length && IsSpace(text[position]))
            position++;
    }

    // The demo is written in Python, which counts the four separators of ASCII as space, too.
    private static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001C' and <= '\u001F';

    private static string? ReadLabel(string text, ref int position)
    {
        int length = text.AsSpan(position).IndexOfAny(';', '<', '>');
        if (length < 0)
            length = text.Length - position;
        string label = text.Substring(position, length);
        position += length;
        return length == 0 ? null : label;
    }

    private sealed class LabelSet
    {
        private readonly HashSet<string> _used = new(StringComparer.Ordinal);
        private readonly Dictionary<string, int> _marks = new(StringComparer.Ordinal);
        private bool _hasNone;

        public string? Add(string? label)
        {
            if (label is null && !_hasNone)
            {
                _hasNone = true;
                return null;
            }

            string stem = label ?? string.Empty;

            // What was taken stays taken, so the search goes on where it ended last time.
            int marks = _marks.GetValueOrDefault(stem, label is null ? 1 : 0);
            string name = stem + new string('\'', marks);
            while (!_used.Add(name))
                name = stem + new string('\'', ++marks);
            _marks[stem] = marks + 1;
            return name;
        }
    }
}
