namespace PaliSharp.Tasks;

/// <summary>Which picture coordinate a location token stands for.</summary>
public enum LocationConvention
{
    /// <summary>bin/1023, the convention of the training code and of Google's evaluator.</summary>
    Training,

    /// <summary>bin/1024, as public demos do.</summary>
    PublicDemo,
}

/// <summary>Converts between pixels and the bins of location tokens.</summary>
/// <remarks>Source: big_vision <c>pp/proj/paligemma/segmentation.py</c> (encoding), <c>evaluators/proj/paligemma/transfers/segmentation.py</c> (decoding).</remarks>
public static class LocationGrid
{
    /// <summary>The number of bins, <c>&lt;loc0000&gt;</c> to <c>&lt;loc1023&gt;</c>.</summary>
    public const int Bins = 1024;

    /// <summary>The box of four bins in a picture.</summary>
    /// <param name="yMin">The first bin, 0 to 1023.</param>
    /// <param name="xMin">The second bin.</param>
    /// <param name="yMax">The third bin.</param>
    /// <param name="xMax">The fourth bin.</param>
    /// <param name="width">The picture's width in pixels.</param>
    /// <param name="height">The picture's height in pixels.</param>
    /// <param name="convention">How bins map to coordinates.</param>
    public static BoundingBox ToBox(int yMin, int xMin, int yMax, int xMax, int width, int height, LocationConvention convention = LocationConvention.Training)
    {
        float divisor = convention == LocationConvention.Training ? Bins - 1 : Bins;
        return new BoundingBox(xMin / divisor * width, yMin / divisor * height, xMax / divisor * width, yMax / divisor * height);
    }

    /// <summary>
    /// The whole pixels of four bins: truncated by the training convention, as Google's evaluator does; rounded half to even by the demo's.
    /// Bins are taken as they are: inverted boxes stay inverted, bins above 1023 lead out of the picture.
    /// </summary>
    /// <param name="yMin">The first bin.</param>
    /// <param name="xMin">The second bin.</param>
    /// <param name="yMax">The third bin.</param>
    /// <param name="xMax">The fourth bin.</param>
    /// <param name="width">The picture's width in pixels.</param>
    /// <param name="height">The picture's height in pixels.</param>
    /// <param name="convention">How bins map to coordinates.</param>
    public static PixelBox ToPixels(int yMin, int xMin, int yMax, int xMax, int width, int height, LocationConvention convention = LocationConvention.Training)
    {
        return new PixelBox(Pixel(xMin, width), Pixel(yMin, height), Pixel(xMax, width), Pixel(yMax, height));

        int Pixel(int bin, int size) => convention == LocationConvention.Training
            ? (int)((double)bin / (Bins - 1) * size)
            : (int)Math.Round((double)bin / Bins * size, MidpointRounding.ToEven);
    }

    /// <summary>The bin of a coordinate: clip(round(coordinate/size·1023), 0, 1023), computed in float32 and rounded half to even.</summary>
    /// <param name="coordinate">Pixels from the left or top.</param>
    /// <param name="size">The picture's width or height in pixels.</param>
    public static int ToBin(float coordinate, int size) =>
        (int)Math.Clamp(MathF.Round(coordinate / size * (Bins - 1), MidpointRounding.ToEven), 0, Bins - 1);

    /// <summary>A box as the model writes it: <c>&lt;loc0100&gt;&lt;loc0050&gt;&lt;loc0600&gt;&lt;loc0700&gt;</c>, y before x, min before max.</summary>
    /// <param name="box">The box in pixels.</param>
    /// <param name="width">The picture's width in pixels.</param>
    /// <param name="height">The picture's height in pixels.</param>
    public static string ToTokens(BoundingBox box, int width, int height) =>
        $"{Token(box.Y1, height)}{Token(box.X1, width)}{Token(box.Y2, height)}{Token(box.X2, width)}";

    private static string Token(float coordinate, int size) => $"<loc{ToBin(coordinate, size):D4}>";
}
