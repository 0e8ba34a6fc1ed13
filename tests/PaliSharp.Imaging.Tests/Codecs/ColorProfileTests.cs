using PaliSharp.Fuzz;

namespace PaliSharp.Imaging.Tests.Codecs;

public class ColorProfileTests
{
    private static readonly byte[] Colors =
        [0, 0, 0, 255, 255, 255, 128, 128, 128, 200, 100, 50, 10, 20, 30, 0, 255, 0, 90, 160, 220, 250, 5, 130, 64, 64, 200, 33, 180, 77];

    private static readonly double[][] Colorants = [[0.55, 0.28, 0.015], [0.25, 0.65, 0.08], [0.16, 0.07, 0.73]];

    // Little CMS 2 (relative colorimetric) for a profile with the same matrix and sRGB's formula as curves.
    private static readonly byte[] Converted =
        [0, 0, 0, 255, 255, 255, 128, 128, 128, 226, 100, 46, 5, 20, 30, 0, 255, 0, 10, 160, 222, 255, 5, 133, 64, 64, 203, 0, 180, 68];

    [Fact]
    public void Wide_colors_become_those_of_a_colour_management_system()
    {
        (byte[] converted, bool isApplied) = Convert(Colors, Carrier.MakeProfile(isCurve: false));
        Assert.True(isApplied);
        for (int i = 0; i < Colors.Length; i++)
            Assert.True(Math.Abs(Converted[i] - converted[i]) <= 1, $"sample {i}: {converted[i]}, expected {Converted[i]}");
    }

    [Fact]
    public void Any_matrix_and_curves_convert_as_in_double_precision() => Properties.Hold(400, (0, int.MaxValue - 1), (0, 6), (0, 6), (seed, first, second) =>
    {
        var random = new Random(seed);

        // Primaries of about sRGB's to those of the widest spaces, with the white of profiles as their sum up to a tenth.
        double[][] colorants = [.. Colorants.Select(column => (double[])[.. column.Select(value => value * (0.9 + (0.2 * random.NextDouble())))])];
        var reference = new ColorProfileReference(colorants, [Curve(first, random), Curve(second, random), Curve(random.Next(7), random)]);
        byte[] colors = new byte[3 * 500];
        random.NextBytes(colors);
        (byte[] converted, bool isApplied) = Convert(colors, reference.ToBytes());
        for (int i = 0; i < colors.Length; i += 3)
        {
            double[] expected = reference.Convert(colors[i], colors[i + 1], colors[i + 2]);

            // Rounding is half a level. Linear light is looked up in 16384 steps; where sRGB is steepest, half a step is 0.1 levels.
            for (int c = 0; c < 3; c++)
                Assert.True(Math.Abs(expected[c] - converted[i + c]) <= 0.61, $"{expected[c]} became {converted[i + c]}");
        }

        return isApplied;
    });

    [Fact]
    public void Profiles_are_kept_and_applied_only_when_asked()
    {
        byte[] profile = Carrier.MakeProfile(isCurve: true);
        byte[] file = Carrier.WithProfile(profile);
        Image stored = Image.Decode(file);
        Assert.Equal(profile, stored.Metadata.IccProfile.ToArray());
        Image converted = Image.Decode(file, new ImageDecoderOptions { ConvertToSrgb = true });
        Assert.NotEqual(stored.Pixels.ToArray(), converted.Pixels.ToArray());
        Assert.True(converted.Metadata.IccProfile.IsEmpty);
    }

    [Fact]
    public void Damaged_and_other_profiles_change_nothing()
    {
        byte[] profile = Carrier.MakeProfile(isCurve: false);
        for (int length = 0; length < profile.Length; length++)
            Assert.Null(Metadata.ColorProfile.Parse(profile.AsSpan(0, length)));
        profile[16] = (byte)'C';
        (byte[] pixels, bool isApplied) = Convert(Colors, profile);
        Assert.Equal(Colors, pixels);
        Assert.False(isApplied);
    }

    [Fact]
    public void Any_bytes_are_a_profile_or_none() => Properties.Hold(2000, (0, int.MaxValue - 1), (1, 20), (0, 1), (seed, changes, kind) =>
    {
        var random = new Random(seed);
        byte[] profile = Carrier.MakeProfile(kind == 0);
        for (int i = 0; i < changes; i++)
            profile[random.Next(profile.Length)] = (byte)random.Next(256);
        return Convert(Colors, profile).Pixels.Length == Colors.Length;
    });

    /// <summary>A curve of each kind that profiles have.</summary>
    private static ToneCurve Curve(int kind, Random random)
    {
        double exponent = 1 + (2 * random.NextDouble());
        double slope = 0.5 + (0.5 * random.NextDouble());
        double offset = 0.2 * random.NextDouble();
        double border = 0.1 * random.NextDouble();
        return kind switch
        {
            0 => ToneCurve.Table([.. Enumerable.Range(0, random.Next(2, 1200)).Select(_ => random.Next(65536)).Order()]),
            1 => ToneCurve.Exponent(random.Next(200, 800)),
            2 => ToneCurve.Formula(0, [exponent]),
            3 => ToneCurve.Formula(1, [exponent, slope + offset, -offset]),
            4 => ToneCurve.Formula(2, [exponent, slope, -offset, border]),
            5 => ToneCurve.Formula(3, [exponent, slope, offset, slope / 10, border]),
            _ => ToneCurve.Formula(4, [exponent, slope, offset, slope / 10, border, offset / 10, border / 10]),
        };
    }

    private static (byte[] Pixels, bool IsApplied) Convert(byte[] pixels, byte[] profile)
    {
        byte[] converted = [.. pixels];
        ImageMetadata metadata = ImageMetadata.ForPixels(pixels.Length / 3, 1) with { IccProfile = profile };
        return (converted, Metadata.ColorProfile.ToSrgb(converted, 3, metadata).IccProfile.IsEmpty);
    }
}
