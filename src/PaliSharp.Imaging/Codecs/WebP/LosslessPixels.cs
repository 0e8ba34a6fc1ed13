namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>The five codes of a group of pixels.</summary>
internal sealed record LosslessCodes(
    LosslessHuffmanTable Green, LosslessHuffmanTable Red, LosslessHuffmanTable Blue, LosslessHuffmanTable Alpha, LosslessHuffmanTable Distance);

/// <summary>Reads entropy-coded pixels: literals, copies of earlier pixels, and pixels from the colour cache.</summary>
/// <param name="width">The columns of the picture.</param>
/// <param name="codes">The codes of the groups.</param>
/// <param name="groups">The group of each block of pixels, or empty when there is only one.</param>
/// <param name="groupBits">The logarithm of the side of a block.</param>
/// <param name="cacheBits">The logarithm of the size of the colour cache; 0 for none.</param>
internal sealed class LosslessPixels(int width, LosslessCodes[] codes, uint[] groups, int groupBits, int cacheBits)
{
    /// <summary>The number of symbols for the length of a copy.</summary>
    public const int LengthCodes = 24;

    private const int FirstLength = 256;
    private const int FirstCached = FirstLength + LengthCodes;
    private const int MappedDistances = 120;
    private const uint CacheMultiplier = 0x1E35A7BD;

    private readonly uint[] _cache = cacheBits == 0 ? [] : new uint[1 << cacheBits];
    private readonly int _groupsInRow = LosslessDecoder.Subsampled(width, groupBits);

    /// <summary>The first distance codes name neighbours: rows up × 16 + 8 − columns to the right.</summary>
    private static ReadOnlySpan<byte> Neighbours =>
    [
        0x18, 0x07, 0x17, 0x19, 0x28, 0x06, 0x27, 0x29, 0x16, 0x1A, 0x26, 0x2A, 0x38, 0x05, 0x37,
        0x39, 0x15, 0x1B, 0x36, 0x3A, 0x25, 0x2B, 0x48, 0x04, 0x47, 0x49, 0x14, 0x1C, 0x35, 0x3B,
        0x46, 0x4A, 0x24, 0x2C, 0x58, 0x45, 0x4B, 0x34, 0x3C, 0x03, 0x57, 0x59, 0x13, 0x1D, 0x56,
        0x5A, 0x23, 0x2D, 0x44, 0x4C, 0x55, 0x5B, 0x33, 0x3D, 0x68, 0x02, 0x67, 0x69, 0x12, 0x1E,
        0x66, 0x6A, 0x22, 0x2E, 0x54, 0x5C, 0x43, 0x4D, 0x65, 0x6B, 0x32, 0x3E, 0x78, 0x01, 0x77,
        0x79, 0x53, 0x5D, 0x11, 0x1F, 0x64, 0x6C, 0x42, 0x4E, 0x76, 0x7A, 0x21, 0x2F, 0x75, 0x7B,
        0x31, 0x3F, 0x63, 0x6D, 0x52, 0x5E, 0x00, 0x74, 0x7C, 0x41, 0x4F, 0x10, 0x20, 0x62, 0x6E,
        0x30, 0x73, 0x7D, 0x51, 0x5F, 0x40, 0x72, 0x7E, 0x61, 0x6F, 0x50, 0x71, 0x7F, 0x60, 0x70,
    ];

    /// <summary>Reads all pixels, each alpha, red, green, blue from the highest byte to the lowest.</summary>
    /// <exception cref="ImageFormatException">The data is damaged or truncated.</exception>
    public void Read(ref LosslessBitReader reader, Span<uint> pixels)
    {
        int at = 0;
        int x = 0;
        int y = 0;
        while (at < pixels.Length)
        {
            LosslessCodes code = groups.Length == 0 ? codes[0] : codes[groups[((y >> groupBits) * _groupsInRow) + (x >> groupBits)]];

            // Up to the end of the row or of the block, the codes stay the same.
            int end = groups.Length == 0 ? width : Math.Min(width, ((x >> groupBits) + 1) << groupBits);
            Span<uint> run = pixels.Slice(at, end - x);
            int symbol = ReadLiterals(ref reader, code, run, out int count);
            at += count;
            x += count;
            if (symbol >= 0)
            {
                int length = TakePrefixed(ref reader, symbol - FirstLength);
                int distance = Distance(TakePrefixed(ref reader, reader.Decode(code.Distance)));
                if (distance > at || length > pixels.Length - at)
                    throw LosslessDecoder.Damaged("copies pixels from outside of the picture");
                Copy(pixels, at, distance, length);
                at += length;
                x += length;
            }

            if (reader.IsExhausted)
                throw LosslessDecoder.Damaged("ends early");
            if (x >= width)
            {
                y += x / width;
                x %= width;
            }
        }
    }

