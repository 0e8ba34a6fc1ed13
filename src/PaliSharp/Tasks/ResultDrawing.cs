using PaliSharp.Imaging;
using PaliSharp.Imaging.Drawing;

namespace PaliSharp.Tasks;

/// <summary>Shows results on their pictures.</summary>
public static class ResultDrawing
{
    /// <summary>Draws the boxes of a result with labels and scores, one colour a label.</summary>
    /// <param name="result">The result.</param>
    /// <param name="image">The oriented original it is about.</param>
    /// <returns>A new picture of the same size.</returns>
    /// <exception cref="ArgumentException">The picture has another size than the one the result is about.</exception>
    public static Image DrawOn(this DetectionResult result, Image image)
    {
        ArgumentNullException.ThrowIfNull(result);
        CheckSize(image, result.Width, result.Height);
        return image.DrawDetections(result.Detections.Select(
            found => new BoxAnnotation(found.Box.X1, found.Box.Y1, found.Box.X2, found.Box.Y2) { Label = found.Label, Score = found.Score }));
    }

    /// <summary>Draws the boxes of pieces of text with what they say.</summary>
    /// <param name="result">The result.</param>
    /// <param name="image">The oriented original it is about.</param>
    /// <returns>A new picture of the same size.</returns>
    /// <exception cref="ArgumentException">The picture has another size than the one the result is about.</exception>
    public static Image DrawOn(this TextDetectionResult result, Image image)
    {
        ArgumentNullException.ThrowIfNull(result);
        CheckSize(image, result.Width, result.Height);
        return image.DrawDetections(result.Regions.Select(
            region => new BoxAnnotation(region.Box.X1, region.Box.Y1, region.Box.X2, region.Box.Y2) { Label = region.Text, Score = region.Score }));
    }

    /// <summary>Draws the masks of a result, translucent and outlined, with labels and scores, one colour a label.</summary>
    /// <param name="result">The result.</param>
    /// <param name="image">The oriented original it is about.</param>
    /// <returns>A new picture of the same size.</returns>
    /// <exception cref="ArgumentException">The picture has another size than the one the result is about.</exception>
    public static Image DrawOn(this SegmentationResult result, Image image)
    {
        ArgumentNullException.ThrowIfNull(result);
        CheckSize(image, result.Width, result.Height);
        return image.DrawMasks(result.Segments.Where(found => !found.Pixels.IsEmpty).Select(ToAnnotation));
    }

    private static MaskAnnotation ToAnnotation(Segment found)
    {
        PixelBox box = found.Pixels;
        byte[] coverage = new byte[box.Width * box.Height];
        for (int y = 0; y < box.Height; y++)
        {
            for (int x = 0; x < box.Width; x++)
                coverage[(y * box.Width) + x] = found.Mask[box.X1 + x, box.Y1 + y] ? byte.MaxValue : byte.MinValue;
        }

        return new MaskAnnotation(box.X1, box.Y1, box.Width, box.Height, coverage) { Label = found.Label, Score = found.Score };
    }

    private static void CheckSize(Image image, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (image.Width != width || image.Height != height)
            throw new ArgumentException($"The result is about a picture of {width}x{height} pixels, this one has {image.Width}x{image.Height}.", nameof(image));
    }
}
