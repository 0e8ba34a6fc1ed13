using System.Globalization;

namespace PaliSharp.Tasks;

/// <summary>
/// Checks and reads SMILES by the grammar of OpenSMILES: atoms, brackets (isotope, chirality, hydrogens, charge, class), bonds, branches, ring
/// closures, parts. Any string is accepted or refused with the place and the reason, in linear time.
/// </summary>
public static class SmilesParser
{
    /// <summary>The longest string that is read.</summary>
    public const int MaximumLength = 1_000_000;

    /// <summary>Reads a string. White space around it is ignored.</summary>
    /// <param name="smiles">The string.</param>
    public static ParsedSmiles Parse(string smiles)
    {
        ArgumentNullException.ThrowIfNull(smiles);
        if (smiles.Length > MaximumLength)
            return new ParsedSmiles(null, new SmilesProblem(MaximumLength, $"The string has {smiles.Length} characters; at most {MaximumLength} are read."), []);
        var warnings = new WarningLog();
        var reader = new Reader(smiles.Trim(), smiles.Length - smiles.TrimStart().Length, warnings);
        SmilesProblem? problem = reader.Read();
        return new ParsedSmiles(problem is null ? reader.ToMolecule() : null, problem, warnings.ToList());
    }

    private sealed class Reader(string text, int offset, WarningLog warnings)
    {
        private const int None = -1;

        private readonly List<Atom> _atoms = [];
        private readonly List<Bond> _bonds = [];
        private readonly HashSet<(int, int)> _bonded = [];
        private readonly Stack<(int Atom, int Position)> _branches = new();
        private readonly SortedDictionary<int, RingEnd> _openRings = [];
        private int _position;
        private int _previous = None;
        private BondKind? _bond;
        private bool _isDotted;
        private bool _afterBranch;
        private SmilesProblem? _problem;

        public Molecule ToMolecule() => new() { Smiles = text, Atoms = _atoms, Bonds = _bonds, Components = CountComponents() };

        public SmilesProblem? Read()
        {
            if (text.Length == 0)
                return Bad(0, "There is no atom: the string is empty");
            while (_position < text.Length && _problem is null)
                ReadNext(text[_position]);
            if (_problem is not null)
                return _problem;
            if (_bond is not null || _isDotted)
                return Bad(text.Length, _isDotted ? "The string ends after '.' where an atom is expected" : "The string ends after a bond where an atom is expected");
            if (_branches.TryPeek(out (int Atom, int Position) branch))
                return Bad(branch.Position, "This '(' has no ')'");
            if (_openRings.Count > 0)
                return Bad(_openRings.First().Value.Position, $"Ring number {_openRings.First().Key} is opened here but never closed");
            return null;
        }

        private void ReadNext(char c)
        {
            if (c == '[')
                ReadBracketAtom();
            else if (c == '(')
                OpenBranch();
            else if (c == ')')
                CloseBranch();
            else if (char.IsAsciiDigit(c) || c == '%')
                ReadRingClosure();
            else if (c == '.')
                ReadDot();
            else if (ToBond(c) is { } bond)
                ReadBond(bond);
            else
                ReadOrganicAtom();
        }

        private void ReadOrganicAtom()
        {
            int length = SmilesElements.OrganicSymbol(text.AsSpan(_position), out string symbol, out bool isAromatic);
            if (length == 0)
            {
                Bad(_position, char.IsAsciiLetter(text[_position])
                    ? $"'{text[_position]}' is no atom that may stand outside of brackets (B C N O P S F Cl Br I, b c n o p s, *)"
                    : $"The character '{Checkpoints.Problems.Shorten(text[_position].ToString())}' has no meaning here");
                return;
            }

            AddAtom(new Atom(symbol, isAromatic, offset + _position));
            _position += length;
        }

