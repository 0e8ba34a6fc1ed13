namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>Decodes the alpha plane of lossy WebP.</summary>
internal static class WebPAlpha
{
    /// <summary>Decodes the content of an ALPH chunk into the fourth bytes of pixels.</summary>
    /// <exception cref="ImageFormatException">The data is damaged or truncated.</exception>
    public static void Decode(ReadOnlySpan<byte> chunk, int width, int height, Span<byte> rgba, ImageDecoderOptions options)
    {
        int method = chunk[0] & 3;
        int filter = (chunk[0] >> 2) & 3;
        ReadOnlySpan<byte> data = chunk[1..];
        int count = width * height;
        switch (method)
        {
            case 0 when data.Length >= count:
                for (int i = 0; i < count; i++)
                    rgba[(4 * i) + 3] = data[i];
                break;
            case 1:
                uint[] pixels = LosslessDecoder.Decode(data, width, height, options);
                for (int i = 0; i < pixels.Length; i++)
                    rgba[(4 * i) + 3] = (byte)(pixels[i] >> 8);
                break;
            default:
                throw new ImageFormatException($"The alpha of the WebP file is truncated or uses the unknown method {method}.");
        }

        if (filter == 0)
            return;
        for (int y = 0; y < height; y++)
        {
            Span<byte> row = rgba.Slice(y * width * 4, width * 4);
            if (y == 0)
                AddLeft(row, 0);
            else
                Unfilter(row, rgba.Slice((y - 1) * width * 4, width * 4), filter);
        }
    }

    private static void AddLeft(Span<byte> row, byte left)
    {
        for (int i = 3; i < row.Length; i += 4)
        {
            left += row[i];
            row[i] = left;
        }
    }

    /// <summary>Undoes the filter: 1 from the left, 2 from above, 3 along the gradient. The first pixel always follows the one above.</summary>
    private static void Unfilter(Span<byte> row, ReadOnlySpan<byte> above, int filter)
    {
        row[3] += above[3];
        if (filter == 1)
        {
            AddLeft(row[4..], row[3]);
            return;
        }

        int left = row[3];
        for (int i = 7; i < row.Length; i += 4)
        {
            left = (byte)(row[i] + (filter == 2 ? above[i] : Math.Clamp(left + above[i] - above[i - 4], 0, 255)));
            row[i] = (byte)left;
        }
    }
}
