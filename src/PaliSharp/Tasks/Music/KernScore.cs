namespace PaliSharp.Tasks;

/// <summary>A length or a moment in whole notes, as an exact fraction in lowest terms.</summary>
/// <param name="Numerator">The numerator.</param>
/// <param name="Denominator">The denominator, at least 1.</param>
public readonly record struct NoteValue(long Numerator, long Denominator)
{
    /// <summary>No time.</summary>
    public static NoteValue Zero { get; } = new(0, 1);

    /// <summary>In whole notes.</summary>
    public double Value => (double)Numerator / Denominator;

    /// <summary>The fraction as text.</summary>
    public override string ToString() => Denominator == 1 ? $"{Numerator}" : $"{Numerator}/{Denominator}";

    /// <summary>Makes a fraction in lowest terms.</summary>
    /// <exception cref="OverflowException">It does not fit.</exception>
    internal static NoteValue Of(Int128 numerator, Int128 denominator)
    {
        Int128 a = Int128.Abs(numerator);
        Int128 b = denominator;
        while (b != 0)
            (a, b) = (b, a % b);
        Int128 divisor = a == 0 ? 1 : a;
        return new NoteValue(checked((long)(numerator / divisor)), checked((long)(denominator / divisor)));
    }

    /// <summary>The sum; null if it does not fit.</summary>
    internal static NoteValue? Add(NoteValue left, NoteValue right)
    {
        Int128 numerator = ((Int128)left.Numerator * right.Denominator) + ((Int128)right.Numerator * left.Denominator);
        Int128 denominator = (Int128)left.Denominator * right.Denominator;
        try
        {
            return Of(numerator, denominator);
        }
        catch (OverflowException)
        {
            return null; // only made-up note values have such denominators
        }
    }

    /// <summary>Which of two comes first.</summary>
    internal static int Compare(NoteValue left, NoteValue right) =>
        ((Int128)left.Numerator * right.Denominator).CompareTo((Int128)right.Numerator * left.Denominator);
}

/// <summary>A pitch.</summary>
/// <param name="Step">The letter C, D, E, F, G, A or B.</param>
/// <param name="Alteration">Semitones up (sharps) or down (flats).</param>
/// <param name="Octave">The octave; 4 begins with middle C.</param>
public readonly record struct KernPitch(char Step, int Alteration, int Octave);

/// <summary>How a note is tied.</summary>
public enum KernTie
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>To the next note: <c>[</c>.</summary>
    Start,

    /// <summary>From the note before and to the next: <c>_</c>.</summary>
    Continue,

    /// <summary>From the note before: <c>]</c>.</summary>
    End,
}

/// <summary>A note or a rest.</summary>
/// <param name="Text">As it is written.</param>
/// <param name="Pitch">The pitch; null for a rest.</param>
/// <param name="Duration">How long it lasts; null if it is not written (grace notes).</param>
/// <param name="IsGrace">Whether it is a grace note: it takes no time.</param>
/// <param name="Tie">How it is tied.</param>
public sealed record KernNote(string Text, KernPitch? Pitch, NoteValue? Duration, bool IsGrace, KernTie Tie)
{
    /// <summary>Whether it is a rest.</summary>
    public bool IsRest => Pitch is null;
}

/// <summary>What begins at one moment in one voice: a note, a chord or a rest.</summary>
/// <param name="Spine">The number of the spine, from 0 on.</param>
/// <param name="Column">The column of the line, from 0 on: split spines have several.</param>
/// <param name="Onset">When it begins, from the start of the score; null once times could not be followed.</param>
/// <param name="Line">The line of the text, from 1 on.</param>
/// <param name="Notes">The notes, at least one.</param>
public sealed record KernEvent(int Spine, int Column, NoteValue? Onset, int Line, IReadOnlyList<KernNote> Notes);

/// <summary>What stands between two bar lines.</summary>
/// <param name="Number">The number written at the bar line before it; null without one.</param>
/// <param name="Line">The line of the text at which it begins, from 1 on.</param>
/// <param name="Duration">How long it lasts; null if times could not be followed.</param>
/// <param name="Events">What begins in it, line by line.</param>
public sealed record KernMeasure(string? Number, int Line, NoteValue? Duration, IReadOnlyList<KernEvent> Events);

/// <summary>A spine: a column of the text from its exclusive interpretation to its end.</summary>
/// <param name="Type">The exclusive interpretation without its asterisks, such as <c>kern</c>; empty if there is none.</param>
/// <param name="Interpretations">Its tandem interpretations in order, such as <c>*clefG2</c>, <c>*k[f#]</c>, <c>*M3/4</c>.</param>
public sealed record KernSpine(string Type, IReadOnlyList<string> Interpretations);

/// <summary>Music as <c>**kern</c> describes it.</summary>
public sealed record KernScore
{
    /// <summary>The spines, from left to right as they were begun.</summary>
    public required IReadOnlyList<KernSpine> Spines { get; init; }

    /// <summary>The measures; what stands before the first bar line is one if there are notes in it.</summary>
    public required IReadOnlyList<KernMeasure> Measures { get; init; }

    /// <summary>The comments and reference records, as written.</summary>
    public required IReadOnlyList<string> Comments { get; init; }

    /// <summary>The number of notes, rests excluded.</summary>
    public int NoteCount => Measures.Sum(measure => measure.Events.Sum(item => item.Notes.Count(note => !note.IsRest)));
}

/// <summary>A score, and what in its text was odd.</summary>
/// <param name="Score">What was understood.</param>
/// <param name="Warnings">What was repaired or left out, one sentence each.</param>
public sealed record ParsedKern(KernScore Score, IReadOnlyList<string> Warnings);
