using PaliSharp.Imaging;
using PaliSharp.Imaging.Drawing;

namespace PaliSharp.Tasks;

/// <summary>Shows results on their pictures.</summary>
public static class DetectionDrawing
{
    /// <summary>Draws the boxes of a result with labels and scores, one colour a label.</summary>
    /// <param name="result">The result.</param>
    /// <param name="image">The oriented original it is about.</param>
    /// <returns>A new picture of the same size.</returns>
    /// <exception cref="ArgumentException">The picture has another size than the one the result is about.</exception>
    public static Image DrawOn(this DetectionResult result, Image image)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(image);
        if (image.Width != result.Width || image.Height != result.Height)
        {
            throw new ArgumentException(
                $"The result is about a picture of {result.Width}x{result.Height} pixels, this one has {image.Width}x{image.Height}.", nameof(image));
        }

        return image.DrawDetections(result.Detections.Select(
            found => new BoxAnnotation(found.Box.X1, found.Box.Y1, found.Box.X2, found.Box.Y2) { Label = found.Label, Score = found.Score }));
    }
}
