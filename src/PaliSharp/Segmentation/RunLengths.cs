using System.Text;

namespace PaliSharp.Segmentation;

/// <summary>
/// A mask as COCO writes it: the lengths of runs of pixels, column after column, outside and inside in turn, outside first (maybe of length 0).
/// </summary>
/// <remarks>Source of the text form: the COCO API's <c>maskApi.c</c>, <c>rleToString</c> and <c>rleFrString</c>.</remarks>
public sealed class RunLengths
{
    private const int DigitBits = 5;
    private const int DigitMask = (1 << DigitBits) - 1;
    private const int ContinuationBit = 1 << DigitBits;
    private const int SignBit = ContinuationBit >> 1;
    private const char FirstDigit = '0';

    // From the fourth run on, the difference to the run two before is written.
    private const int PlainCounts = 3;

    private RunLengths(int width, int height, int[] counts)
    {
        Width = width;
        Height = height;
        Counts = counts;
    }

    /// <summary>The mask's columns.</summary>
    public int Width { get; }

    /// <summary>The mask's rows.</summary>
    public int Height { get; }

    /// <summary>The lengths of the runs; they add up to the number of pixels.</summary>
    public IReadOnlyList<int> Counts { get; }

    /// <summary>The number of pixels inside.</summary>
    public int Area => Counts.Where((_, i) => i % 2 == 1).Sum();

    /// <summary>Describes a mask.</summary>
    /// <param name="mask">The mask.</param>
    public static RunLengths FromMask(Mask mask)
    {
        ArgumentNullException.ThrowIfNull(mask);
        var counts = new List<int>();
        bool inside = false;
        int run = 0;
        for (int x = 0; x < mask.Width; x++)
        {
            for (int y = 0; y < mask.Height; y++)
            {
                if (mask.IsInside(x, y) != inside)
                {
                    counts.Add(run);
                    (run, inside) = (0, !inside);
                }

                run++;
            }
        }

        counts.Add(run);
        return new RunLengths(mask.Width, mask.Height, [.. counts]);
    }

    /// <summary>Takes the numbers of an uncompressed COCO annotation.</summary>
    /// <param name="width">The mask's columns: the second number of COCO's <c>size</c>.</param>
    /// <param name="height">The mask's rows: the first number of COCO's <c>size</c>.</param>
    /// <param name="counts">The lengths of the runs.</param>
    /// <exception cref="ImageFormatException">A length is negative, or they do not add up to the number of pixels.</exception>
    /// <exception cref="ResourceLimitException">There are more than <see cref="Mask.MaximumPixels"/>.</exception>
    public static RunLengths FromCounts(int width, int height, IEnumerable<int> counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        long pixels = CheckSize(width, height);
        int[] lengths = [.. counts];
        long sum = 0;
        foreach (int length in lengths)
        {
            if (length < 0)
                throw new ImageFormatException($"A run of {length} pixels was found in a run-length mask; lengths are at least 0.");
            sum += length;
        }

        return sum == pixels
            ? new RunLengths(width, height, lengths)
            : throw new ImageFormatException($"The runs of a mask of {width}x{height} add up to {sum} pixels; {pixels} were expected. Check that the size is given as width and height.");
    }

    /// <summary>Reads the text of a compressed COCO annotation.</summary>
    /// <param name="width">The mask's columns: the second number of COCO's <c>size</c>.</param>
    /// <param name="height">The mask's rows: the first number of COCO's <c>size</c>.</param>
    /// <param name="text">The text.</param>
    /// <exception cref="ImageFormatException">The text is malformed, or its runs do not add up to the number of pixels.</exception>
    /// <exception cref="ResourceLimitException">There are more than <see cref="Mask.MaximumPixels"/>.</exception>
    public static RunLengths Parse(int width, int height, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        long pixels = CheckSize(width, height);
        var counts = new List<int>();
        for (int position = 0; position < text.Length;)
        {
            long count = ReadNumber(text, ref position);
            if (counts.Count >= PlainCounts)
                count += counts[^2];
            if (count < 0 || count > pixels)
                throw new ImageFormatException($"A run of {count} pixels was found in a run-length mask of {width}x{height}; 0 to {pixels} were expected.");
            counts.Add((int)count);
        }

        return FromCounts(width, height, counts);
    }

    /// <summary>The compressed text of COCO annotations.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        for (int i = 0; i < Counts.Count; i++)
        {
            int value = i < PlainCounts ? Counts[i] : Counts[i] - Counts[i - 2];
            bool more;
            do
            {
                int digit = value & DigitMask;
                value >>= DigitBits;
                more = (digit & SignBit) != 0 ? value != -1 : value != 0;
                text.Append((char)(FirstDigit + (more ? digit | ContinuationBit : digit)));
            }
            while (more);
        }

        return text.ToString();
    }

    /// <summary>The mask.</summary>
    public Mask ToMask()
    {
        var builder = new Mask.Builder(Width, Height);
        int position = 0;
        for (int i = 0; i < Counts.Count; i++)
        {
            int end = position + Counts[i];
            for (; position < end; position++)
            {
                if (i % 2 == 1)
                    builder.Set((position % Height * Width) + (position / Height));
            }
        }

        return builder.Build();
    }

    private static long CheckSize(int width, int height)
    {
        if (width < 1 || height < 1)
            throw new ImageFormatException($"A run-length mask of {width}x{height} was given; both sides are at least 1.");
        long pixels = (long)width * height;
        return pixels <= Mask.MaximumPixels
            ? pixels
            : throw new ResourceLimitException($"A run-length mask of {width}x{height} was given; at most {Mask.MaximumPixels} pixels are allowed.");
    }

    private static long ReadNumber(string text, ref int position)
    {
        // Seven digits hold 35 bits: more than any mask has pixels.
        const int MaximumDigits = 7;
        long value = 0;
        for (int digits = 0; digits < MaximumDigits && position < text.Length; digits++)
        {
            int digit = text[position++] - FirstDigit;
            if (digit is < 0 or > (DigitMask | ContinuationBit))
                throw new ImageFormatException($"The character U+{(int)text[position - 1]:X4} was found in a run-length mask; '0' to 'o' were expected.");
            int shift = DigitBits * digits;
            value |= (long)(digit & DigitMask) << shift;
            if ((digit & ContinuationBit) != 0)
                continue;
            return (digit & SignBit) != 0 ? value | (-1L << (shift + DigitBits)) : value;
        }

        throw new ImageFormatException($"A number in a run-length mask is cut off or has more than {MaximumDigits} digits.");
    }
}
