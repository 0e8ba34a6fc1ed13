using PaliSharp.Imaging.Drawing;

namespace PaliSharp.Imaging.Tests.Drawing;

public class BoxDrawingTests
{
    [Fact]
    public void A_box_is_a_coloured_line_between_dark_ones()
    {
        Image image = TestPictures.Solid(400, 400, 255, 255, 255);
        Image drawn = image.DrawBoxes([new DrawnBox(100, 100, 300, 300, 2)]);
        Color color = Palette.Get(2);
        Assert.Equal((color.R, color.G, color.B), TestPictures.At(drawn, 200, 100));
        Assert.Equal((color.R, color.G, color.B), TestPictures.At(drawn, 299, 200));
        Assert.Equal(((byte)16, (byte)16, (byte)16), TestPictures.At(drawn, 99, 200));
        Assert.Equal(((byte)255, (byte)255, (byte)255), TestPictures.At(drawn, 200, 200));
        Assert.Equal(((byte)255, (byte)255, (byte)255), TestPictures.At(drawn, 90, 200));
        Assert.Equal(255, image.Pixels[((100 * 400) + 200) * 3]);
    }

    [Fact]
    public void Lines_grow_with_the_picture()
    {
        Assert.Equal(1, BoxDrawing.LineWidth(1, 1));
        Assert.Equal(1, BoxDrawing.LineWidth(64, 64));
        Assert.Equal(3, BoxDrawing.LineWidth(640, 480));
        Assert.Equal(20, BoxDrawing.LineWidth(4000, 4000));
    }

    [Fact]
    public void Boxes_that_leave_the_picture_run_along_its_edge()
    {
        Image drawn = TestPictures.Solid(100, 50, 0, 0, 0).DrawBoxes([new DrawnBox(-20, -20, 500, 500, 0)]);
        Color color = Palette.Get(0);
        Assert.Equal((color.R, color.G, color.B), TestPictures.At(drawn, 50, 0));
        Assert.Equal((color.R, color.G, color.B), TestPictures.At(drawn, 99, 49));
    }

    [Fact]
    public void Any_box_on_any_picture_is_drawn_without_error() => Properties.Hold(200, (1, 60), (1, 60), (0, 100_000), (width, height, seed) =>
    {
        var random = new Random(seed);
        double[] odd = [double.NaN, double.PositiveInfinity, -1e300, 1e300, 0];
        double Coordinate() => random.Next(6) == 0 ? odd[random.Next(odd.Length)] : (random.NextDouble() * 120) - 30;
        DrawnBox[] boxes = new DrawnBox[5];
        for (int i = 0; i < boxes.Length; i++)
            boxes[i] = new DrawnBox(Coordinate(), Coordinate(), Coordinate(), Coordinate(), random.Next(int.MinValue, int.MaxValue));
        return TestPictures.Random(width, height, 3, 0).DrawBoxes(boxes).Width == width;
    });

    [Fact]
    public void Palette_colours_differ_and_repeat()
    {
        Assert.Equal(Palette.Colors.Length, Palette.Colors.ToArray().Distinct().Count());
        Assert.Equal(Palette.Get(1), Palette.Get(1 + Palette.Colors.Length));
    }
}