    /// <summary>Reads pixels until they are full or a copy comes.</summary>
    /// <returns>The symbol of the length of the copy, or −1.</returns>
    private int ReadLiterals(ref LosslessBitReader reader, LosslessCodes code, Span<uint> pixels, out int count)
    {
        (LosslessHuffmanTable green, LosslessHuffmanTable red, LosslessHuffmanTable blue, LosslessHuffmanTable alpha) =
            (code.Green, code.Red, code.Blue, code.Alpha);
        uint[] cache = _cache;
        (ulong bits, int left) = (reader.Bits, reader.Count);
        int found = -1;
        int i = 0;
        for (; i < pixels.Length; i++)
        {
            if (left < 32)
            {
                (reader.Bits, reader.Count) = (bits, left);
                reader.Refill();
                (bits, left) = (reader.Bits, reader.Count);
                if (left < 0)
                    break;
            }

            uint entry = green.Find((uint)bits);
            bits >>= (int)(entry & 255);
            left -= (int)(entry & 255);
            uint symbol = entry >> 16;
            uint pixel;
            if (symbol < FirstLength)
            {
                // Green and red take at most 30 bits, blue and alpha too.
                uint redEntry = red.Find((uint)bits);
                bits >>= (int)(redEntry & 255);
                left -= (int)(redEntry & 255);
                if (left < 32)
                {
                    (reader.Bits, reader.Count) = (bits, left);
                    reader.Refill();
                    (bits, left) = (reader.Bits, reader.Count);
                }

                uint blueEntry = blue.Find((uint)bits);
                bits >>= (int)(blueEntry & 255);
                left -= (int)(blueEntry & 255);
                uint alphaEntry = alpha.Find((uint)bits);
                bits >>= (int)(alphaEntry & 255);
                left -= (int)(alphaEntry & 255);
                pixel = ((alphaEntry >> 16) << 24) | (redEntry & 0xFF0000) | (symbol << 8) | (blueEntry >> 16);
            }
            else if (symbol >= FirstCached)
            {
                pixel = cache[symbol - FirstCached];
            }
            else
            {
                found = (int)symbol;
                break;
            }

            pixels[i] = pixel;
            if (cache.Length > 0)
                cache[(pixel * CacheMultiplier) >> (32 - cacheBits)] = pixel;
        }

        (reader.Bits, reader.Count) = (bits, left);
        count = i;
        return found;
    }

    private void Copy(Span<uint> pixels, int at, int distance, int length)
    {
        Span<uint> target = pixels.Slice(at, length);
        if (distance == 1)
        {
            target.Fill(pixels[at - 1]);
        }
        else if (distance >= length)
        {
            pixels.Slice(at - distance, length).CopyTo(target);
        }
        else
        {
            for (int i = at; i < at + length; i++)
                pixels[i] = pixels[i - distance];
        }

        if (cacheBits > 0)
        {
            foreach (uint pixel in target)
                _cache[(pixel * CacheMultiplier) >> (32 - cacheBits)] = pixel;
        }
    }

    private static int TakePrefixed(ref LosslessBitReader reader, int symbol)
    {
        if (symbol < 4)
            return symbol + 1;
        int extra = (symbol - 2) >> 1;
        return ((2 + (symbol & 1)) << extra) + (int)reader.Take(extra) + 1;
    }

    private int Distance(int code)
    {
        if (code > MappedDistances)
            return code - MappedDistances;
        int neighbour = Neighbours[code - 1];
        return Math.Max(((neighbour >> 4) * width) + 8 - (neighbour & 15), 1);
    }
}
