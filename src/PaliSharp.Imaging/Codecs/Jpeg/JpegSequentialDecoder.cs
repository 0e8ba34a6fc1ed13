using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

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
        return DecodeAc(ref reader, component.AcTable, ref MemoryMarshal.GetReference(block));
    }

    /// <summary>Decodes the 63 AC coefficients into a block of 64.</summary>
    private static bool DecodeAc(ref JpegBitReader reader, JpegHuffmanTable table, ref short block)
    {
        ReadOnlySpan<byte> natural = JpegZigzag.Natural;
        ReadOnlySpan<int> coefficients = table.Coefficients;
        ReadOnlySpan<ushort> lookup = table.Lookup;
        (ulong bits, int count) = (reader.Bits, reader.Count);
        bool any = false;
        for (int k = 1; k < 64; k++)
        {
            if (count < 32)
            {
                (reader.Bits, reader.Count) = (bits, count);
                reader.RefillAlways();
                (bits, count) = (reader.Bits, reader.Count);
            }

            int index = (int)(bits >> (64 - JpegHuffmanTable.LookupBits));
            int value = coefficients[index];
            if (value != 0)
            {
                int used = value & 255;
                bits <<= used;
                count -= used;
                k += (value >> 8) & 255;
                value >>= 16;
            }
            else
            {
                int symbol = lookup[index];
                int length = symbol >> 8;
                symbol &= 255;
                if (length == 0)
                    (symbol, length) = table.DecodeLong((int)(bits >> 48));
                bits <<= length;
                count -= length;
                int size = symbol & 15;
                if (size == 0)
                {
                    if (symbol != 0xF0)
                        break;
                    k += 15;
                    continue;
                }

                k += symbol >> 4;
                value = (int)(bits >> (64 - size));
                bits <<= size;
                count -= size;
                int half = (1 << size) >> 1;
                if (value < half)
                    value -= (half << 1) - 1;
            }

            // The mask keeps the index below the 64 elements of the block.
            Unsafe.Add(ref block, natural[k] & 63) = (short)value;
            any = true;
        }

        (reader.Bits, reader.Count) = (bits, count);
        return any;
    }
}
