namespace PaliSharp.Imaging.Codecs.Jpeg;

/// <summary>A Huffman table, prepared for decoding by look-up.</summary>
internal sealed class JpegHuffmanTable
{
    /// <summary>The bits of the look-up; longer codes take the slow way.</summary>
    public const int LookupBits = 10;

    // Length in the upper byte, symbol in the lower; 0 where the code is longer.
    private readonly ushort[] _lookup = new ushort[1 << LookupBits];
    // For AC symbols whose code and value bits fit in the look-up together: value × 65536 + zeros before it × 256 + bits; else 0.
    private readonly int[] _coefficients;
    private readonly int[] _largestCode = new int[18];
    private readonly int[] _offset = new int[17];
    private readonly byte[] _symbols;

    private JpegHuffmanTable(byte[] symbols, bool isDc)
    {
        _symbols = symbols;
        _coefficients = isDc ? [] : new int[1 << LookupBits];
    }

    /// <summary>A table without any code.</summary>
    public static JpegHuffmanTable Empty { get; } = Create(new byte[16], [], isDc: false);

    /// <summary>The look-up: length × 256 + symbol by the next <see cref="LookupBits"/> bits; 0 for longer codes.</summary>
    public ReadOnlySpan<ushort> Lookup => _lookup;

    /// <summary>
    /// Whole coefficients of AC tables by the next <see cref="LookupBits"/> bits: value × 65536 + zeros before it × 256 + bits used; 0 where they do not
    /// fit in so many bits, and for symbols without a value.
    /// </summary>
    public ReadOnlySpan<int> Coefficients => _coefficients;

    /// <summary>Builds a table.</summary>
    /// <param name="counts">The number of codes of length 1 to 16.</param>
    /// <param name="symbols">The symbols in the order of their codes.</param>
    /// <param name="isDc">Whether the symbols are sizes of DC differences, at most 15.</param>
    /// <exception cref="ImageFormatException">The counts are no prefix code, or a symbol is out of range.</exception>
    public static JpegHuffmanTable Create(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols, bool isDc)
    {
        var table = new JpegHuffmanTable(symbols.ToArray(), isDc);
        int code = 0;
        int index = 0;
        for (int length = 1; length <= 16; length++)
        {
            int count = counts[length - 1];
            if (code + count > 1 << length)
            {
                throw new ImageFormatException(
                    $"A Huffman table of the JPEG file has too many codes of {length} bits: the file is damaged.");
            }

            table._offset[length] = index - code;
            for (int i = 0; i < count; i++, code++, index++)
            {
                if (isDc && symbols[index] > 15)
                {
                    throw new ImageFormatException(
                        $"A DC Huffman table of the JPEG file holds the size {symbols[index]}; at most 15 is valid.");
                }

                if (length <= LookupBits)
                {
                    int shift = LookupBits - length;
                    table._lookup.AsSpan(code << shift, 1 << shift).Fill((ushort)((length << 8) | symbols[index]));
                }
            }

            table._largestCode[length] = count > 0 ? code - 1 : -1;
            code <<= 1;
        }

        table.FillCoefficients();
        return table;
    }

    /// <summary>Decodes a code that is longer than the look-up.</summary>
    /// <param name="bits">The next 16 bits.</param>
    /// <returns>The symbol, 0 if the code is none, and the length of the code, 17 if it is none, as the reference consumes.</returns>
    public (int Symbol, int Length) DecodeLong(int bits)
    {
        for (int length = LookupBits + 1; length <= 16; length++)
        {
            int code = bits >> (16 - length);
            if (code <= _largestCode[length])
            {
                // An incomplete code of fewer bits may leave a negative position: no such code exists.
                int position = code + _offset[length];
                return ((uint)position < (uint)_symbols.Length ? _symbols[position] : 0, length);
            }
        }

        return (0, 17);
    }

    private void FillCoefficients()
    {
        for (int i = 0; i < _coefficients.Length; i++)
        {
            int length = _lookup[i] >> 8;
            int size = _lookup[i] & 15;
            int used = length + size;
            if (length == 0 || size == 0 || used > LookupBits)
                continue;
            int value = (i >> (LookupBits - used)) & ((1 << size) - 1);
            if (value < 1 << (size - 1))
                value -= (1 << size) - 1;
            _coefficients[i] = (value << 16) | ((_lookup[i] >> 4 & 15) << 8) | used;
        }
    }
}