        private void ReadBracketAtom()
        {
            int start = _position++;
            int? isotope = ReadNumber(3);
            int length = SmilesElements.BracketSymbol(text.AsSpan(Math.Min(_position, text.Length)), out string symbol, out bool isAromatic);
            if (length == 0)
            {
                Bad(_position, "An element is expected in the brackets");
                return;
            }

            _position += length;
            string? chirality = ReadChirality();
            int hydrogens = 0;
            if (TryTake('H'))
                hydrogens = ReadNumber(1) ?? 1;
            int? charge = ReadCharge();
            int? atomClass = null;
            if (TryTake(':'))
            {
                atomClass = ReadNumber(9);
                if (atomClass is null)
                    Bad(_position, "A number of the class is expected after ':'");
            }

            if (_problem is not null)
                return;
            if (!TryTake(']'))
            {
                Bad(_position, _position < text.Length ? $"']' is expected, not '{Checkpoints.Problems.Shorten(text[_position].ToString())}'" : "The string ends inside of brackets");
                return;
            }

            if (symbol == "H" && hydrogens > 0)
                warnings.Add($"The hydrogen at {offset + start} has hydrogens of its own.");
            AddAtom(new Atom(symbol, isAromatic, offset + start)
            {
                IsBracketed = true,
                Isotope = isotope,
                Chirality = chirality,
                Hydrogens = hydrogens,
                Charge = charge ?? 0,
                Class = atomClass,
            });
        }

        private string? ReadChirality()
        {
            int start = _position;
            if (!TryTake('@'))
                return null;
            if (TryTake('@'))
                return "@@";
            (string Name, int Most)[] kinds = [("TH", 2), ("AL", 2), ("SP", 3), ("TB", 20), ("OH", 30)];
            foreach ((string name, int most) in kinds)
            {
                if (!text.AsSpan(_position).StartsWith(name, StringComparison.Ordinal))
                    continue;
                _position += name.Length;
                int? number = ReadNumber(2);
                if (number is null || number < 1 || number > most)
                    Bad(_position, $"A number of 1 to {most} is expected after '@{name}'");
                return text[start..Math.Min(_position, text.Length)];
            }

            return "@";
        }

        private int? ReadCharge()
        {
            char sign = _position < text.Length ? text[_position] : '\0';
            if (sign is not ('+' or '-'))
                return null;
            _position++;
            int one = sign == '+' ? 1 : -1;
            if (ReadNumber(2) is { } number)
                return one * number;
            int count = 1;
            while (TryTake(sign))
                count++;
            if (count > 1)
                warnings.Add($"The charge '{new string(sign, Math.Min(count, 8))}' is written in an old way; '{sign}{count}' is meant.");
            return one * count;
        }

        private int? ReadNumber(int maxDigits)
        {
            int start = _position;
            while (_position < text.Length && _position - start < maxDigits && char.IsAsciiDigit(text[_position]))
                _position++;
            return _position == start ? null : int.Parse(text.AsSpan(start, _position - start), NumberStyles.None, CultureInfo.InvariantCulture);
        }

        private void AddAtom(Atom atom)
        {
            int index = _atoms.Count;
            _atoms.Add(atom);
            if (_previous != None && !_isDotted)
                AddBond(_previous, index, _bond ?? BondKind.Implicit, isRingClosure: false);
            _previous = index;
            _bond = null;
            _isDotted = false;
            _afterBranch = false;
        }

        private bool AddBond(int first, int second, BondKind kind, bool isRingClosure)
        {
            if (!_bonded.Add((Math.Min(first, second), Math.Max(first, second))))
                return false;
            _bonds.Add(new Bond(first, second, kind, isRingClosure));
            return true;
        }

        private void ReadBond(BondKind bond)
        {
            if (_previous == None || _isDotted)
                Bad(_position, "A bond stands where an atom is expected");
            else if (_bond is not null)
                Bad(_position, "A bond follows a bond; an atom is expected");
            _bond = bond;
            _position++;
        }

        private void ReadDot()
        {
            if (_previous == None || _isDotted || _bond is not null)
                Bad(_position, "'.' stands where an atom is expected");
            _isDotted = true;
            _position++;
        }

