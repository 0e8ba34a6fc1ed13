using System.Globalization;

namespace PaliSharp.Tasks;

/// <summary>
/// Reads music written as <c>**kern</c> (Humdrum): spines with their interpretations, splits, joins, exchanges and ends, bar lines, notes,
/// chords and rests, and when each begins. Any string is accepted, in linear time; what does not fit is left out and reported.
/// </summary>
public static class KernParser
{
    /// <summary>The most columns of a line; splits beyond are not followed.</summary>
    public const int MaximumColumns = 128;

    /// <summary>Reads a text.</summary>
    /// <param name="text">The text, such as a model's answer.</param>
    public static ParsedKern Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var warnings = new WarningLog();
        var reader = new Reader(warnings);
        int number = 0;
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
            reader.Add(line.ToString(), ++number);
        KernScore score = reader.Finish();
        return new ParsedKern(score, warnings.ToList());
    }

    private sealed class Reader(WarningLog warnings)
    {
        private readonly List<(string Type, List<string> Interpretations)> _spines = [];
        private readonly List<KernMeasure> _measures = [];
        private readonly List<string> _comments = [];
        private List<KernEvent> _events = [];
        private List<Column> _columns = [];
        private string? _measureNumber;
        private int _measureLine = 1;
        private NoteValue _measureStart = NoteValue.Zero;
        private NoteValue _latest = NoteValue.Zero;
        private NoteValue? _meter;
        private bool _isTimed = true;
        private bool _hasBegun;
        private int _line;

        public void Add(string line, int number)
        {
            _line = number;
            if (line.Length == 0)
                return;
            if (line.StartsWith("!!", StringComparison.Ordinal))
            {
                _comments.Add(line);
                return;
            }

            string[] tokens = line.Split('\t');
            if (!_hasBegun)
                Begin(tokens);
            if (_columns.Count == 0)
            {
                warnings.Add($"Line {_line} stands behind the end of all spines.");
                return;
            }

            if (tokens.Length != _columns.Count)
                warnings.Add($"Line {_line} has {tokens.Length} columns, but there are {_columns.Count} spines.");
            if (tokens[0].StartsWith('*'))
                Interpret(tokens);
            else if (tokens[0].StartsWith('='))
                EndMeasure(tokens[0]);
            else if (!tokens[0].StartsWith('!'))
                AddData(tokens);
        }

        public KernScore Finish()
        {
            if (_hasBegun && _columns.Count > 0)
                warnings.Add("The text ends before its spines do (there is no line of '*-').");
            if (!_hasBegun)
                warnings.Add("There is no music in the text.");
            CloseMeasure(isLast: true);
            return new KernScore
            {
                Spines = [.. _spines.Select(spine => new KernSpine(spine.Type, spine.Interpretations))],
                Measures = _measures,
                Comments = _comments,
            };
        }

        private void Begin(string[] tokens)
        {
            _hasBegun = true;
            if (!tokens[0].StartsWith("**", StringComparison.Ordinal))
                warnings.Add($"Line {_line} does not begin the spines with '**kern'; it was taken for granted.");
            if (tokens.Length > MaximumColumns)
                warnings.Add($"Line {_line} has {tokens.Length} spines; the first {MaximumColumns} are read.");
            foreach (string token in tokens.Take(MaximumColumns))
                _columns.Add(NewSpine(token.StartsWith("**", StringComparison.Ordinal) ? string.Empty : "kern", NoteValue.Zero));
        }

        private Column NewSpine(string type, NoteValue time)
        {
            _spines.Add((type, []));
            return new Column(_spines.Count - 1, time);
        }

        private void Interpret(string[] tokens)
        {
            var next = new List<Column>();
            for (int i = 0; i < _columns.Count; i++)
            {
                string token = i < tokens.Length ? tokens[i] : "*";
                Column column = _columns[i];
                switch (token)
                {
                    case "*-":
                        break;
                    case "*^" when _columns.Count + next.Count - i >= MaximumColumns:
                        warnings.Add($"Line {_line} splits spines beyond {MaximumColumns}; the split was not followed.");
                        next.Add(column);
                        break;
                    case "*^":
                        next.AddRange([column, column]);
                        break;
                    case "*+" when _columns.Count + next.Count - i < MaximumColumns:
                        next.AddRange([column, NewSpine(string.Empty, column.Time)]);
                        break;
                    case "*v":
                        i = Join(tokens, i, next);
                        break;
                    case "*x":
                        i = Exchange(tokens, i, next);
                        break;
                    default:
                        Note(column, token);
                        next.Add(column);
                        break;
                }
            }

            _columns = next;
        }

        private int Join(string[] tokens, int first, List<Column> next)
        {
            int last = first;
            while (last + 1 < Math.Min(_columns.Count, tokens.Length) && tokens[last + 1] == "*v")
                last++;
            if (last == first)
                warnings.Add($"Line {_line} joins a spine with no other.");
            Column joined = _columns[first];
            for (int i = first + 1; i <= last; i++)
            {
                if (NoteValue.Compare(_columns[i].Time, joined.Time) > 0)
                    joined = joined with { Time = _columns[i].Time };
            }

            next.Add(joined);
            return last;
        }

        private int Exchange(string[] tokens, int first, List<Column> next)
        {
            if (first + 1 < Math.Min(_columns.Count, tokens.Length) && tokens[first + 1] == "*x")
            {
                next.AddRange([_columns[first + 1], _columns[first]]);
                return first + 1;
            }

            warnings.Add($"Line {_line} exchanges a spine with no other.");
            next.Add(_columns[first]);
            return first;
        }

        private void Note(Column column, string token)
        {
            (string type, List<string> interpretations) = _spines[column.Spine];
            if (token.StartsWith("**", StringComparison.Ordinal))
            {
                if (type.Length > 0 && type != token[2..])
                    warnings.Add($"Line {_line} changes a spine from **{Shorten(type)} to {Shorten(token)}.");
                _spines[column.Spine] = (token[2..], interpretations);
            }
            else if (token.StartsWith('*'))
            {
                if (token.Length > 1)
                    interpretations.Add(token);
                if (Meter(token) is { } meter)
                    _meter = meter;
            }
            else
            {
                warnings.Add($"'{Shorten(token)}' in line {_line} stands among interpretations, but is none.");
            }
        }

        /// <summary>How long a measure is by <c>*M3/4</c>.</summary>
        private static NoteValue? Meter(string token)
        {
            if (!token.StartsWith("*M", StringComparison.Ordinal) || token.IndexOf('/', StringComparison.Ordinal) is not (> 2 and int slash))
                return null;
            return int.TryParse(token.AsSpan(2, slash - 2), NumberStyles.None, CultureInfo.InvariantCulture, out int beats)
                && int.TryParse(token.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int unit)
                && beats is > 0 and < 1000
                && unit is > 0 and < 1000
                ? NoteValue.Of(beats, unit)
                : null;
        }

        private void AddData(string[] tokens)
        {
            // A line stands at one moment: where the notes written in it begin.
            NoteValue? onset = null;
            for (int i = 0; i < Math.Min(tokens.Length, _columns.Count); i++)
            {
                if (tokens[i] == "." || tokens[i].StartsWith('!') || !IsKern(_columns[i]))
                    continue;
                if (tokens[i].Length == 0)
                {
                    warnings.Add($"Column {i + 1} of line {_line} is empty; '.' was taken.");
                    continue;
                }

                AddEvent(i, tokens[i], ref onset);
            }
        }

        private void AddEvent(int column, string token, ref NoteValue? onset)
        {
            var notes = new List<KernNote>();
            foreach (string part in token.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                if (KernToken.Read(part, out string? problem) is { } note)
                    notes.Add(note);
                if (problem is not null)
                    warnings.Add($"In line {_line} {Shorten(problem)}.");
            }

            if (notes.Count == 0)
                return;
            NoteValue begin = _columns[column].Time;
            if (_isTimed && onset is { } other && NoteValue.Compare(other, begin) != 0)
            {
                warnings.Add($"The notes of line {_line} do not begin together: one voice is at {other}, another at {begin} whole notes.");
                if (NoteValue.Compare(other, begin) > 0)
                    begin = other;
            }

            onset = begin;
            _events.Add(new KernEvent(_columns[column].Spine, column, _isTimed ? begin : null, _line, notes));
            NoteValue? length = notes.Where(note => !note.IsGrace).Select(note => note.Duration).FirstOrDefault(duration => duration is not null);
            if (!_isTimed || length is null)
                return;
            if (NoteValue.Add(begin, length.Value) is { } end)
            {
                _columns[column] = _columns[column] with { Time = end };
                if (NoteValue.Compare(end, _latest) > 0)
                    _latest = end;
            }
            else
            {
                _isTimed = false;
                warnings.Add($"From line {_line} on the times are not followed: the note values have no common measure.");
            }
        }

        private bool IsKern(Column column) => _spines[column.Spine].Type is "kern" or "ekern" or "";

        private void EndMeasure(string token)
        {
            CloseMeasure(isLast: false);
            string number = new([.. token.SkipWhile(c => c == '=').TakeWhile(char.IsAsciiLetterOrDigit)]);
            _measureNumber = number.Length == 0 ? null : number;
            _measureLine = _line;
        }

        private void CloseMeasure(bool isLast)
        {
            NoteValue? length = _isTimed ? NoteValue.Add(_latest, new NoteValue(-_measureStart.Numerator, _measureStart.Denominator)) : null;
            if (_events.Count > 0)
            {
                // The first measure may be an upbeat, and the last one what is missing from it.
                if (!isLast && _measures.Count > 0 && length is { } found && _meter is { } meter && NoteValue.Compare(found, meter) > 0)
                    warnings.Add($"The measure of line {_measureLine} lasts {found} whole notes; its metre has {meter}.");
                _measures.Add(new KernMeasure(_measureNumber, _measureLine, length, _events));
            }

            _events = [];
            _measureStart = _latest;
        }

        private static string Shorten(string text) => Checkpoints.Problems.Shorten(text);

        private readonly record struct Column(int Spine, NoteValue Time);
    }
}
