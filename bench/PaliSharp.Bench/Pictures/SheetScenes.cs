using PaliSharp.Imaging;
using PaliSharp.Imaging.Drawing;
using PaliSharp.Imaging.Resampling;

namespace PaliSharp.Bench.Pictures;

/// <summary>The pictures of the contact sheet.</summary>
internal static class SheetScenes
{
    /// <summary>All scenes, from small pictures to large ones, then the difficult cases.</summary>
    /// <param name="photo">A photograph, scaled to the sizes needed.</param>
    public static IEnumerable<SheetScene> All(Image photo)
    {
        foreach ((int width, int height) in ((int, int)[])[(64, 48), (112, 84), (224, 168), (420, 315), (896, 672)])
            yield return new SheetScene("boxes", Ordinary(Scaled(photo, width, height)), width > 420 ? 2 : 1);
        yield return new SheetScene("boxes", Ordinary(Scaled(photo, 1920, 1440)), 2);
        Image large = Ordinary(Scaled(photo, 4000, 3000));
        yield return new SheetScene("boxes", large, 2);
        yield return new SheetScene("the upper left label of the 4000 pixels as it is", Part(large, 240, 420, 840, 630), 2);
        yield return new SheetScene("masks", Masks(Scaled(photo, 896, 672)), 2);
        yield return new SheetScene("masks and a legend", Legend(Scaled(photo, 896, 672)), 2);
        yield return new SheetScene("masks on white", Masks(Plain(420, 315, 255)));
        yield return new SheetScene("masks on black", Masks(Plain(420, 315, 0)));
        yield return new SheetScene("all colours on white", AllColors(Plain(420, 315, 255)));
        yield return new SheetScene("all colours on black", AllColors(Plain(420, 315, 0)));
        yield return new SheetScene("26 objects", Crowd(Scaled(photo, 854, 640)), 2);
        yield return new SheetScene("26 objects", Crowd(Plain(854, 640, 235)), 2);
        yield return new SheetScene("scripts; the font lacks two", Scripts(Plain(640, 480, 30)));
        yield return new SheetScene("the same on light", Scripts(Plain(640, 480, 245)));
        yield return new SheetScene("labels longer than their places", LongLabels(Scaled(photo, 420, 315)));
        yield return new SheetScene("boxes at and over the edges", Edges(Scaled(photo, 420, 315)));
        yield return new SheetScene("the same, tall", Edges(Scaled(photo, 200, 420)));
        yield return new SheetScene("three objects in few pixels", Ordinary(Scaled(photo, 48, 64)));
        yield return new SheetScene("a strip", Edges(Scaled(photo, 854, 120)), 2);
    }

    private static Image Part(Image image, int left, int top, int width, int height) =>
        image.Resize(width, height, ResampleFilter.Box, new CropBox(left, top, left + width, top + height));

    private static Image Scaled(Image photo, int width, int height)
    {
        // The part of the photograph with the wanted sides.
        double scale = Math.Min((double)photo.Width / width, (double)photo.Height / height);
        double w = width * scale;
        double h = height * scale;
        double left = (photo.Width - w) / 2;
        double top = (photo.Height - h) / 2;
        return photo.Resize(width, height, ResampleFilter.Lanczos, new CropBox(left, top, left + w, top + h));
    }

    private static Image Plain(int width, int height, byte level)
    {
        byte[] pixels = new byte[width * height * 3];
        pixels.AsSpan().Fill(level);
        return Image.FromPixels(width, height, pixels);
    }

    private static BoxAnnotation Box(Image image, double left, double top, double right, double bottom, string? label, double? score = null) =>
        new(left * image.Width, top * image.Height, right * image.Width, bottom * image.Height) { Label = label, Score = score };

    private static Image Ordinary(Image image) => image.DrawDetections(
    [
        Box(image, 0.08, 0.20, 0.55, 0.90, "cat", 0.97),
        Box(image, 0.48, 0.10, 0.92, 0.62, "window", 0.81),
        Box(image, 0.62, 0.66, 0.95, 0.94, "cushion", 0.64),
    ]);

    private static Image Masks(Image image)
    {
        MaskAnnotation[] masks =
        [
            Ellipse(image, 0.32, 0.55, 0.24, 0.34, 0, "cat", 0.93),
            Ellipse(image, 0.62, 0.45, 0.22, 0.25, 0.35, "dog", 0.88),
            Ellipse(image, 0.78, 0.78, 0.12, 0.12, 0.6, "ball", null),
        ];
        return image.DrawMasks(masks);
    }

