using PaliSharp.Imaging.Drawing;

namespace PaliSharp.Imaging.Tests.Drawing;

public class CoverageMaskTests
{
    [Fact]
    public void A_rectangle_covers_exactly_its_area()
    {
        double[,] coverage = Draw(10, 10, mask => mask.Rectangle(2.25f, 3.5f, 6.75f, 7.25f));
        Assert.Equal(4.5 * 3.75, Sum(coverage), 1e-4);
        Assert.Equal(1, coverage[5, 4], 1e-5);
        Assert.Equal(0.75, coverage[5, 2], 1e-5);
        Assert.Equal(0.5, coverage[3, 4], 1e-5);
        Assert.Equal(0.75 * 0.5, coverage[3, 2], 1e-5);
        Assert.Equal(0, coverage[5, 7], 1e-5);
    }

    [Fact]
    public void Any_triangle_covers_its_area() => Properties.Hold(300, (0, 1_000_000), (0, 0), (0, 0), (seed, _, _) =>
    {
        var random = new Random(seed);
        float Coordinate() => (float)(random.NextDouble() * 30);
        (float X, float Y) a = (Coordinate(), Coordinate());
        (float X, float Y) b = (Coordinate(), Coordinate());
        (float X, float Y) c = (Coordinate(), Coordinate());
        double area = Math.Abs(((b.X - a.X) * (c.Y - a.Y)) - ((c.X - a.X) * (b.Y - a.Y))) / 2.0;
        double[,] coverage = Draw(30, 30, mask =>
        {
            mask.Line(a.X, a.Y, b.X, b.Y);
            mask.Line(b.X, b.Y, c.X, c.Y);
            mask.Line(c.X, c.Y, a.X, a.Y);
        });
        return Math.Abs(Sum(coverage) - area) < 0.1;
    });

    [Fact]
    public void Shapes_that_leave_the_region_are_cut_at_its_edges()
    {
        Assert.Equal(100, Sum(Draw(10, 10, mask => mask.Rectangle(-50, -50, 50, 50))), 1e-3);
        Assert.Equal(25, Sum(Draw(10, 10, mask => mask.Rectangle(-50, -50, 5, 5))), 1e-3);
        Assert.Equal(0, Sum(Draw(10, 10, mask => mask.Rectangle(20, 0, 30, 10))), 1e-3);
        Assert.Equal(0, Sum(Draw(10, 10, mask => mask.Rectangle(-20, 0, -5, 10))), 1e-3);

        // Half of the square lies under the diagonal.
        Assert.Equal(50, Sum(Draw(10, 10, mask =>
        {
            mask.Line(-10, -10, 20, 20);
            mask.Line(20, 20, -10, 20);
            mask.Line(-10, 20, -10, -10);
        })), 1e-3);
    }

    [Fact]
    public void Round_shapes_have_the_area_of_a_circle()
    {
        var area = new Area(5, 5, 25, 25);
        double circle = Math.PI * 100;
        Assert.Equal(circle, Sum(Draw(30, 30, mask => mask.RoundedRectangle(area, new Corners(10)))), 2.0);
        Assert.Equal(circle, Sum(Draw(30, 30, mask => mask.Stroke(15, 15, 15, 15, 20))), 4.0);
        Assert.Equal(400 - circle, Sum(Draw(30, 30, mask =>
        {
            mask.RoundedRectangle(area, new Corners(0));
            mask.RoundedRectangle(area, new Corners(10), isHole: true);
        })), 2.0);
    }

    [Fact]
    public void Overlapping_strokes_are_one_shape()
    {
        double[,] coverage = Draw(30, 30, mask =>
        {
            mask.Stroke(5, 15, 25, 15, 4);
            mask.Stroke(5, 15, 25, 15, 4);
            mask.Stroke(15, 5, 15, 25, 4);
        });
        Assert.Equal(1, coverage[15, 15], 1e-4);
        Assert.Equal(1, coverage[15, 20], 1e-4);
        Assert.Equal(0, coverage[20, 20], 1e-4);
        Assert.Equal((20 * 4 * 2) + (2 * Math.PI * 4) - 16, Sum(coverage), 3.0);
    }

    [Fact]
    public void Absurd_coordinates_are_harmless() => _ = Draw(5, 5, mask =>
    {
        float[] odd = [float.NaN, float.PositiveInfinity, 1e30f, -1e30f, float.MaxValue, 0, 2.5f];
        foreach (float x in odd)
        {
            foreach (float y in odd)
            {
                mask.Line(x, y, y, x);
                mask.Line(1, y, x, 3);
                mask.Stroke(x, y, 1, 1, 2);
            }
        }
    });

    private static double[,] Draw(int width, int height, Action<CoverageMask> draw)
    {
        var mask = new CoverageMask(new Area(0, 0, width, height));
        draw(mask);
        double[,] result = new double[height, width];
        float[] row = new float[width];
        for (int y = 0; y < height; y++)
        {
            mask.ReadRow(y, row);
            for (int x = 0; x < width; x++)
                result[y, x] = row[x];
        }

        return result;
    }

    private static double Sum(double[,] coverage) => coverage.Cast<double>().Sum();
}
