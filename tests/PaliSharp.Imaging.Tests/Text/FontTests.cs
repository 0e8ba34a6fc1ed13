using System.Text;
using PaliSharp.Imaging.Drawing;
using PaliSharp.Imaging.Text;

namespace PaliSharp.Imaging.Tests.Text;

public class FontTests
{
    private static readonly Lazy<byte[]> Embedded = new(() =>
    {
        using Stream stream = typeof(Font).Assembly.GetManifestResourceStream("PaliSharp.Imaging.Text.Fonts.PaliSharpSans.ttf")!;
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    });

    [Theory]
    [InlineData("The quick brown fox jumps over 0123456789")]
    [InlineData("ÀÉîõüßøåæœčšžđłńőığş€£")]
    [InlineData("Ελληνικά ἄνθρωπος ΩΨΦ")]
    [InlineData("Съешь ещё этих булок Її Ґґ Ўў Љљ Ђђ")]
    [InlineData("“quotes” – dashes … → ≤ ≥ × ° ✓")]
    public void Common_scripts_are_there(string text) =>
        Assert.All(text.EnumerateRunes(), rune => Assert.True(Font.Default.Has(rune), $"{rune} is missing"));

    [Fact]
    public void Other_scripts_are_missing() => Assert.False(Font.Default.Has(new Rune('漢')));

    [Fact]
    public void Every_glyph_can_be_read()
    {
        int outlines = 0;
        for (int character = 32; character < 0x10000; character++)
        {
            if (!Rune.IsValid(character) || !Font.Default.Has(new Rune(character)))
                continue;
            outlines += Font.Default.Outline(Font.Default.GlyphOf(new Rune(character))).Contours.Count > 0 ? 1 : 0;
        }

        Assert.InRange(outlines, 2000, 4000);
    }

    [Fact]
    public void Widths_add_up_and_grow_with_the_size()
    {
        TextLine line = TextLine.Create("mmii", Font.Default, 100);
        float m = TextLine.Create("m", Font.Default, 100).Width;
        float i = TextLine.Create("i", Font.Default, 100).Width;
        Assert.Equal((2 * m) + (2 * i), line.Width, 0.01);
        Assert.True(m > 2 * i);
        Assert.Equal(line.Width / 4, TextLine.Create("mmii", Font.Default, 25).Width, 0.01);
    }

    [Fact]
    public void Letters_cover_what_their_outlines_enclose()
    {
        Assert.Equal(0, Ink(" "), 0.001);
        Assert.InRange(Ink("l"), 0.05, 0.12);
        Assert.InRange(Ink("o") / Ink("n"), 0.7, 1.4);
        Assert.True(Ink("é") > Ink("e"));
        Assert.True(Ink("W") > Ink("V"));
    }

    [Fact]
    public void Missing_characters_are_visible()
    {
        Assert.True(Ink("漢") > 0.05);
        Assert.Equal(2 * TextLine.Create("漢", Font.Default, 50).Width, TextLine.Create("漢字", Font.Default, 50).Width, 0.01);
        Assert.True(Ink("\U0001F600") > 0.05);
        Assert.True(Ink("\uD800") > 0.05);
    }

    [Fact]
    public void Invisible_characters_vanish_and_line_breaks_are_spaces()
    {
        Assert.Equal(TextLine.Create("ab", Font.Default, 20).Width, TextLine.Create("a\u200Db\uFE0F\u200B", Font.Default, 20).Width);
        Assert.Equal(TextLine.Create("a b", Font.Default, 20).Width, TextLine.Create("a\nb", Font.Default, 20).Width);
    }

    [Fact]
    public void Text_that_does_not_fit_is_cut_and_keeps_its_suffix()
    {
        float full = TextLine.Create("a long label 0.92", Font.Default, 20).Width;
        Assert.False(TextLine.Fit("a long label", " 0.92", Font.Default, 20, full + 1)!.IsCut);
        TextLine cut = TextLine.Fit("a long label", " 0.92", Font.Default, 20, full * 0.7f)!;
        Assert.True(cut.IsCut);
        Assert.InRange(cut.Width, full * 0.4f, full * 0.7f);
        Assert.Null(TextLine.Fit("a long label", " 0.92", Font.Default, 20, 10));
        Assert.True(TextLine.Fit(new string('x', 10_000_000), string.Empty, Font.Default, 20, 100)!.Width <= 100);
    }

    [Fact]
    public void Damaged_fonts_end_in_a_typed_error_or_text() => Properties.Hold(400, (0, int.MaxValue - 1), (1, 40), (0, 2), (seed, changes, kind) =>
    {
        var random = new Random(seed);
        byte[] data = [.. Embedded.Value];
        for (int i = 0; i < changes; i++)
        {
            // The directory and the small tables decide more than the outlines.
            int at = kind == 0 ? random.Next(200) : kind == 1 ? random.Next(40_000) : random.Next(data.Length);
            data[at] = random.Next(3) switch { 0 => 0, 1 => 255, _ => (byte)random.Next(256) };
        }

        if (random.Next(5) == 0)
            data = data[..random.Next(data.Length)];
        try
        {
            Font font = Font.Parse(data);
            for (int i = 0; i < 30; i++)
            {
                var mask = new CoverageMask(new Area(0, 0, 40, 30));
                TextLine.Create(new Rune(random.Next(32, 0x500)).ToString() + "é", font, 20).Draw(mask, 2, 22);
            }
        }
        catch (FontFormatException exception)
        {
            return exception.Message.Length > 20;
        }

        return true;
    });

    [Fact]
    public void Files_that_are_no_fonts_are_refused()
    {
        Assert.Throws<FontFormatException>(() => Font.Parse(ReadOnlyMemory<byte>.Empty));
        Assert.Contains("TrueType", Assert.Throws<FontFormatException>(() => Font.Parse("OTTO and more bytes"u8.ToArray())).Message);
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.ttf");
        try
        {
            File.WriteAllBytes(path, Embedded.Value);
            Assert.Equal(Font.Default.UnitsPerEm, Font.Load(path).UnitsPerEm);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Segmented_character_maps_are_read()
    {
        // Format 4 with two segments: 'A' to 'C' by delta, 'x' by table; then the closing one.
        byte[] map =
        [
            0, 0, 0, 1, 0, 3, 0, 1, 0, 0, 0, 12,
            0, 4, 0, 42, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0,
            0, 67, 0, 120, 255, 255,
            0, 0,
            0, 65, 0, 120, 255, 255,
            255, 199, 0, 0, 0, 1,
            0, 0, 0, 4, 0, 0,
            0, 77,
        ];
        CharacterMap parsed = CharacterMap.Parse(new FontTable(map, "cmap"));
        Assert.Equal([0, 8, 9, 10, 0, 77, 0, 0], ((int[])['@', 'A', 'B', 'C', 'D', 'x', 'y', 0x1F600]).Select(parsed.Glyph));
        Assert.Throws<FontFormatException>(() => CharacterMap.Parse(new FontTable(map.AsMemory(0, 40), "cmap")));
    }

    /// <summary>The covered area of a text, in squares of its size.</summary>
    private static double Ink(string text)
    {
        const int Size = 50;
        TextLine line = TextLine.Create(text, Font.Default, Size);
        var area = new Area(0, 0, (int)Math.Ceiling(line.Width) + 20, 100);
        var mask = new CoverageMask(area);
        line.Draw(mask, 10, 70);
        float[] row = new float[area.Width];
        double sum = 0;
        for (int y = 0; y < area.Height; y++)
        {
            mask.ReadRow(y, row);
            sum += row.Sum();
        }

        return sum / (Size * Size);
    }
}
