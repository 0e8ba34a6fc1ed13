using PaliSharp.Imaging.Drawing;

namespace PaliSharp.Imaging.Tests.Drawing;

public class AnnotatorTests
{
    private static readonly (byte, byte, byte) White = (255, 255, 255);

    [Fact]
    public void A_box_is_a_coloured_line_between_dark_ones()
    {
        Image image = TestPictures.Solid(400, 400, 255, 255, 255);
        Image drawn = image.DrawDetections([new BoxAnnotation(100, 100, 300, 300) { ColorIndex = 2 }]);
        Color color = Palette.Get(2);
        Assert.Equal(Rgb(color), TestPictures.At(drawn, 200, 100));
        Assert.Equal(Rgb(color), TestPictures.At(drawn, 299, 200));
        Assert.InRange(TestPictures.At(drawn, 99, 200).R, 100, 200);
        Assert.Equal(White, TestPictures.At(drawn, 200, 200));
        Assert.Equal(White, TestPictures.At(drawn, 90, 200));
        Assert.Equal(255, image.Pixels[((100 * 400) + 200) * 3]);
    }

    [Fact]
    public void A_label_is_a_tab_of_the_boxes_colour_with_readable_text()
    {
        Color blue = Palette.Get(4);
        Image drawn = TestPictures.Solid(400, 400, 255, 255, 255)
            .DrawDetections([new BoxAnnotation(100, 100, 300, 300) { Label = "cat", Score = 0.92, Color = blue }]);
        int tab = 0;
        int ink = 0;
        for (int y = 80; y < 99; y++)
        {
            for (int x = 100; x < 180; x++)
            {
                tab += TestPictures.At(drawn, x, y) == Rgb(blue) ? 1 : 0;
                ink += TestPictures.At(drawn, x, y) == White ? 1 : 0;
            }
        }

        Assert.InRange(tab, 300, 1500);
        Assert.True(ink > 10);
        Assert.NotEqual(
            drawn.Pixels.ToArray(),
            TestPictures.Solid(400, 400, 255, 255, 255)
                .DrawDetections([new BoxAnnotation(100, 100, 300, 300) { Label = "cat", Score = 0.93, Color = blue }]).Pixels.ToArray());
    }

    [Fact]
    public void Sizes_fit_the_picture()
    {
        Assert.Equal(1, new DrawingScale(DrawingStyle.Default, 1, 1).Line);
        Assert.Equal(1, new DrawingScale(DrawingStyle.Default, 112, 112).Line);
        Assert.Equal(2, new DrawingScale(DrawingStyle.Default, 640, 480).Line);
        Assert.InRange(new DrawingScale(DrawingStyle.Default, 4000, 3000).Line, 7, 12);
        Assert.InRange(new DrawingScale(DrawingStyle.Default, 112, 112).TextSize, 8, 12);
        Assert.InRange(new DrawingScale(DrawingStyle.Default, 4000, 3000).TextSize, 35, 60);
        Assert.Equal(5, new DrawingScale(new DrawingStyle { LineWidth = 5 }, 112, 112).Line);
    }

    [Fact]
    public void Boxes_that_leave_the_picture_run_along_its_edge()
    {
        Image drawn = TestPictures.Solid(100, 50, 0, 0, 0).DrawDetections([new BoxAnnotation(-20, -20, 500, 500)]);
        Assert.Equal(Rgb(Palette.Get(0)), TestPictures.At(drawn, 50, 0));
        Assert.Equal(Rgb(Palette.Get(0)), TestPictures.At(drawn, 99, 25));
    }

