using System.Buffers.Binary;

namespace PaliSharp.Imaging.Metadata;

/// <summary>
/// An ICC profile of matrix and curves: three tone curves to linear light, and a matrix from there to the connection space (CIE XYZ under D50), as
/// cameras and screens have. Other kinds of profiles are not interpreted.
/// </summary>
internal sealed class ColorProfile
{
    private const int HeaderBytes = 128;
    private const int MaxTags = 200;
    private const int Levels = 16384;

    private static readonly Lazy<byte[]> Encoding = new(MakeEncoding);

    private readonly float[][] _curves;
    private readonly double[] _toXyz;

    private ColorProfile(float[][] curves, double[] toXyz)
    {
        _curves = curves;
        _toXyz = toXyz;
    }

    // From XYZ under the white of profiles (0.9642, 1, 0.8249) to linear sRGB: the inverse of sRGB's primaries, adapted from its white by Bradford's method.
    private static ReadOnlySpan<double> FromXyz =>
    [
        3.1341864, -1.6172090, -0.4906941,
        -0.9787485, 1.9161301, 0.0334334,
        0.0719639, -0.2289939, 1.4057537,
    ];

    /// <summary>Converts pixels to sRGB in place, if their profile can be applied. A profile of sRGB itself changes nothing.</summary>
    /// <param name="pixels">The pixels.</param>
    /// <param name="channels">3, or 4 with alpha, which stays.</param>
    /// <param name="metadata">Holds the profile.</param>
    /// <returns>The metadata without the profile that was applied.</returns>
    public static ImageMetadata ToSrgb(Span<byte> pixels, int channels, ImageMetadata metadata)
    {
        if (Parse(metadata.IccProfile.Span) is not { } profile)
            return metadata;
        profile.Convert(pixels, channels);
        return metadata with { IccProfile = ReadOnlyMemory<byte>.Empty };
    }

    /// <summary>Parses a profile; null when it is damaged or of another kind.</summary>
    public static ColorProfile? Parse(ReadOnlySpan<byte> data)
    {
        if (data.Length < HeaderBytes + 4 || !data[16..].StartsWith("RGB "u8) || !data[20..].StartsWith("XYZ "u8) || !data[36..].StartsWith("acsp"u8))
            return null;
        var toXyz = new double[9];
        var curves = new float[3][];
        ReadOnlySpan<uint> colorants = [0x7258595A, 0x6758595A, 0x6258595A]; // rXYZ, gXYZ, bXYZ
        ReadOnlySpan<uint> tones = [0x72545243, 0x67545243, 0x62545243]; // rTRC, gTRC, bTRC
        for (int i = 0; i < 3; i++)
        {
            ReadOnlySpan<byte> colorant = Tag(data, colorants[i]);
            if (colorant.Length < 20 || !colorant.StartsWith("XYZ "u8) || ReadCurve(Tag(data, tones[i])) is not { } curve)
                return null;
            for (int row = 0; row < 3; row++)
                toXyz[(3 * row) + i] = Fixed(colorant[(8 + (4 * row))..]);
            curves[i] = curve;
        }

        return new ColorProfile(curves, toXyz);
    }

    /// <summary>Converts pixels in place; alpha stays.</summary>
    private void Convert(Span<byte> pixels, int channels)
    {
        Span<float> m = stackalloc float[9];
        for (int row = 0; row < 3; row++)
        {
            for (int column = 0; column < 3; column++)
            {
                double sum = 0;
                for (int i = 0; i < 3; i++)
                    sum += FromXyz[(3 * row) + i] * _toXyz[(3 * i) + column];
                m[(3 * row) + column] = (float)sum;
            }
        }

        if (IsIdentity(m))
            return;
        byte[] encoding = Encoding.Value;
        for (int at = 0; at + channels <= pixels.Length; at += channels)
        {
            float r = _curves[0][pixels[at]];
            float g = _curves[1][pixels[at + 1]];
            float b = _curves[2][pixels[at + 2]];
            pixels[at] = Encode(encoding, (m[0] * r) + (m[1] * g) + (m[2] * b));
            pixels[at + 1] = Encode(encoding, (m[3] * r) + (m[4] * g) + (m[5] * b));
            pixels[at + 2] = Encode(encoding, (m[6] * r) + (m[7] * g) + (m[8] * b));
        }
    }

    private static byte Encode(byte[] encoding, float linear) => encoding[(int)((Math.Clamp(linear, 0f, 1f) * (Levels - 1)) + 0.5f)];

    private static byte[] MakeEncoding()
    {
        byte[] table = new byte[Levels];
        for (int i = 0; i < table.Length; i++)
        {
            double linear = i / (double)(Levels - 1);
            double encoded = linear <= 0.0031308 ? 12.92 * linear : (1.055 * Math.Pow(linear, 1 / 2.4)) - 0.055;
            table[i] = (byte)Math.Round(255 * encoded);
        }

        return table;
    }