    /// <summary>An ellipse with a wavy edge and, if wanted, a hole.</summary>
    private static MaskAnnotation Ellipse(Image image, double centreX, double centreY, double radiusX, double radiusY, double hole, string label, double? score)
    {
        int left = (int)((centreX - (1.2 * radiusX)) * image.Width);
        int top = (int)((centreY - (1.2 * radiusY)) * image.Height);
        int width = (int)(2.4 * radiusX * image.Width);
        int height = (int)(2.4 * radiusY * image.Height);
        byte[] coverage = new byte[width * height];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                double dx = ((x + 0.5) / width * 2.4) - 1.2;
                double dy = ((y + 0.5) / height * 2.4) - 1.2;
                double radius = Math.Sqrt((dx * dx) + (dy * dy));
                double edge = 1 + (0.08 * Math.Sin(7 * Math.Atan2(dy, dx)));
                double inside = Math.Min(edge - radius, radius - hole) * width / 2.4;
                coverage[(y * width) + x] = (byte)Math.Clamp((inside + 0.5) * 255, 0, 255);
            }
        }

        return new MaskAnnotation(left, top, width, height, coverage) { Label = label, Score = score };
    }

    private static Image Crowd(Image image)
    {
        var random = new Random(11);
        string[] names = ["person", "bicycle", "car", "dog", "backpack", "umbrella", "bench", "traffic light"];
        var boxes = new List<BoxAnnotation>();
        for (int i = 0; i < 26; i++)
        {
            double x = random.NextDouble() * 0.85;
            double y = random.NextDouble() * 0.8;
            boxes.Add(Box(image, x, y, x + 0.06 + (0.14 * random.NextDouble()), y + 0.08 + (0.2 * random.NextDouble()), names[i % names.Length], 0.5 + (0.5 * random.NextDouble())));
        }

        return image.DrawDetections(boxes);
    }

    private static Image Scripts(Image image) => image.DrawDetections(
    [
        Box(image, 0.05, 0.12, 0.45, 0.32, "Straße, façade, žluťoučký"),
        Box(image, 0.55, 0.12, 0.95, 0.32, "γάτα στο παράθυρο"),
        Box(image, 0.05, 0.45, 0.45, 0.65, "рыжая кошка, їжак"),
        Box(image, 0.55, 0.45, 0.95, 0.65, "5 × 3 ≥ 12 → €"),
        Box(image, 0.05, 0.78, 0.45, 0.96, "猫 and قطة"),
        Box(image, 0.55, 0.78, 0.95, 0.96, "Ångström №7", 1),
    ]);

    private static Image LongLabels(Image image) => image.DrawDetections(
    [
        Box(image, 0.05, 0.30, 0.35, 0.60, "a very long description of a small thing that cannot possibly fit in the picture", 0.42),
        Box(image, 0.60, 0.50, 0.75, 0.62, "left-hand side mirror of the parked delivery van", 0.77),
        Box(image, 0.82, 0.86, 0.98, 0.99, "corner"),
    ]);

    private static Image Legend(Image image) => Masks(image).DrawLegend(
        [new LegendEntry("cat", 0), new LegendEntry("dog", 1), new LegendEntry("ball", 2), new LegendEntry("everything else", 3)]);

    private static Image AllColors(Image image)
    {
        var boxes = new List<BoxAnnotation>();
        for (int i = 0; i < Palette.Colors.Length; i++)
        {
            double x = 0.03 + (0.245 * (i % 4));
            double y = 0.1 + (0.31 * (i / 4));
            boxes.Add(Box(image, x, y, x + 0.2, y + 0.19, $"colour {i}") with { ColorIndex = i });
        }

        return image.DrawDetections(boxes);
    }

    private static Image Edges(Image image) => image.DrawDetections(
    [
        Box(image, 0, 0, 1, 1, "all of it", 0.99),
        Box(image, 0, 0, 0.3, 0.2, "top left"),
        Box(image, 0.75, 0, 1.2, 0.25, "top right"),
        Box(image, -0.2, 0.8, 0.2, 1.3, "bottom left"),
        Box(image, 0.85, 0.9, 1, 1, "bottom right"),
        Box(image, 0.45, 0.5, 0.452, 0.503, "dot"),
        Box(image, 0.4, 0.7, 0.8, 0.705, "line"),
    ]);
}
