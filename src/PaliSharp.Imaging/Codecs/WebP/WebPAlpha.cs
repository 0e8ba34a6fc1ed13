namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>Decodes the alpha plane of lossy WebP.</summary>
internal static class WebPAlpha
{
    /// <summary>Decodes the content of an ALPH chunk to one byte a pixel.</summary>
    /// <exception cref="ImageFormatException">The data is damaged or truncated.</exception>
    public static byte[] Decode(ReadOnlySpan<byte> chunk, int width, int height, ImageDecoderOptions options)
    {
        if (chunk.IsEmpty)
            throw new ImageFormatException("The alpha chunk of the WebP file is empty.");
        int method = chunk[0] & 3;
        int filter = (chunk[0] >> 2) & 3;
        ReadOnlySpan<byte> data = chunk[1..];
        byte[] alpha = new byte[width * height];
        switch (method)
        {
            case 0 when data.Length >= alpha.Length:
                data[..alpha.Length].CopyTo(alpha);
                break;
            case 1:
                uint[] pixels = LosslessDecoder.Decode(data, width, height, options);
                for (int i = 0; i < alpha.Length; i++)
                    alpha[i] = (byte)(pixels[i] >> 8);
                break;
            default:
                throw new ImageFormatException($"The alpha of the WebP file is truncated or uses the unknown method {method}.");
        }

        if (filter != 0)
            Unfilter(alpha, width, filter);
        return alpha;
    }

    private static void Unfilter(Span<byte> alpha, int width, int filter)
    {
        for (int i = 1; i < alpha.Length; i++)
        {
            int prediction;
            if (i < width)
            {
                prediction = alpha[i - 1];
            }
            else if (filter == 2 || i % width == 0)
            {
                prediction = alpha[i - width];
            }
            else
            {
                int left = alpha[i - 1];
                prediction = filter == 1 ? left : Math.Clamp(left + alpha[i - width] - alpha[i - width - 1], 0, 255);
            }

            alpha[i] += (byte)prediction;
        }
    }
}
