namespace PaliSharp.Imaging.Drawing;

/// <summary>A colour of 8 bits a channel.</summary>
/// <param name="R">Red.</param>
/// <param name="G">Green.</param>
/// <param name="B">Blue.</param>
public readonly record struct Color(byte R, byte G, byte B);

/// <summary>Colours that stay distinguishable for people with any common colour blindness (after Okabe and Ito).</summary>
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
    ];

    /// <summary>All the colours, the most different first.</summary>
    public static ReadOnlySpan<Color> Colors => Values;

    /// <summary>The colour of an index; the palette repeats.</summary>
    /// <param name="index">Any number.</param>
    public static Color Get(int index) => Values[(int)((uint)index % (uint)Values.Length)];
}