    [Fact]
    public void Equal_labels_have_equal_colours_and_others_have_others()
    {
        Image drawn = TestPictures.Solid(300, 300, 0, 0, 0).DrawDetections(
            [new(10, 50, 60, 100) { Label = "a" }, new(110, 50, 160, 100) { Label = "b" }, new(210, 50, 260, 100) { Label = "a" }],
            new DrawingStyle { DrawLabels = false });
        Assert.Equal(Rgb(Palette.Get(0)), TestPictures.At(drawn, 30, 50));
        Assert.Equal(Rgb(Palette.Get(1)), TestPictures.At(drawn, 130, 50));
        Assert.Equal(Rgb(Palette.Get(0)), TestPictures.At(drawn, 230, 50));
    }

    [Fact]
    public void Masks_are_translucent_with_a_line_around_them()
    {
        byte[] levels = new byte[40 * 40];
        levels.AsSpan().Fill(255);
        Image drawn = TestPictures.Solid(100, 100, 0, 0, 0).DrawMasks([new MaskAnnotation(30, 30, 40, 40, levels) { Color = new Color(200, 100, 0) }]);
        Assert.Equal((90, 45, 0), TestPictures.At(drawn, 50, 50));
        Assert.Equal((0, 0, 0), TestPictures.At(drawn, 20, 50));
        Assert.Equal((0, 0, 0), TestPictures.At(drawn, 75, 50));

        // One pixel wide, on both sides of the edge.
        Assert.True(TestPictures.At(drawn, 29, 50).R + TestPictures.At(drawn, 30, 50).R > 200);
        Image plain = TestPictures.Solid(100, 100, 0, 0, 0)
            .DrawMasks([new MaskAnnotation(30, 30, 40, 40, levels) { Color = new Color(200, 100, 0) }], new DrawingStyle { DrawContours = false });
        Assert.Equal((90, 45, 0), TestPictures.At(plain, 30, 50));
        Assert.Equal((0, 0, 0), TestPictures.At(plain, 29, 50));
    }

    [Fact]
    public void Labels_of_masks_bring_no_box_along()
    {
        byte[] levels = new byte[200 * 200];
        levels[(100 * 200) + 100] = 255;
        levels[0] = 255;
        levels[^1] = 255;
        Color color = new(200, 100, 0);
        var mask = new MaskAnnotation(5, 5, 200, 200, levels) { Color = color, Label = "a" };
        Image drawn = TestPictures.Solid(220, 220, 0, 0, 0).DrawMasks([mask], new DrawingStyle { DrawContours = false });

        // The tab lies in the upper left corner; right of it there is nothing.
        Assert.True(Count(drawn, color, 0, 0, 30, 30) > 50);
        Assert.Equal(0, Count(drawn, color, 35, 0, 180, 30));
        Assert.Equal(0, Count(drawn, color, 0, 35, 30, 180));
    }

    [Fact]
    public void Thin_masks_keep_their_contour()
    {
        byte[] levels = new byte[30 * 30];
        for (int i = 0; i < 30; i++)
            levels[(15 * 30) + i] = 255;
        var covered = new Area(0, 15, 30, 16);
        Assert.True(MaskContour.Trace(levels, 30, covered).Segments.Count > 50);
    }

    [Fact]
    public void Contours_are_closed() => Properties.Hold(100, (1, 12), (1, 12), (0, 1_000_000), (width, height, seed) =>
    {
        byte[] levels = new byte[width * height];
        var random = new Random(seed);
        for (int i = 0; i < levels.Length; i++)
            levels[i] = (byte)(random.Next(2) * 255);
        MaskContour contour = MaskContour.Trace(levels, width, new Area(0, 0, width, height));

        // Every end of a piece is the end of another one.
        var ends = new Dictionary<(float, float), int>();
        foreach ((float x0, float y0, float x1, float y1) in contour.Segments)
        {
            ends[(x0, y0)] = ends.GetValueOrDefault((x0, y0)) + 1;
            ends[(x1, y1)] = ends.GetValueOrDefault((x1, y1)) + 1;
        }

        return ends.Values.All(count => count % 2 == 0);
    });

