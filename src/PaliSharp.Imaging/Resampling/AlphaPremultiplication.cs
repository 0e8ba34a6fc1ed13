using System.Runtime.Intrinsics;

namespace PaliSharp.Imaging.Resampling;

/// <summary>Colours times alpha and back, with Pillow's rounding.</summary>
internal static class AlphaPremultiplication
{
    /// <summary>Multiplies the colours of RGBA samples by their alpha.</summary>
    public static void Multiply(ReadOnlySpan<byte> rgba, Span<byte> target)
    {
        int i = 0;
        for (; i <= rgba.Length - 16; i += 16)
        {
            // Alpha itself is multiplied by 255, which leaves it as it is.
            Vector128<byte> pixels = Vector128.Create(rgba.Slice(i, 16));
            Vector128<byte> factors = Vector128.Shuffle(pixels, Vector128.Create((byte)3, 3, 3, 3, 7, 7, 7, 7, 11, 11, 11, 11, 15, 15, 15, 15))
                | Vector128.Create(0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, (byte)255);
            Vector128<ushort> low = Product(Vector128.WidenLower(pixels), Vector128.WidenLower(factors));
            Vector128<ushort> high = Product(Vector128.WidenUpper(pixels), Vector128.WidenUpper(factors));
            Vector128.Narrow(low, high).CopyTo(target[i..]);
        }

        for (; i + 3 < rgba.Length; i += 4)
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

    private static Vector128<ushort> Product(Vector128<ushort> samples, Vector128<ushort> factors)
    {
        Vector128<ushort> product = (samples * factors) + Vector128.Create((ushort)128);
        return (product + (product >> 8)) >> 8;
    }
}
