namespace PaliSharp.Imaging.Drawing;

/// <summary>A rectangle of whole pixels; right and bottom are exclusive.</summary>
internal readonly record struct Area(int Left, int Top, int Right, int Bottom)
{
    public int Width => Right - Left;

    public int Height => Bottom - Top;

    public long Pixels => (long)Width * Height;

    public bool IsEmpty => Right <= Left || Bottom <= Top;

    public static Area Sized(int left, int top, int width, int height) => new(left, top, left + width, top + height);

    /// <summary>The part of a box inside a picture, at least one pixel; null for boxes without area in it.</summary>
    public static Area? Clip(double left, double top, double right, double bottom, int width, int height)
    {
        bool finite = double.IsFinite(left) && double.IsFinite(top) && double.IsFinite(right) && double.IsFinite(bottom);
        if (!finite || right <= left || bottom <= top || right <= 0 || bottom <= 0 || left >= width || top >= height)
            return null;
        int x = Math.Min((int)Math.Round(Math.Clamp(left, 0, width)), width - 1);
        int y = Math.Min((int)Math.Round(Math.Clamp(top, 0, height)), height - 1);
        return new Area(
            x,
            y,
            Math.Max((int)Math.Round(Math.Clamp(right, 0, width)), x + 1),
            Math.Max((int)Math.Round(Math.Clamp(bottom, 0, height)), y + 1));
    }

    public Area Grow(int by) => new(Left - by, Top - by, Right + by, Bottom + by);

    public Area Intersect(Area other) =>
        new(Math.Max(Left, other.Left), Math.Max(Top, other.Top), Math.Min(Right, other.Right), Math.Min(Bottom, other.Bottom));

    /// <summary>The number of common pixels.</summary>
    public long Overlap(Area other)
    {
        Area common = Intersect(other);
        return common.IsEmpty ? 0 : common.Pixels;
    }
}
