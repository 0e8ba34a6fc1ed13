using System.Text.Json.Serialization;
using PaliSharp.Tasks;

namespace PaliSharp.Results;

/// <summary>The molecule of a picture in JSON.</summary>
public sealed record MoleculeLine : TextLine
{
    private MoleculeLine(TextLine answer)
        : base(answer)
    {
    }

    /// <summary>The SMILES string, as it was written.</summary>
    [JsonPropertyOrder(1)]
    public required string Smiles { get; init; }

    /// <summary>Whether it follows the grammar of SMILES.</summary>
    [JsonPropertyOrder(1)]
    public required bool Valid { get; init; }

    /// <summary>Why it does not; left out if it does.</summary>
    [JsonPropertyOrder(1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ProblemItem? Problem { get; init; }

    /// <summary>What it describes; left out if it is none.</summary>
    [JsonPropertyOrder(1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public MoleculeItem? Molecule { get; init; }

    /// <summary>Describes a result.</summary>
    /// <param name="image">The picture's name.</param>
    /// <param name="result">The result.</param>
    /// <exception cref="ArgumentNullException">There is no result.</exception>
    public static MoleculeLine Of(string image, MoleculeResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new MoleculeLine(TextLine.Of(image, null, result))
        {
            Smiles = result.Smiles,
            Valid = result.Molecule is not null,
            Problem = result.Problem is { } problem ? new ProblemItem(problem.Position, problem.Message) : null,
            Molecule = result.Molecule is { } molecule
                ? new MoleculeItem(molecule.Atoms.Count, molecule.Bonds.Count, molecule.Rings, molecule.Components, molecule.Charge)
                : null,
        };
    }
}

/// <summary>Where and why a text does not follow its grammar.</summary>
/// <param name="Position">The place in the text, from 0.</param>
/// <param name="Message">The reason.</param>
public sealed record ProblemItem(int Position, string Message);

/// <summary>A molecule in numbers.</summary>
/// <param name="Atoms">Atoms that are written: hydrogens mostly are not.</param>
/// <param name="Bonds">Bonds between them.</param>
/// <param name="Rings">Rings.</param>
/// <param name="Components">Parts that are not connected.</param>
/// <param name="Charge">The sum of the charges.</param>
public sealed record MoleculeItem(int Atoms, int Bonds, int Rings, int Components, int Charge);

/// <summary>The music of a picture in JSON.</summary>
public sealed record MusicLine : TextLine
{
    private MusicLine(TextLine answer)
        : base(answer)
    {
    }

    /// <summary>The kinds of the spines, from left to right, such as <c>kern</c>.</summary>
    [JsonPropertyOrder(1)]
    public required IReadOnlyList<string> Spines { get; init; }

    /// <summary>The measures.</summary>
    [JsonPropertyOrder(1)]
    public required IReadOnlyList<MeasureItem> Measures { get; init; }

    /// <summary>The number of notes, rests excluded.</summary>
    [JsonPropertyOrder(1)]
    public required int Notes { get; init; }

    /// <summary>Describes a result.</summary>
    /// <param name="image">The picture's name.</param>
    /// <param name="result">The result.</param>
    /// <exception cref="ArgumentNullException">There is no result.</exception>
    public static MusicLine Of(string image, MusicResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new MusicLine(TextLine.Of(image, null, result))
        {
            Spines = [.. result.Music.Spines.Select(spine => spine.Type)],
            Measures = [.. result.Music.Measures.Select(MeasureItem.Of)],
            Notes = result.Music.NoteCount,
        };
    }
}

/// <summary>A measure in JSON.</summary>
/// <param name="Number">The number at its bar line; null without one.</param>
/// <param name="Duration">How long it lasts, as a fraction of a whole note such as <c>3/4</c>; null if times could not be followed.</param>
/// <param name="Events">How many notes, chords and rests begin in it.</param>
public sealed record MeasureItem(string? Number, string? Duration, int Events)
{
    internal static MeasureItem Of(KernMeasure measure) => new(measure.Number, measure.Duration?.ToString(), measure.Events.Count);
}

/// <summary>The option that was chosen, in JSON.</summary>
/// <param name="Image">The picture.</param>
/// <param name="Prompt">The text the model saw.</param>
/// <param name="Choice">The chosen option; null if the answer names none.</param>
/// <param name="Index">Its place, from 0; null if the answer names none.</param>
/// <param name="Score">How sure the model was, 0 to 1.</param>
/// <param name="Scores">All options, the likeliest first, where they were scored.</param>
/// <param name="Warnings">What is to be said about the answer.</param>
public sealed record ChoiceLine(
    string Image, string Prompt, string? Choice, int? Index, double Score, IReadOnlyList<LabelItem> Scores, IReadOnlyList<string> Warnings) : ResultLine
{
    /// <summary>Describes a result.</summary>
    /// <param name="image">The picture's name.</param>
    /// <param name="result">The result.</param>
    /// <exception cref="ArgumentNullException">There is no result.</exception>
    public static ChoiceLine Of(string image, ChoiceResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new ChoiceLine(image, result.Prompt, result.Option, result.Index, result.Score, [.. result.Scores.Select(LabelItem.Of)], result.Warnings);
    }
}