        private void OpenBranch()
        {
            if (_previous == None || _bond is not null || _isDotted)
                Bad(_position, "A branch stands where an atom is expected");
            _branches.Push((_previous, _position));
            _position++;
            if (_position < text.Length && text[_position] is ')' or '(')
                Bad(_position, "A branch begins with an atom");
        }

        private void CloseBranch()
        {
            if (_branches.Count == 0)
            {
                Bad(_position, "This ')' has no '('");
                return;
            }

            if (_bond is not null || _isDotted)
                Bad(_position, "A branch ends after a bond; an atom is expected");
            _previous = _branches.Pop().Atom;
            _afterBranch = true;
            _position++;
        }

        private void ReadRingClosure()
        {
            int start = _position;
            if (_previous == None || _isDotted)
            {
                Bad(start, "A ring number stands where an atom is expected");
                return;
            }

            int number;
            if (TryTake('%'))
            {
                if (_position + 2 > text.Length || ReadNumber(2) is not { } two || _position - start != 3)
                {
                    Bad(start, "Two digits are expected after '%'");
                    return;
                }

                number = two;
            }
            else
            {
                number = text[_position++] - '0';
            }

            if (_afterBranch)
                warnings.Add($"The ring number {number} at {offset + start} stands behind a branch; it belongs before it.");
            var end = new RingEnd(_previous, _bond, start);
            _bond = null;
            if (_openRings.Remove(number, out RingEnd other))
                CloseRing(number, other, end, start);
            else
                _openRings.Add(number, end);
        }

        private void CloseRing(int number, RingEnd first, RingEnd second, int position)
        {
            if (first.Atom == second.Atom)
                Bad(position, $"Ring number {number} joins an atom with itself");
            else if (first.Bond is { } a && second.Bond is { } b && a != b && !(IsDirection(a) && IsDirection(b)))
                Bad(position, $"Ring number {number} is opened with a bond '{Symbol(a)}' and closed with '{Symbol(b)}'");
            else if (!AddBond(first.Atom, second.Atom, first.Bond ?? second.Bond ?? BondKind.Implicit, isRingClosure: true))
                Bad(position, $"Ring number {number} joins two atoms that are joined already");
        }

        private bool TryTake(char c)
        {
            if (_position >= text.Length || text[_position] != c)
                return false;
            _position++;
            return true;
        }

        private SmilesProblem Bad(int position, string message) =>
            _problem ??= new SmilesProblem(offset + position, $"{message} (at character {offset + position}).");

        private int CountComponents()
        {
            int[] parent = [.. Enumerable.Range(0, _atoms.Count)];
            int components = _atoms.Count;
            foreach (Bond bond in _bonds)
            {
                int first = Root(bond.First);
                int second = Root(bond.Second);
                if (first != second)
                {
                    parent[first] = second;
                    components--;
                }
            }

            return components;

            int Root(int atom)
            {
                while (parent[atom] != atom)
                {
                    parent[atom] = parent[parent[atom]];
                    atom = parent[atom];
                }

                return atom;
            }
        }

        private static bool IsDirection(BondKind bond) => bond is BondKind.Up or BondKind.Down;

        private static BondKind? ToBond(char c) => c switch
        {
            '-' => BondKind.Single,
            '=' => BondKind.Double,
            '#' => BondKind.Triple,
            '$' => BondKind.Quadruple,
            ':' => BondKind.Aromatic,
            '/' => BondKind.Up,
            '\\' => BondKind.Down,
            _ => null,
        };

        private static char Symbol(BondKind bond) => bond switch
        {
            BondKind.Double => '=',
            BondKind.Triple => '#',
            BondKind.Quadruple => '$',
            BondKind.Aromatic => ':',
            BondKind.Up => '/',
            BondKind.Down => '\\',
            _ => '-',
        };

        private readonly record struct RingEnd(int Atom, BondKind? Bond, int Position);
    }
}
