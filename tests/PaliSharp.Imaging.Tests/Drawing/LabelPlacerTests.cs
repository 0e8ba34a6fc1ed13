using PaliSharp.Imaging.Drawing;

namespace PaliSharp.Imaging.Tests.Drawing;

public class LabelPlacerTests
{
    private static readonly Area Picture = new(0, 0, 640, 480);

    [Fact]
    public void A_label_stands_on_its_box()
    {
        var box = new Area(100, 100, 300, 300);
        Assert.Equal(new Area(100, 82, 180, 102), new LabelPlacer(Picture, [box], 2).Place(box, 80, 20));
    }

    [Fact]
    public void At_the_upper_edge_it_goes_inside_and_small_boxes_are_not_hidden()
    {
        var large = new Area(100, 5, 300, 300);
        Assert.Equal(new Area(100, 5, 180, 25), new LabelPlacer(Picture, [large], 2).Place(large, 80, 20));
        var small = new Area(100, 5, 190, 30);
        Assert.Equal(28, new LabelPlacer(Picture, [small], 2).Place(small, 80, 20).Top);
    }

    [Fact]
    public void Boxes_at_the_same_place_get_labels_side_by_side()
    {
        var box = new Area(200, 200, 320, 300);
        Area[] boxes = [.. Enumerable.Repeat(box, 30)];
        var placer = new LabelPlacer(Picture, boxes, 2);
        AssertApart([.. boxes.Select(b => placer.Place(b, 90, 22))]);
    }

    [Fact]
    public void Labels_stay_in_the_picture_and_apart_where_there_is_room() => Properties.Hold(60, (0, 1_000_000), (1, 25), (0, 0), (seed, count, _) =>
    {
        var random = new Random(seed);
        Area[] boxes = new Area[count];
        for (int i = 0; i < count; i++)
        {
            int x = random.Next(630);
            int y = random.Next(470);
            boxes[i] = new Area(x, y, random.Next(x + 1, 641), random.Next(y + 1, 481));
        }

        var placer = new LabelPlacer(Picture, boxes, 2);
        AssertApart([.. boxes.Select(box => placer.Place(box, random.Next(20, 110), 20))]);
        return true;
    });

    [Fact]
    public void Crowds_that_do_not_fit_still_stay_in_the_picture()
    {
        var small = new Area(0, 0, 64, 48);
        Area[] boxes = [.. Enumerable.Range(0, 50).Select(i => new Area(i, i % 40, i + 10, (i % 40) + 8))];
        var placer = new LabelPlacer(small, boxes, 1);
        Assert.All(boxes, box => Assert.Equal(40 * 12, placer.Place(box, 40, 12).Overlap(small)));
    }

    private static void AssertApart(Area[] labels)
    {
        for (int i = 0; i < labels.Length; i++)
        {
            Assert.Equal(labels[i].Pixels, labels[i].Overlap(Picture));
            for (int k = 0; k < i; k++)
                Assert.Equal(0, labels[i].Overlap(labels[k]));
        }
    }
}
