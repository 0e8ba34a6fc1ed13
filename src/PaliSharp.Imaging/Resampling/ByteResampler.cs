namespace PaliSharp.Imaging.Resampling;

/// <summary>
/// The two passes for 8-bit samples, row by row: only the rows that one output row reads are in memory between the passes, however large the picture is.
/// </summary>
internal static class ByteResampler
{
    /// <summary>Scales the box of the source to the target.</summary>
    /// <param name="source">Rows of interleaved samples.</param>
    /// <param name="sourceWidth">The columns of the source.</param>
    /// <param name="sourceHeight">The rows of the source.</param>
    /// <param name="channels">The samples of a pixel: 1, 3 or 4.</param>
    /// <param name="target">Receives width × height × channels samples.</param>
    /// <param name="width">The new number of columns.</param>
    /// <param name="height">The new number of rows.</param>
    /// <param name="filter">The kernel; not nearest.</param>
    /// <param name="box">The part of the source to scale.</param>
    /// <param name="order">Which pass comes first.</param>
    /// <param name="premultiplies">Whether the first three of four channels are multiplied by the fourth before.</param>
    public static void Resize(
        ReadOnlySpan<byte> source,
        int sourceWidth,
        int sourceHeight,
        int channels,
        Span<byte> target,
        int width,
        int height,
        ResampleFilter filter,
        CropBox box,
        PassOrder order,
        bool premultiplies)
    {
        HorizontalPass? columns = width != sourceWidth || box.Left != 0 || box.Right != sourceWidth
            ? new HorizontalPass(ResampleKernel.Create(sourceWidth, box.Left, box.Right, width, filter), channels)
            : null;
        VerticalPass? rows = height != sourceHeight || box.Top != 0 || box.Bottom != sourceHeight
            ? new VerticalPass(ResampleKernel.Create(sourceHeight, box.Top, box.Bottom, height, filter))
            : null;
        int targetStride = width * channels;
        int sourceStride = sourceWidth * channels;
        bool isVerticalFirst = columns is null || Resampler.VerticalFirst(sourceWidth, sourceHeight, width, height, order);
        var input = new ResampleRows(source, sourceStride, isVerticalFirst ? null : columns, targetStride, premultiplies, rows?.MostRows ?? 1);
        byte[] between = isVerticalFirst && rows is not null && columns is not null ? new byte[sourceStride] : [];
        for (int y = 0; y < height; y++)
        {
            Span<byte> output = target.Slice(y * targetStride, targetStride);
            if (rows is null)
            {
                input.CopyRow(y, output);
            }
            else if (between.Length == 0)
            {
                rows.Row(y, input.Rows(rows.First(y), rows.Count(y)), output);
            }
            else
            {
                rows.Row(y, input.Rows(rows.First(y), rows.Count(y)), between);
                columns!.Row(between, output);
            }
        }
    }
}
