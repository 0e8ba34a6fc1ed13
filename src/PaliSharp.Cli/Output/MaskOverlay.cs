using PaliSharp.Imaging;
using PaliSharp.Imaging.Drawing;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Output;

/// <summary>Shows masks and boxes on their picture.</summary>
internal static class MaskOverlay
{
    /// <summary>Colours the pixels of each mask and draws its box, one colour an object.</summary>
    /// <param name="result">The objects.</param>
    /// <param name="image">The oriented original.</param>
    /// <returns>A new picture of the same size.</returns>
    public static Image Draw(SegmentationResult result, Image image)
    {
        byte[] rgb = image.ToRgb().Pixels.ToArray();
        for (int i = 0; i < result.Segments.Count; i++)
            Blend(rgb, result.Segments[i], image.Width, Palette.Get(i));
        return Image.FromPixels(image.Width, image.Height, rgb).DrawBoxes(
            result.Segments.Select((found, i) => new DrawnBox(found.Box.X1, found.Box.Y1, found.Box.X2, found.Box.Y2, i)));
    }

    private static void Blend(byte[] rgb, Segment found, int width, Color color)
    {
        for (int y = found.Pixels.Y1; y < found.Pixels.Y2; y++)
        {
            for (int x = found.Pixels.X1; x < found.Pixels.X2; x++)
            {
                if (!found.Mask[x, y])
                    continue;
                Span<byte> pixel = rgb.AsSpan(((y * width) + x) * 3, 3);
                pixel[0] = (byte)((pixel[0] + color.R) / 2);
                pixel[1] = (byte)((pixel[1] + color.G) / 2);
                pixel[2] = (byte)((pixel[2] + color.B) / 2);
            }
        }
    }
}
