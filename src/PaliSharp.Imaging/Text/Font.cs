using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;

namespace PaliSharp.Imaging.Text;

/// <summary>A TrueType font. It may be used by several threads.</summary>
/// <remarks>Outlines are drawn without hinting. Text is laid out from left to right, character by character: no ligatures, no reordering.</remarks>
public sealed class Font
{
    /// <summary>The largest font file that is read, in bytes.</summary>
    public const int MaxBytes = 64 << 20;

    private const string EmbeddedName = "PaliSharp.Imaging.Text.Fonts.PaliSharpSans.ttf";

    private static readonly Lazy<Font> Embedded = new(LoadEmbedded);

    private readonly CharacterMap _characters;
    private readonly FontTable _metrics;
    private readonly GlyphReader _glyphs;
    private readonly int _glyphCount;
    private readonly int _metricCount;
    private readonly ConcurrentDictionary<int, GlyphOutline> _outlines = new();

    private Font(ReadOnlyMemory<byte> data)
    {
        FontTable head = Table(data, "head");
        FontTable horizontal = Table(data, "hhea");
        UnitsPerEm = head.UInt16(18);
        if (UnitsPerEm is < 16 or > 16384)
            throw new FontFormatException($"The font has {UnitsPerEm} units per em; 16 to 16384 are allowed. It is damaged.");
        Ascent = horizontal.Int16(4);
        Descent = -horizontal.Int16(6);
        if (Ascent <= 0 || Descent < 0)
            throw new FontFormatException($"The font reaches {Ascent} units above and {Descent} below the line; both must be positive. It is damaged.");
        _glyphCount = Table(data, "maxp").UInt16(4);
        _metricCount = Math.Min(horizontal.UInt16(34), _glyphCount);
        if (_metricCount == 0)
            throw new FontFormatException("The font has no glyphs or no widths. It is damaged.");
        _metrics = Table(data, "hmtx");
        _metrics.Check(0, 4L * _metricCount);
        bool longLocations = head.Int16(50) != 0;
        FontTable locations = Table(data, "loca");
        locations.Check(0, (longLocations ? 4L : 2L) * (_glyphCount + 1));
        _glyphs = new GlyphReader(locations, Table(data, "glyf"), longLocations, _glyphCount);
        _characters = CharacterMap.Parse(Table(data, "cmap"));
    }

    /// <summary>The embedded font: Latin, Greek, Cyrillic, punctuation, arrows and signs, from DejaVu Sans.</summary>
    public static Font Default => Embedded.Value;

    /// <summary>The font units of one em, the nominal size of the font.</summary>
    public int UnitsPerEm { get; }

    /// <summary>How far letters reach above the line, in font units.</summary>
    public int Ascent { get; }

    /// <summary>How far letters reach below the line, in font units; positive.</summary>
    public int Descent { get; }

    /// <summary>Reads a TrueType font file, for scripts that <see cref="Default"/> lacks.</summary>
    /// <param name="path">A file with TrueType outlines (.ttf). Collections and fonts with PostScript outlines are refused.</param>
    /// <exception cref="FontFormatException">The content is not such a font.</exception>
    /// <exception cref="ResourceLimitException">The file is larger than <see cref="MaxBytes"/>.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Font Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        if (stream.Length > MaxBytes)
            throw new ResourceLimitException($"The font file has {stream.Length} bytes; the limit is {MaxBytes}. Use a smaller font.");
        byte[] data = new byte[stream.Length];
        stream.ReadExactly(data);
        return new Font(data);
    }

    /// <summary>Reads a TrueType font held in memory.</summary>
    /// <param name="data">The whole file. It must not be changed while the font is in use.</param>
    /// <exception cref="FontFormatException">The content is not a TrueType font.</exception>
    public static Font Parse(ReadOnlyMemory<byte> data) => new(data);

    /// <summary>Whether the font has a glyph for a character.</summary>
    /// <param name="character">The character.</param>
    /// <exception cref="FontFormatException">The character map is malformed.</exception>
    public bool Has(Rune character) => GlyphOf(character) != 0;

    /// <summary>The glyph of a character; 0 when the font has none.</summary>
    internal int GlyphOf(Rune character)
    {
        int glyph = _characters.Glyph(character.Value);
        return glyph < _glyphCount ? glyph : 0;
    }

    /// <summary>The width of a glyph in font units.</summary>
    internal int Advance(int glyph) => _metrics.UInt16(4L * Math.Min(glyph, _metricCount - 1));

    /// <summary>The outline of a glyph.</summary>
    /// <exception cref="FontFormatException">It is malformed.</exception>
    internal GlyphOutline Outline(int glyph) => _outlines.GetOrAdd(glyph, static (g, glyphs) => glyphs.Read(g), _glyphs);

    private static FontTable Table(ReadOnlyMemory<byte> data, string tag)
    {
        var file = new FontTable(data, "table directory");
        uint version = file.UInt32(0);
        if (version is not (0x00010000 or 0x74727565))
        {
            throw new FontFormatException(
                $"The file starts with {version:X8} and is no TrueType font (00010000). Collections and PostScript outlines are not supported; use a .ttf file.");
        }

        byte[] name = Encoding.ASCII.GetBytes(tag);
        uint wanted = BinaryPrimitives.ReadUInt32BigEndian(name);
        int count = file.UInt16(4);
        for (int i = 0; i < count; i++)
        {
            long entry = 12 + (16L * i);
            if (file.UInt32(entry) != wanted)
                continue;
            uint offset = file.UInt32(entry + 8);
            uint length = file.UInt32(entry + 12);
            file.Check(offset, length);
            return new FontTable(data.Slice((int)offset, (int)length), tag);
        }

        throw new FontFormatException($"The font has no table '{tag}', which TrueType outlines need. Use another font.");
    }

    private static Font LoadEmbedded()
    {
        using Stream stream = typeof(Font).Assembly.GetManifestResourceStream(EmbeddedName)
            ?? throw new InvalidOperationException($"The assembly was built without its font '{EmbeddedName}'.");
        byte[] data = new byte[stream.Length];
        stream.ReadExactly(data);
        return new Font(data);
    }
}
