namespace PaliSharp.Imaging.Codecs.Jpeg;

/// <summary>Decodes the blocks of sequential (baseline and extended) scans.</summary>
internal static class JpegSequentialDecoder
{
    /// <summary>Decodes one block.</summary>
    /// <param name="reader">The bits.</param>
    /// <param name="component">The tables and the DC prediction.</param>
    /// <param name="block">64 zeros; receives the coefficients in natural order.</param>
    /// <returns>Whether any AC coefficient was stored.</returns>
    public static bool DecodeBlock(ref JpegBitReader reader, JpegComponent component, scoped Span<short> block)
    {
        block = block[..64];
        reader.Refill();
        int size = reader.Decode(component.DcTable);
        if (size != 0)
            component.DcPrediction += reader.TakeSigned(size);
        block[0] = (short)component.DcPrediction;
        ReadOnlySpan<byte> natural = JpegZigzag.Natural;
        JpegHuffmanTable table = component.AcTable;
        bool any = false;
        for (int k = 1; k < 64; k++)
        {
            reader.Refill();
            int symbol = reader.Decode(table);
            int bits = symbol & 15;
            if (bits != 0)
            {
                k += symbol >> 4;
                block[natural[k]] = (short)reader.TakeSigned(bits);
                any = true;
            }
            else
            {
                if (symbol != 0xF0)
                    break;
                k += 15;
            }
        }

        return any;
    }
}
