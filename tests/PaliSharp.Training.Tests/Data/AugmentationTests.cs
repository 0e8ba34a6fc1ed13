using PaliSharp.Imaging;
using PaliSharp.Tasks;
using PaliSharp.Training.Data;
using Xunit;

namespace PaliSharp.Training.Tests.Data;

/// <summary>Pictures change, and what texts say of places in them changes with them.</summary>
public sealed class AugmentationTests
{
    private static readonly Image Picture = Gradient(40, 30);

    [Fact]
    public void FlippingMirrorsPixelsAndBins()
    {
        AugmentedItem once = Apply(new AugmentationOptions { Flip = 1 }, "detect dog", "<loc0010><loc0020><loc0030><loc0400> dog ; <loc0000><loc0000><loc1023><loc1023> dog");
        Assert.Equal("<loc0010><loc0623><loc0030><loc1003> dog ; <loc0000><loc0000><loc1023><loc1023> dog", once.Suffix);
        Assert.Equal(Picture.Row(7)[..3].ToArray(), once.Images[0].Row(7)[^3..].ToArray());
        AugmentedItem twice = Apply(new AugmentationOptions { Flip = 1 }, once.Prefix, once.Suffix, once.Images[0]);
        Assert.Equal("<loc0010><loc0020><loc0030><loc0400> dog ; <loc0000><loc0000><loc1023><loc1023> dog", twice.Suffix);
        Assert.True(Picture.Pixels.SequenceEqual(twice.Images[0].Pixels));
    }

    [Theory]
    [InlineData("answer en what is on the left?", "a dog")]
    [InlineData("answer en where is the dog?", "to the right of the cat")]
    [InlineData("answer en which way?", "Clockwise")]
    [InlineData("ocr", "STOP")]
    [InlineData("segment dog", "<loc0010><loc0020><loc0030><loc0400><seg001><seg002> dog")]
    [InlineData("answer en where?", "<loc0010><loc0020>")]
    public void TextsThatAMirrorWouldBelieAreLeftAlone(string prefix, string suffix)
    {
        AugmentedItem item = Apply(new AugmentationOptions { Flip = 1 }, prefix, suffix);
        Assert.Equal((prefix, suffix), (item.Prefix, item.Suffix));
        Assert.True(Picture.Pixels.SequenceEqual(item.Images[0].Pixels));
    }

    [Fact]
    public void WordsThatMerelyContainSidesAreNoSides() =>
        Assert.False(Picture.Pixels.SequenceEqual(Apply(new AugmentationOptions { Flip = 1 }, "caption en", "a bright copyright sign").Images[0].Pixels));

    [Fact]
    public void CutPicturesHoldEveryBoxAndTheBoxesStayWhereTheThingsAre()
    {
        var options = new AugmentationOptions { Crop = new CropAugmentation { MinimumArea = 0.1 } };
        int changed = 0;
        for (int index = 0; index < 200; index++)
        {
            // A white thing at 10 to 20, 6 to 12 on the gradient, which is never white.
            Image picture = WithThing(Picture, new PixelBox(10, 6, 20, 12));
            string suffix = $"{LocationGrid.ToTokens(new BoundingBox(10, 6, 20, 12), 40, 30)} thing";
            AugmentedItem item = Apply(options, "detect thing", suffix, picture, index);
            Image image = item.Images[0];
            changed += image.Width == 40 && image.Height == 30 ? 0 : 1;
            int[] bins = [.. item.Suffix[..36].Split("<loc", StringSplitOptions.RemoveEmptyEntries).Select(part => int.Parse(part[..4]))];
            BoundingBox box = LocationGrid.ToBox(bins[0], bins[1], bins[2], bins[3], image.Width, image.Height);

            // Half a bin before and half a bin behind the change of scale, in pixels.
            double tolerance = 0.5 * (40 + image.Width) / 1023 + 1e-3;
            PixelBox seen = WhereWhite(image);
            Assert.Equal(seen.X1, box.X1, tolerance);
            Assert.Equal(seen.Y1, box.Y1, tolerance);
            Assert.Equal(seen.X2, box.X2, tolerance);
            Assert.Equal(seen.Y2, box.Y2, tolerance);
            Assert.Equal((10, 6), (seen.Width, seen.Height));
        }

        Assert.True(changed > 100, $"{changed} of 200 were cut.");
    }

    [Fact]
    public void AreaOfThePartIsInItsRange()
    {
        var options = new AugmentationOptions { Crop = new CropAugmentation { MinimumArea = 0.5, MaximumAspect = 1 } };
        for (int index = 0; index < 100; index++)
        {
            Image image = Apply(options, "caption en", "a gradient", index: index).Images[0];

            // Sides are rounded to whole pixels.
            Assert.InRange((image.Width + 0.5) * (image.Height + 0.5), 0.5 * 40 * 30, 41 * 31);
        }
    }

    [Fact]
    public void JpegAndScalingAreDrawnWithinTheirLimits()
    {
        var options = new AugmentationOptions { Jpeg = new JpegAugmentation { Probability = 1 }, Resize = new ResizeAugmentation { Size = 16 } };
        var seen = new HashSet<string>();
        for (int index = 0; index < 60; index++)
        {
            Image image = Apply(options, "caption en", "a gradient", index: index).Images[0];
            Assert.Equal((16, 16), (image.Width, image.Height));
            Image again = Apply(options, "caption en", "a gradient", index: index).Images[0];
            Assert.True(image.Pixels.SequenceEqual(again.Pixels));
            seen.Add(Convert.ToBase64String(image.Pixels));
        }

        Assert.True(seen.Count > 20, $"{seen.Count} different pictures of 60.");
        Image half = Apply(options with { Jpeg = new JpegAugmentation { Probability = 0 }, Resize = null }, "caption en", "x").Images[0];
        Assert.Same(Picture, half);
    }

    private static AugmentedItem Apply(AugmentationOptions options, string prefix, string suffix, Image? picture = null, int index = 0) =>
        new Augmentation(options).Apply(new DataItem(["x.png"], prefix, suffix, "x"), [picture ?? Picture], new ItemDraw(3, 0, index));

    private static Image Gradient(int width, int height)
    {
        var pixels = new byte[width * height * 3];
        for (int i = 0; i < width * height; i++)
            (pixels[3 * i], pixels[(3 * i) + 1], pixels[(3 * i) + 2]) = ((byte)(i % width * 5), (byte)(i / width * 5), (byte)(i % 7 * 20));
        return Image.FromPixels(width, height, pixels);
    }

    private static Image WithThing(Image image, PixelBox box)
    {
        byte[] pixels = image.Pixels.ToArray();
        for (int y = box.Y1; y < box.Y2; y++)
            pixels.AsSpan(((y * image.Width) + box.X1) * 3, box.Width * 3).Fill(255);
        return Image.FromPixels(image.Width, image.Height, pixels);
    }

    private static PixelBox WhereWhite(Image image)
    {
        (int left, int top, int right, int bottom) = (int.MaxValue, int.MaxValue, 0, 0);
        for (int y = 0; y < image.Height; y++)
        {
            for (int x = 0; x < image.Width; x++)
            {
                if (image.Row(y)[(3 * x) + 2] != 255)
                    continue;
                (left, top, right, bottom) = (Math.Min(left, x), Math.Min(top, y), Math.Max(right, x + 1), Math.Max(bottom, y + 1));
            }
        }

        return new PixelBox(left, top, right, bottom);
    }
}