    /// <summary>The linear light of an sRGB level of 0 to 1.</summary>
    private static double Linear(double encoded) => encoded <= 0.04045 ? encoded / 12.92 : Math.Pow((encoded + 0.055) / 1.055, 2.4);

    /// <summary>The content of a tag, or nothing when the profile has no such tag.</summary>
    private static ReadOnlySpan<byte> Tag(ReadOnlySpan<byte> data, uint signature)
    {
        uint count = Math.Min(BinaryPrimitives.ReadUInt32BigEndian(data[HeaderBytes..]), MaxTags);
        ReadOnlySpan<byte> entries = data[(HeaderBytes + 4)..];
        for (; count > 0 && entries.Length >= 12; count--, entries = entries[12..])
        {
            if (BinaryPrimitives.ReadUInt32BigEndian(entries) != signature)
                continue;
            uint offset = BinaryPrimitives.ReadUInt32BigEndian(entries[4..]);
            uint length = BinaryPrimitives.ReadUInt32BigEndian(entries[8..]);
            return offset <= data.Length && length <= data.Length - offset ? data.Slice((int)offset, (int)length) : default;
        }

        return default;
    }

    private static double Fixed(ReadOnlySpan<byte> data) => BinaryPrimitives.ReadInt32BigEndian(data) / 65536.0;

    /// <summary>The linear light of each of 256 levels; null when the curve is damaged or of an unknown kind.</summary>
    private static float[]? ReadCurve(ReadOnlySpan<byte> tag)
    {
        if (tag.Length < 12)
            return null;
        var curve = new float[256];
        Func<double, double>? function = tag.StartsWith("para"u8) ? ReadFormula(tag) : null;
        if (function is not null)
        {
            for (int i = 0; i < curve.Length; i++)
                curve[i] = (float)Math.Clamp(function(i / 255.0), 0, 1);
            return curve;
        }

        uint count = BinaryPrimitives.ReadUInt32BigEndian(tag[8..]);
        if (!tag.StartsWith("curv"u8) || count > (tag.Length - 12) / 2)
            return null;
        ReadOnlySpan<byte> values = tag[12..];
        for (int i = 0; i < curve.Length; i++)
        {
            double level = i / 255.0;
            curve[i] = count switch
            {
                0 => (float)level,
                1 => (float)Math.Pow(level, BinaryPrimitives.ReadUInt16BigEndian(values) / 256.0),
                _ => Interpolate(values, (int)count, level),
            };
        }

        return curve;
    }

    private static float Interpolate(ReadOnlySpan<byte> values, int count, double level)
    {
        double position = level * (count - 1);
        int lower = Math.Min((int)position, count - 2);
        double first = BinaryPrimitives.ReadUInt16BigEndian(values[(2 * lower)..]);
        double second = BinaryPrimitives.ReadUInt16BigEndian(values[((2 * lower) + 2)..]);
        return (float)((first + ((second - first) * (position - lower))) / 65535);
    }

    /// <summary>A parametric curve: (a·x + b)^g + e above d, and c·x + f below; simpler kinds leave parameters out.</summary>
    private static Func<double, double>? ReadFormula(ReadOnlySpan<byte> tag)
    {
        int kind = BinaryPrimitives.ReadUInt16BigEndian(tag[8..]);
        ReadOnlySpan<int> counts = [1, 3, 4, 5, 7];
        if (kind >= counts.Length || tag.Length < 12 + (4 * counts[kind]))
            return null;
        Span<double> p = stackalloc double[7];
        p.Clear();
        for (int i = 0; i < counts[kind]; i++)
            p[i] = Fixed(tag[(12 + (4 * i))..]);
        (double g, double a, double b, double c, double d, double e, double f) = kind switch
        {
            0 => (p[0], 1, 0, 0, 0, 0, 0),
            1 => (p[0], p[1], p[2], 0, p[1] == 0 ? 0 : -p[2] / p[1], 0, 0),
            2 => (p[0], p[1], p[2], 0, p[1] == 0 ? 0 : -p[2] / p[1], p[3], p[3]),
            3 => (p[0], p[1], p[2], p[3], p[4], 0, 0),
            _ => (p[0], p[1], p[2], p[3], p[4], p[5], p[6]),
        };
        return x => x >= d ? Finite(Math.Pow(Math.Max((a * x) + b, 0), g) + e) : (c * x) + f;
    }

    private static double Finite(double value) => double.IsFinite(value) ? value : 1;

    /// <summary>Whether matrix and curves are those of sRGB, up to the precision of profiles.</summary>
    private bool IsIdentity(ReadOnlySpan<float> m)
    {
        for (int i = 0; i < 9; i++)
        {
            if (Math.Abs(m[i] - (i % 4 == 0 ? 1 : 0)) > 0.002f)
                return false;
        }

        foreach (float[] curve in _curves)
        {
            for (int i = 0; i < 256; i++)
            {
                if (Math.Abs(curve[i] - Linear(i / 255.0)) > 0.002)
                    return false;
            }
        }

        return true;
    }
}
