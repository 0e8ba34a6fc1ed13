using PaliSharp.Imaging.Codecs.Png;

namespace PaliSharp.Imaging.Tests.Codecs;

/// <summary>The row filters against the formulas of the PNG specification, one byte after the other.</summary>
public class PngFilterTests
{
    private static readonly int[] Distances = [1, 2, 3, 4, 6, 8];

    [Fact]
    public void Undone_filters_equal_the_specification()
    {
        var random = new Random(17);
        foreach (int distance in Distances)
        {
            for (int length = 1; length < 60; length++)
            {
                for (int type = 0; type <= 4; type++)
                {
                    byte[] filtered = Bytes(random, length);
                    byte[] above = Bytes(random, length);
                    byte[] expected = new byte[length];
                    for (int i = 0; i < length; i++)
                        expected[i] = (byte)(filtered[i] + Prediction(type, expected, above, i, distance));

                    // What lies behind the row must stay, and what lay in it before must not matter.
                    byte[] actual = Bytes(random, length + 9);
                    byte[] behind = actual[length..];
                    PngFilters.Undo(type, filtered, above, actual, distance);
                    Assert.Equal(expected, actual[..length]);
                    Assert.Equal(behind, actual[length..]);
                }
            }
        }
    }

    [Fact]
    public void Applied_filters_equal_the_specification()
    {
        var random = new Random(18);
        foreach (int distance in (int[])[1, 3, 4])
        {
            for (int length = distance; length < 80; length += distance)
            {
                for (int type = 0; type <= 4; type++)
                {
                    byte[] row = Bytes(random, length);
                    byte[] above = Bytes(random, length);
                    byte[] expected = new byte[length];
                    for (int i = 0; i < length; i++)
                        expected[i] = (byte)(row[i] - Prediction(type, row, above, i, distance));
                    byte[] actual = new byte[length];
                    PngFilters.Apply(type, row, above, actual, distance);
                    Assert.Equal(expected, actual);
                }
            }
        }
    }

    [Fact]
    public void The_nearest_neighbour_is_found_for_all_levels()
    {
        // A pixel of one byte whose left neighbour is the first of its row: that one is any level, for what is above it is subtracted before.
        byte[] filtered = new byte[8];
        byte[] above = new byte[8];
        byte[] actual = new byte[8];
        for (int corner = 0; corner < 256; corner++)
        {
            for (int up = 0; up < 256; up++)
            {
                for (int left = 0; left < 256; left++)
                {
                    (above[0], above[1]) = ((byte)corner, (byte)up);
                    filtered[0] = (byte)(left - corner);
                    PngFilters.Undo(4, filtered, above, actual, 1);
                    if (actual[0] != left || actual[1] != Nearest(left, up, corner))
                        Assert.Fail($"left {left}, above {up}, corner {corner}: {actual[1]}");
                }
            }
        }
    }

    private static byte[] Bytes(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);

        // Extremes and equal neighbours decide ties.
        for (int i = 0; i < length; i++)
        {
            if (random.Next(3) == 0)
                bytes[i] = random.Next(3) switch { 0 => 0, 1 => 255, _ => 128 };
        }

        return bytes;
    }

    private static int Prediction(int type, byte[] row, byte[] above, int i, int distance)
    {
        int left = i < distance ? 0 : row[i - distance];
        int corner = i < distance ? 0 : above[i - distance];
        return type switch
        {
            0 => 0,
            1 => left,
            2 => above[i],
            3 => (left + above[i]) / 2,
            _ => Nearest(left, above[i], corner),
        };
    }

    private static int Nearest(int left, int above, int corner)
    {
        int estimate = left + above - corner;
        (int toLeft, int toAbove, int toCorner) = (Math.Abs(estimate - left), Math.Abs(estimate - above), Math.Abs(estimate - corner));
        if (toLeft <= toAbove && toLeft <= toCorner)
            return left;
        return toAbove <= toCorner ? above : corner;
    }
}
