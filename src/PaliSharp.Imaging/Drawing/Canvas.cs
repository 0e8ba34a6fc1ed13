namespace PaliSharp.Imaging.Drawing;

/// <summary>RGB pixels that can be drawn on. Everything is clipped to them.</summary>
internal readonly struct Canvas(byte[] rgb, int width, int height)
{
    /// <summary>Fills a rectangle; right and bottom are exclusive.</summary>
    public void Fill(int left, int top, int right, int bottom, Color color)
    {
        left = Math.Max(left, 0);
        top = Math.Max(top, 0);
        right = Math.Min(right, width);
        bottom = Math.Min(bottom, height);
        for (int y = top; y < bottom; y++)
        {
            for (int x = left, at = ((y * width) + left) * 3; x < right; x++, at += 3)
                (rgb[at], rgb[at + 1], rgb[at + 2]) = (color.R, color.G, color.B);
        }
    }

    /// <summary>Draws the outline of a rectangle, inwards from its edges.</summary>
    public void Frame(int left, int top, int right, int bottom, int thickness, Color color)
    {
        int across = Math.Min(thickness, right - left);
        int down = Math.Min(thickness, bottom - top);
        Fill(left, top, right, top + down, color);
        Fill(left, bottom - down, right, bottom, color);
        Fill(left, top, left + across, bottom, color);
        Fill(right - across, top, right, bottom, color);
    }
}
