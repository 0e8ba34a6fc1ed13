namespace PaliSharp.Imaging.Text;

/// <summary>The table <c>cmap</c>: which glyph shows a character. Formats 4 (basic plane) and 12 (all of Unicode).</summary>
internal sealed class CharacterMap
{
    private readonly FontTable _table;
    private readonly bool _isSegmented;
    private readonly int _count;

    private CharacterMap(FontTable table, bool isSegmented, int count)
    {
        _table = table;
        _isSegmented = isSegmented;
        _count = count;
    }

    /// <summary>Finds the best Unicode map of a font.</summary>
    /// <exception cref="FontFormatException">There is none, or it is malformed.</exception>
    public static CharacterMap Parse(FontTable table)
    {
        CharacterMap? best = null;
        int count = table.UInt16(2);
        for (int i = 0; i < count; i++)
        {
            int platform = table.UInt16(4 + (8 * i));
            int encoding = table.UInt16(6 + (8 * i));
            bool isUnicode = platform == 0 || (platform == 3 && encoding is 1 or 10);
            if (!isUnicode)
                continue;
            uint offset = table.UInt32(8 + (8 * i));
            CharacterMap? map = table.UInt16(offset) switch
            {
                4 => Segmented(table.Slice(offset, Math.Min(table.UInt16(offset + 2L), table.Length - offset))),
                12 => Grouped(table.Slice(offset, table.Length - offset)),
                _ => null,
            };
            if (map is not null && (best is null || best._isSegmented))
                best = map;
        }

        return best ?? throw new FontFormatException("The font has no Unicode character map of format 4 or 12. Use a TrueType font with one.");
    }

    /// <summary>The glyph of a character, or 0 when the font has none.</summary>
    public int Glyph(int character) => _isSegmented ? FindInSegments(character) : FindInGroups(character);

    private static CharacterMap Segmented(FontTable table)
    {
        int count = table.UInt16(6) / 2;
        table.Check(14, (8L * count) + 2);
        return new CharacterMap(table, isSegmented: true, count);
    }

    private static CharacterMap Grouped(FontTable table)
    {
        uint count = table.UInt32(12);
        table.Check(16, 12L * count);
        return new CharacterMap(table, isSegmented: false, (int)count);
    }

    private int FindInSegments(int character)
    {
        if (character > 0xFFFF)
            return 0;

        // The first segment that does not end before the character.
        int low = 0;
        int high = _count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_table.UInt16(14 + (2L * middle)) < character)
                low = middle + 1;
            else
                high = middle;
        }

        if (low == _count)
            return 0;
        long starts = 16 + (2L * _count);
        int start = _table.UInt16(starts + (2L * low));
        if (start > character)
            return 0;
        int delta = _table.UInt16(starts + (2L * (_count + low)));
        long rangeAt = starts + (2L * ((2 * _count) + low));
        int range = _table.UInt16(rangeAt);
        if (range == 0)
            return (character + delta) & 0xFFFF;
        int glyph = _table.UInt16(rangeAt + range + (2L * (character - start)));
        return glyph == 0 ? 0 : (glyph + delta) & 0xFFFF;
    }

    private int FindInGroups(int character)
    {
        int low = 0;
        int high = _count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_table.UInt32(20 + (12L * middle)) < character)
                low = middle + 1;
            else
                high = middle;
        }

        if (low == _count)
            return 0;
        uint first = _table.UInt32(16 + (12L * low));
        long glyph = character < first ? 0 : _table.UInt32(24 + (12L * low)) + (character - (long)first);
        return glyph is > 0 and <= 0xFFFF ? (int)glyph : 0;
    }
}
