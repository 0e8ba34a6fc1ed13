using System.Text;

namespace PaliSharp.Tokenization;

/// <summary>
/// Where byte-pair encoding starts: the symbol of each character. A symbol is a token id, or, for a character that occurs inside pieces
/// without being a piece itself, a number from the vocabulary's size on: such a character can still be merged, as SentencePiece does.
/// </summary>
internal sealed class SymbolTable
{
    private readonly int[] _basic = new int[1 << 16];
    private readonly Dictionary<int, int> _others = [];
    private readonly List<Rune> _orphans = [];
    private readonly int _vocabularySize;

    /// <summary>Creates a table without characters.</summary>
    /// <param name="vocabularySize">The number of token ids.</param>
    public SymbolTable(int vocabularySize)
    {
        _vocabularySize = vocabularySize;
        Array.Fill(_basic, -1);
    }

    /// <summary>Sets the token of a character.</summary>
    public void Set(Rune character, int id)
    {
        if (character.IsBmp)
            _basic[character.Value] = id;
        else
            _others[character.Value] = id;
    }

    /// <summary>The symbol of a character, made up if it is no piece.</summary>
    public int GetOrAddOrphan(Rune character)
    {
        int symbol = Get(character);
        if (symbol < 0)
        {
            symbol = _vocabularySize + _orphans.Count;
            _orphans.Add(character);
            Set(character, symbol);
        }

        return symbol;
    }

    /// <summary>The character of a symbol that is no token.</summary>
    public Rune Orphan(int symbol) => _orphans[symbol - _vocabularySize];

    /// <summary>Whether a symbol is a token id.</summary>
    public bool IsToken(int symbol) => symbol < _vocabularySize;

    /// <summary>The symbol of a character of the basic plane, or −1.</summary>
    public int Get(char character) => _basic[character];

    /// <summary>The symbol of a character, or −1.</summary>
    public int Get(Rune character) => character.IsBmp ? _basic[character.Value] : _others.GetValueOrDefault(character.Value, -1);
}
