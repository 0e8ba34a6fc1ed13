namespace PaliSharp.Imaging.Drawing;

/// <summary>RGB pixels that can be drawn on. Everything is clipped to them.</summary>
internal sealed class Canvas(byte[] rgb, int width, int height)
{
    /// <summary>All of the picture.</summary>
    public Area Bounds => new(0, 0, width, height);

    /// <summary>A canvas on a copy of a picture's pixels, without alpha.</summary>
    public static Canvas CopyOf(Image image) => new(image.ToRgb().Pixels.ToArray(), image.Width, image.Height);

    /// <summary>The drawn picture. The canvas must not be used any more.</summary>
    public Image ToImage(ImageMetadata metadata) => new(width, height, 3, rgb, metadata);

    /// <summary>Draws shapes: fills a mask around them and blends the colour where they are.</summary>
    /// <param name="area">A rectangle that holds the shapes; what lies outside is not drawn.</param>
    /// <param name="color">The colour.</param>
    /// <param name="opacity">From 0 (nothing) to 1.</param>
    /// <param name="draw">Adds the shapes.</param>
    public void Draw(Area area, Color color, float opacity, Action<CoverageMask> draw)
    {
        Area visible = area.Intersect(Bounds);
        if (visible.IsEmpty)
            return;
        var mask = new CoverageMask(visible);
        draw(mask);
        float[] coverage = new float[visible.Width];
        for (int y = visible.Top; y < visible.Bottom; y++)
        {
            mask.ReadRow(y, coverage);
            int at = ((y * width) + visible.Left) * 3;
            foreach (float share in coverage)
            {
                if (share > 0)
                    Blend(at, color, share * opacity);
                at += 3;
            }
        }
    }

    /// <summary>Blends a colour over one pixel inside the picture.</summary>
    public void Blend(int x, int y, Color color, float opacity) => Blend(((y * width) + x) * 3, color, opacity);

    /// <summary>Draws the outline of a rectangle with rounded corners, inwards from its edges.</summary>
    public void Frame(Area box, int thickness, float radius, Color color, float opacity) => Frame(box, thickness, radius, color, opacity, Bounds);

    /// <summary>Draws the part of the outline of a rectangle that lies in another one.</summary>
    public void Frame(Area box, int thickness, float radius, Color color, float opacity, Area clip)
    {
        // Only strips along the edges are looked at: boxes are large and lines are thin.
        int reach = Math.Max(thickness, (int)Math.Ceiling(radius));
        Area middle = new(box.Left, box.Top + reach, box.Right, box.Bottom - reach);
        if (middle.Height <= 0 || box.Width <= 2 * reach)
        {
            Draw(box.Intersect(clip), color, opacity, Ring);
            return;
        }

        Draw((box with { Bottom = middle.Top }).Intersect(clip), color, opacity, Ring);
        Draw((box with { Top = middle.Bottom }).Intersect(clip), color, opacity, Ring);
        Draw((middle with { Right = box.Left + reach }).Intersect(clip), color, opacity, Ring);
        Draw((middle with { Left = box.Right - reach }).Intersect(clip), color, opacity, Ring);

        void Ring(CoverageMask mask)
        {
            mask.RoundedRectangle(box, new Corners(radius));
            Area hole = box.Grow(-thickness);
            if (!hole.IsEmpty)
                mask.RoundedRectangle(hole, new Corners(Math.Max(0, radius - thickness)), isHole: true);
        }
    }

    private void Blend(int at, Color color, float opacity)
    {
        rgb[at] = Mix(rgb[at], color.R, opacity);
        rgb[at + 1] = Mix(rgb[at + 1], color.G, opacity);
        rgb[at + 2] = Mix(rgb[at + 2], color.B, opacity);
    }

    private static byte Mix(byte below, byte above, float opacity) => (byte)(below + ((above - below) * opacity) + 0.5f);
}
