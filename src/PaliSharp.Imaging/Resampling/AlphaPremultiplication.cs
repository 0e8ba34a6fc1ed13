namespace PaliSharp.Imaging.Resampling;

/// <summary>Colours times alpha and back, with Pillow's rounding.</summary>
internal static class AlphaPremultiplication
{
    /// <summary>Multiplies the colours of RGBA samples by their alpha.</summary>
    public static void Multiply(ReadOnlySpan<byte> rgba, Span<byte> target)
    {
        for (int i = 0; i + 3 < rgba.Length; i += 4)
        {
            byte alpha = rgba[i + 3];
            for (int c = 0; c < 3; c++)
            {
                int product = (rgba[i + c] * alpha) + 128;
                target[i + c] = (byte)((product + (product >> 8)) >> 8);
            }

            target[i + 3] = alpha;
        }
    }

    /// <summary>Divides the colours of RGBA samples by their alpha, in place. Transparent pixels keep what they have.</summary>
    public static void Divide(Span<byte> rgba)
    {
        for (int i = 0; i + 3 < rgba.Length; i += 4)
        {
            byte alpha = rgba[i + 3];
            if (alpha is 0 or 255)
                continue;
            for (int c = 0; c < 3; c++)
                rgba[i + c] = (byte)Math.Min(255 * rgba[i + c] / alpha, 255);
        }
    }
}
