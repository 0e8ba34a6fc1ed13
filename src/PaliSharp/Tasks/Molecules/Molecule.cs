namespace PaliSharp.Tasks;

/// <summary>The kind of a bond.</summary>
public enum BondKind
{
    /// <summary>Single, or aromatic between two aromatic atoms: nothing is written.</summary>
    Implicit,

    /// <summary><c>-</c></summary>
    Single,

    /// <summary><c>=</c></summary>
    Double,

    /// <summary><c>#</c></summary>
    Triple,

    /// <summary><c>$</c></summary>
    Quadruple,

    /// <summary><c>:</c></summary>
    Aromatic,

    /// <summary><c>/</c>: single, with a direction beside a double bond.</summary>
    Up,

    /// <summary><c>\</c>: single, with a direction beside a double bond.</summary>
    Down,
}

/// <summary>An atom as it is written.</summary>
/// <param name="Symbol">The element in its usual spelling, such as <c>Cl</c>; <c>*</c> for any.</param>
/// <param name="IsAromatic">Whether it is written in small letters.</param>
/// <param name="Position">Where it begins in the text, from 0 on.</param>
public sealed record Atom(string Symbol, bool IsAromatic, int Position)
{
    /// <summary>Whether it is written in brackets: its hydrogens are then exactly those named.</summary>
    public bool IsBracketed { get; init; }

    /// <summary>The mass number; null if it is not given.</summary>
    public int? Isotope { get; init; }

    /// <summary>The chirality such as <c>@</c>, <c>@@</c> or <c>@TH1</c>; null if it is not given.</summary>
    public string? Chirality { get; init; }

    /// <summary>The hydrogens named in brackets.</summary>
    public int Hydrogens { get; init; }

    /// <summary>The charge.</summary>
    public int Charge { get; init; }

    /// <summary>The number of its class; null if it is not given.</summary>
    public int? Class { get; init; }
}

/// <summary>A bond between two atoms.</summary>
/// <param name="First">The place of the atom written first.</param>
/// <param name="Second">The place of the other atom.</param>
/// <param name="Kind">The kind.</param>
/// <param name="IsRingClosure">Whether it is written by numbers at both atoms.</param>
public sealed record Bond(int First, int Second, BondKind Kind, bool IsRingClosure);

/// <summary>A molecule as a SMILES string describes it: its graph, not its chemistry. Valences are not checked.</summary>
public sealed record Molecule
{
    /// <summary>The string.</summary>
    public required string Smiles { get; init; }

    /// <summary>The atoms, in the order written.</summary>
    public required IReadOnlyList<Atom> Atoms { get; init; }

    /// <summary>The bonds, in the order in which they are complete.</summary>
    public required IReadOnlyList<Bond> Bonds { get; init; }

    /// <summary>The number of parts that are not connected.</summary>
    public required int Components { get; init; }

    /// <summary>The number of rings: bonds less atoms plus parts.</summary>
    public int Rings => Bonds.Count - Atoms.Count + Components;

    /// <summary>The sum of the charges.</summary>
    public int Charge => Atoms.Sum(atom => atom.Charge);
}

/// <summary>Why a string is no SMILES.</summary>
/// <param name="Position">Where, from 0 on.</param>
/// <param name="Message">What was found, and what was expected.</param>
public sealed record SmilesProblem(int Position, string Message);

/// <summary>What became of a string.</summary>
/// <param name="Molecule">The molecule; null if the string is no SMILES.</param>
/// <param name="Problem">Why it is none; null if it is one.</param>
/// <param name="Warnings">What is odd but understood, one sentence each.</param>
public sealed record ParsedSmiles(Molecule? Molecule, SmilesProblem? Problem, IReadOnlyList<string> Warnings);