    [Fact]
    public void A_legend_shows_its_colours_in_its_corner()
    {
        Image image = TestPictures.Solid(300, 200, 0, 0, 0);
        LegendEntry[] entries = [new("cat", 0), new("dog", 4)];
        foreach (LegendCorner corner in Enum.GetValues<LegendCorner>())
        {
            Image drawn = image.DrawLegend(entries, corner);
            bool isRight = corner is LegendCorner.BottomRight or LegendCorner.TopRight;
            bool isBottom = corner is LegendCorner.BottomRight or LegendCorner.BottomLeft;
            Assert.All(entries, entry => Assert.True(Count(drawn, entry.Color, isRight ? 150 : 0, isBottom ? 100 : 0, 150, 100) > 20));
            Assert.Equal((0, 0, 0), TestPictures.At(drawn, isRight ? 1 : 298, isBottom ? 1 : 198));
        }
    }

    [Fact]
    public void Any_annotation_on_any_picture_is_drawn_without_error() => Properties.Hold(250, (1, 70), (1, 70), (0, 1_000_000), (width, height, seed) =>
    {
        var random = new Random(seed);
        double[] odd = [double.NaN, double.PositiveInfinity, -1e300, 1e300, 0];
        string?[] labels = [null, string.Empty, " ", "cat", "a label much longer than any of these small pictures", "漢字 \U0001F600", "\0\uD800"];
        double Coordinate() => random.Next(6) == 0 ? odd[random.Next(odd.Length)] : (random.NextDouble() * 120) - 30;
        string? Label() => labels[random.Next(labels.Length)];
        BoxAnnotation[] boxes = new BoxAnnotation[5];
        for (int i = 0; i < boxes.Length; i++)
        {
            boxes[i] = new BoxAnnotation(Coordinate(), Coordinate(), Coordinate(), Coordinate())
            {
                Label = Label(),
                Score = random.Next(2) == 0 ? Coordinate() : null,
                ColorIndex = random.Next(2) == 0 ? random.Next(int.MinValue, int.MaxValue) : null,
            };
        }

        byte[] levels = new byte[20 * 10];
        random.NextBytes(levels);
        var mask = new MaskAnnotation(random.Next(-30, 80), random.Next(-30, 80), 20, 10, levels) { Label = Label() };
        var style = new DrawingStyle { LineWidth = random.Next(3) == 0 ? random.Next(1, 40) : null, TextSize = random.Next(3) == 0 ? random.Next(4, 90) : null };
        Image drawn = TestPictures.Random(width, height, 3 + (seed % 2), 0)
            .DrawMasks([mask], style)
            .DrawDetections(boxes, style)
            .DrawLegend(boxes.Select((box, i) => new LegendEntry(box.Label ?? string.Empty, i)), (LegendCorner)random.Next(4), style);
        return drawn.Width == width && drawn.Height == height && !drawn.HasAlpha;
    });

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        Image image = TestPictures.Solid(10, 10, 0, 0, 0);
        Assert.Throws<ArgumentException>(() => image.DrawMasks([new MaskAnnotation(0, 0, 3, 3, new byte[8])]));
        Assert.Throws<ArgumentOutOfRangeException>(() => image.DrawMasks([new MaskAnnotation(int.MaxValue, 0, 1, 1, new byte[1])]));
        Assert.Throws<ArgumentOutOfRangeException>(() => image.DrawDetections([], new DrawingStyle { LineWidth = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => image.DrawDetections([], new DrawingStyle { TextSize = float.NaN }));
        Assert.Throws<ArgumentOutOfRangeException>(() => image.DrawMasks([], new DrawingStyle { MaskOpacity = 1.5f }));
    }

    private static (byte, byte, byte) Rgb(Color color) => (color.R, color.G, color.B);

    private static int Count(Image image, Color color, int left, int top, int width, int height)
    {
        int count = 0;
        for (int y = top; y < top + height; y++)
        {
            for (int x = left; x < left + width; x++)
                count += TestPictures.At(image, x, y) == Rgb(color) ? 1 : 0;
        }

        return count;
    }
}
