namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>Turns VP8 planes into RGB as libwebp does: chroma interpolated with weights 9:3:3:1, video range, fixed-point arithmetic.</summary>
internal sealed class Vp8ColorConverter
{
    private readonly Vp8Plane[] _planes;
    private readonly int _width;
    private readonly int _height;
    private readonly int[] _blue;
    private readonly int[] _red;

    public Vp8ColorConverter(Vp8Plane[] planes, int width, int height)
    {
        _planes = planes;
        _width = width;
        _height = height;
        _blue = new int[width + 1];
        _red = new int[width + 1];
    }

    /// <summary>Writes the red, green and blue of one row.</summary>
    /// <param name="y">The row.</param>
    /// <param name="pixels">The row of pixels.</param>
    /// <param name="channels">The bytes of a pixel, 3 or 4.</param>
    public void Convert(int y, Span<byte> pixels, int channels)
    {
        // Each row of luma lies between two rows of chroma, nearer to its own; at the picture's edge they are the same.
        int near = y / 2;
        int far = Math.Clamp((y & 1) == 0 ? near - 1 : near + 1, 0, ((_height + 1) / 2) - 1);
        Upsample(_planes[1], near, far, _blue);
        Upsample(_planes[2], near, far, _red);
        ReadOnlySpan<byte> luma = _planes[0].Samples.AsSpan(_planes[0].At(0, y), _width);
        for (int x = 0, to = 0; x < luma.Length; x++, to += channels)
        {
            int scaled = (luma[x] * 19077) >> 8;
            int u = _blue[x];
            int v = _red[x];
            pixels[to] = Clip(scaled + ((v * 26149) >> 8) - 14234);
            pixels[to + 1] = Clip(scaled - ((u * 6419) >> 8) - ((v * 13320) >> 8) + 8708);
            pixels[to + 2] = Clip(scaled + ((u * 33050) >> 8) - 17685);
        }
    }

    private static byte Clip(int value) => (byte)Math.Clamp(value >> 6, 0, 255);

    private void Upsample(Vp8Plane plane, int near, int far, int[] output)
    {
        int count = (_width + 1) / 2;
        ReadOnlySpan<byte> nearRow = plane.Samples.AsSpan(plane.At(0, near), count);
        ReadOnlySpan<byte> farRow = plane.Samples.AsSpan(plane.At(0, far), count);
        output[0] = ((3 * nearRow[0]) + farRow[0] + 2) >> 2;
        for (int i = 1; i < count; i++)
        {
            // Two roundings, as the reference does it in order to share sums.
            int sum = nearRow[i - 1] + nearRow[i] + farRow[i - 1] + farRow[i] + 8;
            int rising = (sum + (2 * (nearRow[i] + farRow[i - 1]))) >> 3;
            int falling = (sum + (2 * (nearRow[i - 1] + farRow[i]))) >> 3;
            output[(2 * i) - 1] = (rising + nearRow[i - 1]) >> 1;
            output[2 * i] = (falling + nearRow[i]) >> 1;
        }

        if ((_width & 1) == 0)
            output[_width - 1] = ((3 * nearRow[count - 1]) + farRow[count - 1] + 2) >> 2;
    }
}
