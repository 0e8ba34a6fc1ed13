namespace PaliSharp.Imaging.Codecs.Bmp;

/// <summary>The run-length coding of BMP with 4 or 8 bits.</summary>
internal static class BmpRunLength
{
    /// <summary>Decodes to one index a pixel, first stored row first. Pixels that are skipped keep index 0.</summary>
    /// <exception cref="ImageFormatException">The data ends before the picture.</exception>
    public static void Decode(ReadOnlySpan<byte> data, bool nibbles, Span<byte> indices, int width)
    {
        int x = 0;
        long at = 0;
        long written = 0;
        while (written < indices.Length)
        {
            if (at + 2 > data.Length)
                throw Truncated();
            int count = data[(int)at];
            byte value = data[(int)at + 1];
            at += 2;
            if (count > 0)
            {
                // What a run has beyond its row is dropped.
                count = Math.Clamp(width - x, 0, count);
                for (int i = 0; i < count && written < indices.Length; i++)
                    indices[(int)written++] = !nibbles ? value : (byte)((i & 1) == 0 ? value >> 4 : value & 15);
                x += count;
                continue;
            }

            switch (value)
            {
                case 0:
                    if (written % width != 0)
                        written += width - (written % width);
                    x = 0;
                    break;
                case 1:
                    return;
                case 2:
                    if (at + 2 > data.Length)
                        throw Truncated();
                    written += data[(int)at] + ((long)data[(int)at + 1] * width);
                    x = (int)(written % width);
                    at += 2;
                    break;
                default:
                    int bytes = nibbles ? (value + 1) / 2 : value;
                    if (at + bytes > data.Length)
                        throw Truncated();
                    for (int i = 0; i < value && written < indices.Length; i++)
                    {
                        byte stored = data[(int)at + (nibbles ? i / 2 : i)];
                        indices[(int)written++] = !nibbles ? stored : (byte)((i & 1) == 0 ? stored >> 4 : stored & 15);
                    }

                    x += value;
                    at += bytes + (bytes & 1);
                    break;
            }
        }
    }

    private static ImageFormatException Truncated() =>
        new("The run-length data of the BMP file ends before the picture: it is truncated or damaged.");
}
