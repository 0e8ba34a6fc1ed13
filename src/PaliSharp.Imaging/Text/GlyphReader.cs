namespace PaliSharp.Imaging.Text;

/// <summary>Reads outlines from the tables <c>loca</c> and <c>glyf</c>.</summary>
internal sealed class GlyphReader(FontTable locations, FontTable glyphs, bool longLocations, int glyphCount)
{
    // Genuine fonts nest composites twice and have some hundreds of points.
    private const int MaxDepth = 6;
    private const int MaxParts = 256;
    private const int MaxPoints = 16_384;

    private const int OnCurve = 1;
    private const int ShortX = 2;
    private const int ShortY = 4;
    private const int Repeat = 8;
    private const int SameX = 16;
    private const int SameY = 32;

    private const int WideArguments = 1;
    private const int ArgumentsAreShifts = 2;
    private const int OneScale = 8;
    private const int More = 32;
    private const int TwoScales = 64;
    private const int Matrix = 128;

    /// <summary>Reads a glyph. Glyphs without an outline, such as the space, are empty.</summary>
    /// <exception cref="FontFormatException">The outline is malformed or absurdly complex.</exception>
    public GlyphOutline Read(int glyph)
    {
        int parts = 0;
        int points = 0;
        return Read(glyph, 0, ref parts, ref points);
    }

    private GlyphOutline Read(int glyph, int depth, ref int parts, ref int points)
    {
        if (glyph < 0 || glyph >= glyphCount)
            throw new FontFormatException($"The font refers to glyph {glyph}; it has {glyphCount}. It is damaged.");
        if (depth > MaxDepth || ++parts > MaxParts)
            throw new FontFormatException($"Glyph {glyph} of the font is nested too deeply or made of too many parts.");
        long start = longLocations ? locations.UInt32(4L * glyph) : 2L * locations.UInt16(2L * glyph);
        long end = longLocations ? locations.UInt32(4L * (glyph + 1)) : 2L * locations.UInt16(2L * (glyph + 1));
        if (end == start)
            return new GlyphOutline();
        FontTable data = glyphs.Slice(start, end - start);
        int contours = data.Int16(0);
        return contours >= 0 ? ReadSimple(data, contours, ref points) : ReadComposite(data, depth, ref parts, ref points);
    }

    private static GlyphOutline ReadSimple(FontTable data, int contours, ref int points)
    {
        var outline = new GlyphOutline();
        if (contours == 0)
            return outline;
        int count = data.UInt16(10 + (2L * (contours - 1))) + 1;
        points += count;
        if (points > MaxPoints)
            throw new FontFormatException($"A glyph of the font has more than {MaxPoints} points.");
        long at = 10 + (2L * contours);
        at += 2 + data.UInt16(at);
        byte[] flags = new byte[count];
        for (int i = 0; i < count;)
        {
            byte flag = data.Byte(at++);
            int times = 1 + ((flag & Repeat) != 0 ? data.Byte(at++) : 0);
            for (; times > 0 && i < count; times--)
                flags[i++] = flag;
        }

        int[] xs = ReadCoordinates(data, flags, ShortX, SameX, ref at);
        int[] ys = ReadCoordinates(data, flags, ShortY, SameY, ref at);
        int first = 0;
        for (int c = 0; c < contours; c++)
        {
            int last = data.UInt16(10 + (2L * c));
            if (last < first - 1 || last >= count)
                throw new FontFormatException("The contours of a glyph of the font are out of order. It is damaged.");
            var contour = new OutlinePoint[last + 1 - first];
            for (int i = 0; i < contour.Length; i++)
                contour[i] = new OutlinePoint(xs[first + i], ys[first + i], (flags[first + i] & OnCurve) != 0);
            outline.Contours.Add(contour);
            first = last + 1;
        }

        return outline;
    }

    private static int[] ReadCoordinates(FontTable data, byte[] flags, int isShort, int isSame, ref long at)
    {
        int[] result = new int[flags.Length];
        int value = 0;
        for (int i = 0; i < flags.Length; i++)
        {
            bool same = (flags[i] & isSame) != 0;
            if ((flags[i] & isShort) != 0)
            {
                // For short steps the flag is the sign.
                int step = data.Byte(at++);
                value += same ? step : -step;
            }
            else if (!same)
            {
                value += data.Int16(at);
                at += 2;
            }

            result[i] = value;
        }

        return result;
    }

    private GlyphOutline ReadComposite(FontTable data, int depth, ref int parts, ref int points)
    {
        var outline = new GlyphOutline();
        long at = 10;
        int flags;
        do
        {
            flags = data.UInt16(at);
            int glyph = data.UInt16(at + 2);
            at += 4;
            bool wide = (flags & WideArguments) != 0;
            float dx = wide ? data.Int16(at) : (sbyte)data.Byte(at);
            float dy = wide ? data.Int16(at + 2) : (sbyte)data.Byte(at + 1);
            at += wide ? 4 : 2;
            if ((flags & ArgumentsAreShifts) == 0)
                throw new FontFormatException("A glyph of the font aligns its parts by points, which is not supported. Use another font.");
            float xx = 1;
            float xy = 0;
            float yx = 0;
            float yy = 1;
            if ((flags & OneScale) != 0)
            {
                xx = yy = Fraction(data, ref at);
            }
            else if ((flags & TwoScales) != 0)
            {
                xx = Fraction(data, ref at);
                yy = Fraction(data, ref at);
            }
            else if ((flags & Matrix) != 0)
            {
                xx = Fraction(data, ref at);
                xy = Fraction(data, ref at);
                yx = Fraction(data, ref at);
                yy = Fraction(data, ref at);
            }

            outline.Add(Read(glyph, depth + 1, ref parts, ref points), xx, xy, yx, yy, dx, dy);
        }
        while ((flags & More) != 0);

        return outline;
    }

    private static float Fraction(FontTable data, ref long at)
    {
        at += 2;
        return data.Int16(at - 2) / 16384f;
    }
}
