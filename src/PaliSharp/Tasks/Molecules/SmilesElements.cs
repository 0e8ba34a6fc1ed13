using System.Collections.Frozen;

namespace PaliSharp.Tasks;

/// <summary>The symbols that SMILES knows.</summary>
internal static class SmilesElements
{
    private static readonly FrozenSet<string> Symbols = (
        "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn "
        + "Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf "
        + "Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og").Split(' ').ToFrozenSet(StringComparer.Ordinal);

    /// <summary>The symbol in brackets at a place: the longest that fits.</summary>
    /// <returns>Its length; 0 if there is none.</returns>
    public static int BracketSymbol(ReadOnlySpan<char> text, out string symbol, out bool isAromatic)
    {
        isAromatic = false;
        symbol = string.Empty;
        if (text.IsEmpty)
            return 0;
        if (text[0] == '*')
        {
            symbol = "*";
            return 1;
        }

        if (char.IsAsciiLetterLower(text[0]))
        {
            isAromatic = true;
            if (text.StartsWith("se") || text.StartsWith("as"))
            {
                symbol = $"{char.ToUpperInvariant(text[0])}{text[1]}";
                return 2;
            }

            if (!"bcnops".Contains(text[0], StringComparison.Ordinal))
                return 0;
            symbol = char.ToUpperInvariant(text[0]).ToString();
            return 1;
        }

        for (int length = Math.Min(2, text.Length); length > 0; length--)
        {
            if (Symbols.Contains(text[..length].ToString()))
            {
                symbol = text[..length].ToString();
                return length;
            }
        }

        return 0;
    }

    /// <summary>The symbol outside of brackets at a place.</summary>
    /// <returns>Its length; 0 if there is none.</returns>
    public static int OrganicSymbol(ReadOnlySpan<char> text, out string symbol, out bool isAromatic)
    {
        symbol = string.Empty;
        isAromatic = false;
        if (text.IsEmpty)
            return 0;
        if (text.StartsWith("Cl") || text.StartsWith("Br"))
        {
            symbol = text[..2].ToString();
            return 2;
        }

        if ("BCNOPSFI*".Contains(text[0], StringComparison.Ordinal))
        {
            symbol = text[0].ToString();
            return 1;
        }

        if (!"bcnops".Contains(text[0], StringComparison.Ordinal))
            return 0;
        isAromatic = true;
        symbol = char.ToUpperInvariant(text[0]).ToString();
        return 1;
    }
}
