using PaliSharp.Segmentation;

namespace PaliSharp.Training.MaskCodecs;

/// <summary>
/// The windows of a convolution as rows of a matrix, and back. A map is [pictures·side·side, channels]; its columns are
/// [pictures·places·places, taps·channels], a row for each place of the window, its taps row after row. What lies outside is zero.
/// </summary>
internal static class PatchColumns
{
    /// <summary>The places of the window along a side.</summary>
    public static int Places(int side, ConvolutionShape shape) => ((side + (2 * shape.Padding) - shape.Size) / shape.Stride) + 1;

    /// <summary>Copies windows into rows.</summary>
    /// <param name="map">The map.</param>
    /// <param name="pictures">How many pictures it holds.</param>
    /// <param name="side">Their rows, and columns.</param>
    /// <param name="channels">The numbers of a pixel.</param>
    /// <param name="shape">The window.</param>
    /// <param name="columns">Receives the rows.</param>
    public static unsafe void Gather(float* map, int pictures, int side, int channels, ConvolutionShape shape, float* columns) =>
        Visit(pictures, side, shape, (row, pixel, first, count) =>
        {
            var target = new Span<float>(columns + (row * shape.Size * channels), shape.Size * channels);
            target[..(first * channels)].Clear();
            new ReadOnlySpan<float>(map + (pixel * channels), count * channels).CopyTo(target[(first * channels)..]);
            target[((first + count) * channels)..].Clear();
        });

    /// <summary>Adds rows to the windows they stand for: the transpose of <see cref="Gather"/>.</summary>
    /// <param name="columns">The rows.</param>
    /// <param name="pictures">How many pictures the map holds.</param>
    /// <param name="side">Their rows, and columns.</param>
    /// <param name="channels">The numbers of a pixel.</param>
    /// <param name="shape">The window.</param>
    /// <param name="map">What is added to.</param>
    public static unsafe void Scatter(float* columns, int pictures, int side, int channels, ConvolutionShape shape, float* map) =>
        Visit(pictures, side, shape, (row, pixel, first, count) => FeatureMap.AddScaled(
            new Span<float>(map + (pixel * channels), count * channels),
            new ReadOnlySpan<float>(columns + (((row * shape.Size) + first) * channels), count * channels),
            1));

    /// <summary>Takes a row of taps.</summary>
    /// <param name="row">Its number: place·size + row of the window.</param>
    /// <param name="pixel">The first pixel of the map under it.</param>
    /// <param name="first">The first tap that has a pixel under it.</param>
    /// <param name="count">How many have; 0 for a row outside.</param>
    private delegate void TapRow(long row, long pixel, int first, int count);

    // Pictures share nothing, so that threads need no order among themselves. The taps of a row lie over neighbouring pixels.
    private static void Visit(int pictures, int side, ConvolutionShape shape, TapRow visit)
    {
        int places = Places(side, shape);
        Parallel.For(0, pictures, picture =>
        {
            long row = (long)picture * places * places * shape.Size;
            for (int y = 0; y < places; y++)
            {
                for (int x = 0; x < places; x++)
                {
                    int left = (x * shape.Stride) - shape.Padding;
                    int first = Math.Max(0, -left);
                    int count = Math.Min(shape.Size, side - left) - first;
                    for (int tap = 0; tap < shape.Size; tap++, row++)
                    {
                        int from = (y * shape.Stride) - shape.Padding + tap;
                        bool isInside = (uint)from < (uint)side;
                        visit(row, isInside ? ((((long)picture * side) + from) * side) + left + first : 0, first, isInside ? count : 0);
                    }
                }
            }
        });
    }
}
