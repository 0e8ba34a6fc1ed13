using System.Globalization;

namespace PaliSharp.Tasks;

/// <summary>Reads a note or rest of <c>**kern</c>: duration, pitch, accidentals, ties; other marks are accepted as they are.</summary>
internal static class KernToken
{
    private const int MaximumDigits = 4;
    private const int MaximumLetters = 6;
    private const int MaximumDots = 6;

    // Slurs, phrases, beams, stems, articulations, ornaments, editorial marks.
    private const string Marks = "(){}LJkK/\\'`~^\"svuzWwmMtTSO$R;,:!?&@<>oHhIiNjlVXxYyZ|1234567890.%pP*+";

    /// <summary>Reads one note.</summary>
    /// <param name="text">The note: no blanks.</param>
    /// <param name="problem">What is wrong with it; null if nothing is.</param>
    public static KernNote? Read(string text, out string? problem)
    {
        problem = null;
        NoteValue? duration = null;
        KernPitch? pitch = null;
        bool isRest = false;
        bool isGrace = false;
        KernTie tie = KernTie.None;
        int position = 0;
        while (position < text.Length)
        {
            char c = text[position];
            if (char.IsAsciiDigit(c) && duration is null)
            {
                duration = ReadDuration(text, ref position);
                if (duration is null)
                    problem = $"the duration of '{text}' is not one";
            }
            else if (c is (>= 'a' and <= 'g') or (>= 'A' and <= 'G') && pitch is null && !isRest)
            {
                pitch = ReadPitch(text, ref position);
                if (pitch is null)
                {
                    problem = $"the pitch of '{text}' is not one";
                    return null;
                }
            }
            else
            {
                position++;
                isRest |= c == 'r';
                isGrace |= c is 'q' or 'Q';
                tie = c switch
                {
                    '[' => KernTie.Start,
                    ']' => KernTie.End,
                    '_' => KernTie.Continue,
                    _ => tie,
                };
                if (c is not ('r' or 'q' or 'Q' or '[' or ']' or '_' or '#' or '-' or 'n') && !Marks.Contains(c, StringComparison.Ordinal))
                    problem ??= $"the mark '{Checkpoints.Problems.Shorten(c.ToString())}' of '{text}' is unknown";
            }
        }

        if (pitch is null && !isRest)
        {
            problem = $"'{text}' is neither a note nor a rest";
            return null;
        }

        // A rest may carry the place where it is drawn as a pitch.
        if (duration is null && !isGrace)
            problem ??= $"'{text}' has no duration";
        return new KernNote(text, isRest ? null : pitch, duration, isGrace, tie);
    }

    /// <summary>Reads <c>4</c>, <c>8.</c>, <c>0</c> (two whole notes), <c>3%2</c> (two thirds of a whole note).</summary>
    private static NoteValue? ReadDuration(string text, ref int position)
    {
        int start = position;
        long divisor = ReadNumber(text, ref position, out int digits);
        long factor = 1;
        if (divisor == 0 && text.AsSpan(start, digits).IndexOfAnyExcept('0') < 0)
        {
            factor = 1L << Math.Min(digits, 3);
            divisor = 1;
        }
        else if (position < text.Length && text[position] == '%')
        {
            position++;
            factor = ReadNumber(text, ref position, out int more);
            digits = Math.Max(digits, more == 0 ? MaximumDigits + 1 : more);
        }

        int dots = 0;
        for (; position < text.Length && text[position] == '.'; position++)
            dots++;
        if (digits > MaximumDigits || dots > MaximumDots || divisor == 0 || factor == 0)
            return null;

        // Each dot adds half of what was added before it.
        return NoteValue.Of((Int128)factor * ((1 << (dots + 1)) - 1), (Int128)divisor << dots);
    }

    private static long ReadNumber(string text, ref int position, out int digits)
    {
        int start = position;
        while (position < text.Length && char.IsAsciiDigit(text[position]))
            position++;
        digits = position - start;
        return digits is 0 or > MaximumDigits ? 0 : long.Parse(text.AsSpan(start, digits), NumberStyles.None, CultureInfo.InvariantCulture);
    }

    /// <summary>Reads a letter repeated for the octave (<c>c</c> is middle C, <c>cc</c> an octave above, <c>C</c> below), and accidentals.</summary>
    private static KernPitch? ReadPitch(string text, ref int position)
    {
        char letter = text[position];
        int count = 0;
        for (; position < text.Length && text[position] == letter; position++)
            count++;
        int alteration = 0;
        char accidental = position < text.Length ? text[position] : '\0';
        if (accidental is '#' or '-' or 'n')
        {
            int accidentals = 0;
            for (; position < text.Length && text[position] == accidental; position++)
                accidentals++;
            alteration = accidental switch
            {
                '#' => accidentals,
                '-' => -accidentals,
                _ => 0,
            };
            if (accidentals > 3)
                return null;
        }

        bool isLow = char.IsAsciiLetterUpper(letter);
        return count > MaximumLetters ? null : new KernPitch(char.ToUpperInvariant(letter), alteration, isLow ? 4 - count : 3 + count);
    }
}
