using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Tasks;
using PaliSharp.Tests.Generation;
using Xunit;

namespace PaliSharp.Tests.Tasks;

public sealed class SmilesTests
{
    [Theory]
    [InlineData("C", 1, 0, 1, 0)]
    [InlineData("CC(=O)Oc1ccccc1C(=O)O", 13, 13, 1, 1)]
    [InlineData("CN1C=NC2=C1C(=O)N(C(=O)N2C)C", 14, 15, 1, 2)]
    [InlineData("[Na+].[Cl-]", 2, 0, 2, 0)]
    [InlineData("N[C@@H](C)C(=O)O", 6, 5, 1, 0)]
    [InlineData("F/C=C/F", 4, 3, 1, 0)]
    [InlineData("C1CC%12CC1CC%12", 7, 8, 1, 2)]
    [InlineData("[13CH4]", 1, 0, 1, 0)]
    [InlineData("[Fe+2]", 1, 0, 1, 0)]
    [InlineData("C=1CCCCC=1", 6, 6, 1, 1)]
    [InlineData("C=1CCCCC1", 6, 6, 1, 1)]
    [InlineData("[CH2:5]=[CH2:7]", 2, 1, 1, 0)]
    [InlineData("[se]1cccc1", 5, 5, 1, 1)]
    [InlineData("*C(*)[*]", 4, 3, 1, 0)]
    [InlineData("C$C", 2, 1, 1, 0)]
    [InlineData("[C@TH1](F)(Cl)(Br)I", 5, 4, 1, 0)]
    [InlineData("C(.C)C", 3, 1, 2, 0)]
    [InlineData("[H][H]", 2, 1, 1, 0)]
    [InlineData("C1.C1", 2, 1, 1, 0)]
    [InlineData("  CCO\n", 3, 2, 1, 0)]
    public void MoleculesAreRead(string smiles, int atoms, int bonds, int parts, int rings)
    {
        ParsedSmiles parsed = SmilesParser.Parse(smiles);
        Assert.Null(parsed.Problem);
        Assert.Empty(parsed.Warnings);
        Assert.Equal((atoms, bonds, parts, rings), (parsed.Molecule!.Atoms.Count, parsed.Molecule.Bonds.Count, parsed.Molecule.Components, parsed.Molecule.Rings));
    }

    [Fact]
    public void AtomsKeepWhatIsWritten()
    {
        Molecule molecule = SmilesParser.Parse("[13CH3:2][N+](=O)[O-]").Molecule!;
        Assert.Equal(new Atom("C", false, 0) { IsBracketed = true, Isotope = 13, Hydrogens = 3, Class = 2 }, molecule.Atoms[0]);
        Assert.Equal(0, molecule.Charge);
        Assert.Equal(BondKind.Double, molecule.Bonds[1].Kind);
        Assert.Equal("@@", SmilesParser.Parse("[C@@H](F)(Cl)Br").Molecule!.Atoms[0].Chirality);
        Assert.True(SmilesParser.Parse("c1ccccc1").Molecule!.Atoms.All(atom => atom is { Symbol: "C", IsAromatic: true }));
    }

    [Theory]
    [InlineData("", 0, "empty")]
    [InlineData("CC(=O", 2, "no ')'")]
    [InlineData("CC)", 2, "no '('")]
    [InlineData("C1CC", 1, "never closed")]
    [InlineData("C11", 2, "itself")]
    [InlineData("C1C1", 3, "joined already")]
    [InlineData("C12CC12", 6, "joined already")]
    [InlineData("C=1CC#1", 6, "closed with '#'")]
    [InlineData("=C", 0, "bond stands")]
    [InlineData("C==C", 2, "follows a bond")]
    [InlineData("C=", 2, "ends after a bond")]
    [InlineData("C.", 2, "after '.'")]
    [InlineData("C..C", 2, "'.' stands")]
    [InlineData("C()C", 2, "begins with an atom")]
    [InlineData("(C)C", 0, "branch stands")]
    [InlineData("[C", 2, "inside of brackets")]
    [InlineData("[Xx]", 1, "element")]
    [InlineData("[C@TH3]", 6, "1 to 2")]
    [InlineData("[CH2+:]", 6, "class")]
    [InlineData("Q", 0, "outside of brackets")]
    [InlineData("C!", 1, "no meaning")]
    [InlineData("C%1", 1, "Two digits")]
    [InlineData("1CC1", 0, "ring number stands")]
    [InlineData(" CX", 2, "outside of brackets")]
    public void ProblemsHaveTheirPlace(string smiles, int position, string message)
    {
        ParsedSmiles parsed = SmilesParser.Parse(smiles);
        Assert.Null(parsed.Molecule);
        Assert.Equal(position, parsed.Problem!.Position);
        Assert.Contains(message, parsed.Problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[Fe++]", "old way")]
    [InlineData("C(C)1CC1", "behind a branch")]
    [InlineData("[HH]", "hydrogens of its own")]
    public void OddSpellingsAreReported(string smiles, string warning)
    {
        ParsedSmiles parsed = SmilesParser.Parse(smiles);
        Assert.NotNull(parsed.Molecule);
        Assert.Contains(warning, Assert.Single(parsed.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void DeepAndLongStringsAreRead()
    {
        Assert.Equal(100_001, SmilesParser.Parse(string.Concat(Enumerable.Repeat("C(", 100_000)) + "C" + new string(')', 100_000)).Molecule!.Atoms.Count);
        Assert.NotNull(SmilesParser.Parse(new string('C', SmilesParser.MaximumLength + 1)).Problem);
        Assert.NotNull(SmilesParser.Parse("[C" + new string('+', 1000) + "]").Molecule);
    }

    [Fact]
    public void AnyStringIsReadOrRefused() => PropertyChecks.Holds(
        from count in Gen.Choose(0, 20)
        from parts in Gen.ArrayOf(
            Gen.Elements("C", "c", "N", "Cl", "1", "2", "%10", "(", ")", "=", "#", "/", "\\", ".", "[", "]", "H", "@", "@@", "+", "-", "2", ":", "13", "[nH]", "[O-]", "*", " ", "é", "\0"),
            count)
        select string.Concat(parts),
        smiles =>
        {
            ParsedSmiles parsed = SmilesParser.Parse(smiles);
            Assert.True(parsed.Molecule is null != parsed.Problem is null);
            Assert.True(parsed.Problem is null || (parsed.Problem.Position >= 0 && parsed.Problem.Position <= smiles.Length));
            Assert.True(parsed.Molecule is null || parsed.Molecule.Rings >= 0);
        });
}
