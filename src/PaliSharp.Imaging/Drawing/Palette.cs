namespace PaliSharp.Imaging.Drawing;

/// <summary>A colour of 8 bits a channel.</summary>
/// <param name="R">Red.</param>
/// <param name="G">Green.</param>
/// <param name="B">Blue.</param>
public readonly record struct Color(byte R, byte G, byte B);

/// <summary>
/// Colours that stay distinguishable for people with any common colour blindness: the seven of Okabe and Ito, then five chosen so that the
/// smallest difference in simulated vision (protanopia, deuteranopia, tritanopia) does not become smaller.
/// </summary>
public static class Palette
{
    private static readonly Color[] Values =
    [
        new(230, 159, 0), // orange
        new(86, 180, 233), // sky blue
        new(0, 158, 115), // bluish green
        new(240, 228, 66), // yellow
        new(0, 114, 178), // blue
        new(213, 94, 0), // vermilion
        new(204, 121, 167), // reddish purple
        new(136, 30, 240), // violet
        new(232, 0, 72), // crimson
        new(112, 40, 0), // brown
        new(192, 240, 168), // pale green
        new(0, 232, 232), // cyan
    ];

    /// <summary>All the colours, at least ten; those for common use first.</summary>
    public static ReadOnlySpan<Color> Colors => Values;

    /// <summary>The colour of an index; the palette repeats.</summary>
    /// <param name="index">Any number.</param>
    public static Color Get(int index) => Values[(int)((uint)index % (uint)Values.Length)];
}
