using System.Buffers.Binary;

namespace PaliSharp.Imaging.Tests.Codecs;

/// <summary>One tone curve of a profile: as it stands in the file, and as a function in double precision.</summary>
internal sealed record ToneCurve(byte[] Tag, Func<double, double> Linear)
{
    /// <summary>A table of levels of 16 bits, between which one draws straight lines.</summary>
    public static ToneCurve Table(int[] levels)
    {
        byte[] tag = [.. "curv\0\0\0\0"u8, .. ColorProfileReference.BigEndian(levels.Length), .. levels.SelectMany(level => (byte[])[(byte)(level >> 8), (byte)level])];
        return new ToneCurve(tag, x =>
        {
            if (levels.Length == 0)
                return x;
            double position = x * (levels.Length - 1);
            int lower = (int)Math.Floor(position);
            int upper = Math.Min(lower + 1, levels.Length - 1);
            return (levels[lower] + ((levels[upper] - levels[lower]) * (position - lower))) / 65535;
        });
    }

    /// <summary>A lone exponent, in 256ths.</summary>
    public static ToneCurve Exponent(int exponent) =>
        new([.. "curv\0\0\0\0"u8, .. ColorProfileReference.BigEndian(1), (byte)(exponent >> 8), (byte)exponent], x => Math.Pow(x, exponent / 256.0));

    /// <summary>A formula of the kinds 0 to 4 of ICC.1:2022, 10.18, with its parameters g a b c d e f in the order of the file.</summary>
    public static ToneCurve Formula(int kind, double[] parameters)
    {
        int[] stored = [.. parameters.Select(p => (int)Math.Round(p * 65536))];
        byte[] tag = [.. "para\0\0\0\0"u8, 0, (byte)kind, 0, 0, .. stored.SelectMany(ColorProfileReference.BigEndian)];
        double[] p = [.. stored.Select(value => value / 65536.0)];
        return new ToneCurve(tag, kind switch
        {
            0 => x => Math.Pow(x, p[0]),
            1 => x => x >= -p[2] / p[1] ? Math.Pow((p[1] * x) + p[2], p[0]) : 0,
            2 => x => x >= -p[2] / p[1] ? Math.Pow((p[1] * x) + p[2], p[0]) + p[3] : p[3],
            3 => x => x >= p[4] ? Math.Pow((p[1] * x) + p[2], p[0]) : p[3] * x,
            _ => x => x >= p[4] ? Math.Pow((p[1] * x) + p[2], p[0]) + p[5] : (p[3] * x) + p[6],
        });
    }
}

/// <summary>
/// Profiles of matrix and curves, converted to sRGB in double precision from the definitions alone: the curves as functions, and the matrix to sRGB from
/// the chromaticities of its primaries and Bradford's adaptation to the white of the connection space.
/// </summary>
/// <param name="Colorants">The columns of the matrix to XYZ: red, green, blue.</param>
/// <param name="Curves">The tone curves of red, green and blue.</param>
internal sealed record ColorProfileReference(double[][] Colorants, ToneCurve[] Curves)
{
    private static readonly double[][] Bradford = [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]];
    private static readonly double[][] FromXyz = Inverse(SrgbToXyz());

    /// <summary>The profile as a file.</summary>
    public byte[] ToBytes()
    {
        string[] names = ["rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC"];
        byte[] header = new byte[128];
        "RGB XYZ "u8.CopyTo(header.AsSpan(16));
        "acsp"u8.CopyTo(header.AsSpan(36));
        List<byte> directory = [.. BigEndian(names.Length)];
        List<byte> body = [];
        for (int i = 0; i < names.Length; i++)
        {
            byte[] tag = i < 3 ? [.. "XYZ \0\0\0\0"u8, .. Colorants[i].SelectMany(value => BigEndian((int)Math.Round(value * 65536)))] : Curves[i - 3].Tag;
            directory.AddRange([.. System.Text.Encoding.ASCII.GetBytes(names[i]), .. BigEndian(132 + (12 * names.Length) + body.Count), .. BigEndian(tag.Length)]);
            body.AddRange(tag);
        }

        byte[] profile = [.. header, .. directory, .. body];
        BinaryPrimitives.WriteInt32BigEndian(profile, profile.Length);
        return profile;
    }

    /// <summary>The levels of a pixel in sRGB, not rounded.</summary>
    public double[] Convert(byte red, byte green, byte blue)
    {
        double[] linear = [.. ((byte[])[red, green, blue]).Select((level, i) => Math.Clamp(Curves[i].Linear(level / 255.0), 0, 1))];
        double[] xyz = [.. Enumerable.Range(0, 3).Select(row => Enumerable.Range(0, 3).Sum(i => Math.Round(Colorants[i][row] * 65536) / 65536 * linear[i]))];
        return [.. Times(FromXyz, xyz).Select(value => 255 * Encode(Math.Clamp(value, 0, 1)))];
    }

    /// <summary>Four bytes, the highest first.</summary>
    public static byte[] BigEndian(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    private static double Encode(double linear) => linear <= 0.0031308 ? 12.92 * linear : (1.055 * Math.Pow(linear, 1 / 2.4)) - 0.055;

    /// <summary>IEC 61966-2-1: primaries and white by chromaticity; adapted to D50, the white of profiles.</summary>
    private static double[][] SrgbToXyz()
    {
        double[][] primaries = [Xyz(0.64, 0.33), Xyz(0.30, 0.60), Xyz(0.15, 0.06)];
        double[] white = Xyz(0.3127, 0.3290);
        double[] whiteOfProfiles = [0.9642, 1, 0.8249];
        double[][] columns = [.. Enumerable.Range(0, 3).Select(row => (double[])[primaries[0][row], primaries[1][row], primaries[2][row]])];
        double[] strengths = Times(Inverse(columns), white);
        double[][] toXyz = [.. columns.Select(row => (double[])[row[0] * strengths[0], row[1] * strengths[1], row[2] * strengths[2]])];
        double[] from = Times(Bradford, white);
        double[] to = Times(Bradford, whiteOfProfiles);
        double[][] gains = [[to[0] / from[0], 0, 0], [0, to[1] / from[1], 0], [0, 0, to[2] / from[2]]];
        return Times(Times(Inverse(Bradford), Times(gains, Bradford)), toXyz);
    }

    private static double[] Xyz(double x, double y) => [x / y, 1, (1 - x - y) / y];

    private static double[] Times(double[][] m, double[] v) => [.. m.Select(row => (row[0] * v[0]) + (row[1] * v[1]) + (row[2] * v[2]))];

    private static double[][] Times(double[][] a, double[][] b) =>
        [.. a.Select(row => (double[])[.. Enumerable.Range(0, 3).Select(column => (row[0] * b[0][column]) + (row[1] * b[1][column]) + (row[2] * b[2][column]))])];

    private static double[][] Inverse(double[][] m)
    {
        double Minor(int row, int column)
        {
            int[] rows = [.. Enumerable.Range(0, 3).Where(i => i != row)];
            int[] columns = [.. Enumerable.Range(0, 3).Where(i => i != column)];
            return (m[rows[0]][columns[0]] * m[rows[1]][columns[1]]) - (m[rows[0]][columns[1]] * m[rows[1]][columns[0]]);
        }

        double determinant = (m[0][0] * Minor(0, 0)) - (m[0][1] * Minor(0, 1)) + (m[0][2] * Minor(0, 2));
        return [.. Enumerable.Range(0, 3).Select(row => (double[])[.. Enumerable.Range(0, 3).Select(column => ((row + column) % 2 == 0 ? 1 : -1) * Minor(column, row) / determinant)])];
    }
}
