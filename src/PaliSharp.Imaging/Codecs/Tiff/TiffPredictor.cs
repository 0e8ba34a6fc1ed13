namespace PaliSharp.Imaging.Codecs.Tiff;

/// <summary>Undoes horizontal differences.</summary>
internal static class TiffPredictor
{
    /// <summary>Sums up the differences of one row.</summary>
    public static void Undo(Span<byte> row, int samples, int bits, bool littleEndian)
    {
        if (bits == 8)
        {
            for (int i = samples; i < row.Length; i++)
                row[i] += row[i - samples];
            return;
        }

        for (int i = 2 * samples; i + 1 < row.Length; i += 2)
        {
            Span<byte> value = row[i..];
            ReadOnlySpan<byte> left = row[(i - (2 * samples))..];
            int low = littleEndian ? 0 : 1;
            int sum = value[low] + left[low];
            value[low] = (byte)sum;
            value[1 - low] += (byte)(left[1 - low] + (sum >> 8));
        }
    }
}
