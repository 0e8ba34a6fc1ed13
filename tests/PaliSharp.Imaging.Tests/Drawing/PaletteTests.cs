using PaliSharp.Imaging.Drawing;

namespace PaliSharp.Imaging.Tests.Drawing;

public class PaletteTests
{
    // Simulation of full colour blindness in linear light (Machado, Oliveira, Fernandes 2009), beside normal vision.
    private static readonly double[][] Visions =
    [
        [1, 0, 0, 0, 1, 0, 0, 0, 1],
        [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
        [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.011820, 0.042940, 0.968881],
        [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.303900],
    ];

    [Fact]
    public void There_are_at_least_ten_colours_and_they_repeat()
    {
        Assert.True(Palette.Colors.Length >= 10);
        Assert.Equal(Palette.Colors.Length, Palette.Colors.ToArray().Distinct().Count());
        Assert.Equal(Palette.Get(1), Palette.Get(1 + Palette.Colors.Length));
        _ = Palette.Get(int.MinValue);
    }

    [Fact]
    public void Colours_differ_for_colour_blind_people_too()
    {
        Color[] colors = Palette.Colors.ToArray();
        for (int i = 0; i < colors.Length; i++)
        {
            for (int k = 0; k < i; k++)
            {
                foreach (double[] vision in Visions)
                {
                    // A difference of 2 can just be seen side by side; 10 is another colour.
                    double difference = Difference(Lab(colors[i], vision), Lab(colors[k], vision));
                    Assert.True(difference > 15, $"{colors[i]} and {colors[k]} differ by {difference:F1}");
                }
            }
        }
    }

    [Fact]
    public void Text_is_readable_on_every_colour()
    {
        Assert.Equal(21, ColorContrast.Ratio(new Color(0, 0, 0), new Color(255, 255, 255)), 1e-9);
        foreach (Color color in Palette.Colors)
            Assert.True(ColorContrast.Ratio(color, ColorContrast.TextOn(color)) >= 4.5);
        Properties.Hold(300, (0, 255), (0, 255), (0, 255), (r, g, b) =>
        {
            var color = new Color((byte)r, (byte)g, (byte)b);
            return ColorContrast.Ratio(color, ColorContrast.TextOn(color)) >= 4.5;
        });
    }

    private static double Difference((double L, double A, double B) x, (double L, double A, double B) y) =>
        Math.Sqrt(Math.Pow(x.L - y.L, 2) + Math.Pow(x.A - y.A, 2) + Math.Pow(x.B - y.B, 2));

    private static (double L, double A, double B) Lab(Color color, double[] vision)
    {
        double[] linear = [Linear(color.R), Linear(color.G), Linear(color.B)];
        double[] seen = new double[3];
        for (int i = 0; i < 3; i++)
            seen[i] = Math.Clamp((vision[3 * i] * linear[0]) + (vision[(3 * i) + 1] * linear[1]) + (vision[(3 * i) + 2] * linear[2]), 0, 1);
        double x = Curve(((0.4124 * seen[0]) + (0.3576 * seen[1]) + (0.1805 * seen[2])) / 0.95047);
        double y = Curve((0.2126 * seen[0]) + (0.7152 * seen[1]) + (0.0722 * seen[2]));
        double z = Curve(((0.0193 * seen[0]) + (0.1192 * seen[1]) + (0.9505 * seen[2])) / 1.08883);
        return ((116 * y) - 16, 500 * (x - y), 200 * (y - z));
    }

    private static double Linear(byte level) => level <= 10 ? level / 255.0 / 12.92 : Math.Pow(((level / 255.0) + 0.055) / 1.055, 2.4);

    private static double Curve(double t) => t > 0.008856 ? Math.Cbrt(t) : (7.787 * t) + (16 / 116.0);
}
