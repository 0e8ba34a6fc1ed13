namespace PaliSharp.Imaging.Drawing;

/// <summary>Contrast as the Web Content Accessibility Guidelines define it.</summary>
internal static class ColorContrast
{
    private static readonly Color Black = new(0, 0, 0);
    private static readonly Color White = new(255, 255, 255);

    /// <summary>The contrast ratio of two colours, 1 to 21.</summary>
    public static double Ratio(Color a, Color b)
    {
        double first = Luminance(a);
        double second = Luminance(b);
        return (Math.Max(first, second) + 0.05) / (Math.Min(first, second) + 0.05);
    }

    /// <summary>Black or white, whichever reads better on a colour. One of the two always has a ratio of at least 4.5.</summary>
    public static Color TextOn(Color background) => Ratio(Black, background) >= Ratio(White, background) ? Black : White;

    private static double Luminance(Color color) => (0.2126 * Linear(color.R)) + (0.7152 * Linear(color.G)) + (0.0722 * Linear(color.B));

    private static double Linear(byte level)
    {
        double share = level / 255.0;
        return share <= 0.04045 ? share / 12.92 : Math.Pow((share + 0.055) / 1.055, 2.4);
    }
}
