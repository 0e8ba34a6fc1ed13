using PaliSharp.Fuzz;

namespace PaliSharp.Imaging.Tests.Codecs;

public class ColorProfileTests
{
    private static readonly byte[] Colors =
        [0, 0, 0, 255, 255, 255, 128, 128, 128, 200, 100, 50, 10, 20, 30, 0, 255, 0, 90, 160, 220, 250, 5, 130, 64, 64, 200, 33, 180, 77];

    // Little CMS 2 (relative colorimetric) for a profile with the same matrix and sRGB's formula as curves.
    private static readonly byte[] Converted =
        [0, 0, 0, 255, 255, 255, 128, 128, 128, 226, 100, 46, 5, 20, 30, 0, 255, 0, 10, 160, 222, 255, 5, 133, 64, 64, 203, 0, 180, 68];

    [Fact]
    public void Wide_colors_become_those_of_a_colour_management_system()
    {
        Image converted = Metadata.ColorProfile.ToSrgb(WithProfile(Carrier.MakeProfile(isCurve: false)));
        Assert.True(converted.Metadata.IccProfile.IsEmpty);
        for (int i = 0; i < Colors.Length; i++)
            Assert.True(Math.Abs(Converted[i] - converted.Pixels[i]) <= 1, $"sample {i}: {converted.Pixels[i]}, expected {Converted[i]}");
    }

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
        Assert.Equal(Colors, Metadata.ColorProfile.ToSrgb(WithProfile(profile)).Pixels.ToArray());
    }

    [Fact]
    public void Any_bytes_are_a_profile_or_none() => Properties.Hold(2000, (0, int.MaxValue - 1), (1, 20), (0, 1), (seed, changes, kind) =>
    {
        var random = new Random(seed);
        byte[] profile = Carrier.MakeProfile(kind == 0);
        for (int i = 0; i < changes; i++)
            profile[random.Next(profile.Length)] = (byte)random.Next(256);
        return Metadata.ColorProfile.ToSrgb(WithProfile(profile)).Pixels.Length == Colors.Length;
    });

    private static Image WithProfile(byte[] profile) =>
        Image.FromPixels(Colors.Length / 3, 1, Colors).WithMetadata(new ImageMetadata { OriginalWidth = Colors.Length / 3, OriginalHeight = 1, IccProfile = profile });
}
