namespace PaliSharp.Imaging.Codecs.Jpeg.Encoding;

/// <summary>Gives the samples of one row of MCUs: colour converted, colour planes scaled down, edges repeated.</summary>
internal sealed class JpegPlanes
{
    private readonly Image _image;
    private readonly int _mcu;
    private readonly int _stride;
    private readonly byte[][] _planes;
    private readonly byte[][] _halves;

    /// <summary>Prepares the reading of a picture.</summary>
    /// <param name="image">RGB, without alpha.</param>
    /// <param name="components">1 for grey, 3 for colour.</param>
    /// <param name="mcu">The side of an MCU: 8, or 16 with subsampled colour.</param>
    public JpegPlanes(Image image, int components, int mcu)
    {
        _image = image;
        _mcu = mcu;
        _stride = JpegComponent.DivideUp(image.Width, mcu) * mcu;
        _planes = Make(components, _stride * mcu);
        _halves = mcu == 16 ? Make(2, _stride / 2 * 8) : [];
    }

    /// <summary>The samples of a component of the row last read.</summary>
    public (byte[] Samples, int Stride) Plane(int component) =>
        component > 0 && _mcu == 16 ? (_halves[component - 1], _stride / 2) : (_planes[component], _stride);

    /// <summary>Reads a row of MCUs.</summary>
    public void Read(int mcuRow)
    {
        for (int y = 0; y < _mcu; y++)
        {
            ReadOnlySpan<byte> row = _image.Row(Math.Min((mcuRow * _mcu) + y, _image.Height - 1));
            if (_planes.Length == 1)
            {
                Span<byte> gray = _planes[0].AsSpan(y * _stride, _stride);
                for (int x = 0; x < _image.Width; x++)
                    gray[x] = row[3 * x];
            }
            else
            {
                Convert(row, y * _stride);
            }

            foreach (byte[] plane in _planes)
            {
                Span<byte> line = plane.AsSpan(y * _stride, _stride);
                line[_image.Width..].Fill(line[_image.Width - 1]);
            }
        }

        // Below the picture the last row of means is repeated, as libjpeg does, not the last row of the picture.
        int rows = Math.Min(8, JpegComponent.DivideUp(_image.Height - (mcuRow * _mcu), 2));
        for (int i = 0; i < _halves.Length; i++)
            Halve(_planes[i + 1], _halves[i], rows);
    }

    private static byte[][] Make(int count, int length)
    {
        byte[][] planes = new byte[count][];
        for (int i = 0; i < count; i++)
            planes[i] = new byte[length];
        return planes;
    }

    /// <summary>The JFIF conversion in 16-bit fixed point, rounded as libjpeg does (the chroma planes just below one half).</summary>
    private void Convert(ReadOnlySpan<byte> row, int at)
    {
        const int Half = 1 << 15;
        const int Center = (128 << 16) + Half - 1;
        Span<byte> luma = _planes[0].AsSpan(at, _image.Width);
        Span<byte> blueDifference = _planes[1].AsSpan(at, luma.Length);
        Span<byte> redDifference = _planes[2].AsSpan(at, luma.Length);
        for (int x = 0, i = 0; x < luma.Length; x++, i += 3)
        {
            int r = row[i];
            int g = row[i + 1];
            int b = row[i + 2];
            luma[x] = (byte)(((19595 * r) + (38470 * g) + (7471 * b) + Half) >> 16);
            blueDifference[x] = (byte)(((-11059 * r) - (21709 * g) + (32768 * b) + Center) >> 16);
            redDifference[x] = (byte)(((32768 * r) - (27439 * g) - (5329 * b) + Center) >> 16);
        }
    }

    /// <summary>Means of 2x2 samples, rounded down and up in turn so that no bias builds up.</summary>
    private void Halve(byte[] plane, byte[] half, int rows)
    {
        int width = _stride / 2;
        for (int y = 0; y < rows; y++)
        {
            ReadOnlySpan<byte> upper = plane.AsSpan(2 * y * _stride, _stride);
            ReadOnlySpan<byte> lower = plane.AsSpan(((2 * y) + 1) * _stride, _stride);
            Span<byte> target = half.AsSpan(y * width, width);
            for (int x = 0; x < target.Length; x++)
                target[x] = (byte)((upper[2 * x] + upper[(2 * x) + 1] + lower[2 * x] + lower[(2 * x) + 1] + 1 + (x & 1)) >> 2);
        }

        for (int y = rows; y < 8; y++)
            half.AsSpan((rows - 1) * width, width).CopyTo(half.AsSpan(y * width));
    }
}
