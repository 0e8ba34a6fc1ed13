namespace PaliSharp.Imaging.Codecs.Jpeg;

/// <summary>Decodes the blocks of progressive scans. Keeps the run of empty blocks that spans blocks.</summary>
internal ref struct JpegProgressiveDecoder(JpegScan scan)
{
    private readonly JpegScan _scan = scan;
    private int _emptyBlocks;

    /// <summary>Forgets the run of empty blocks, at the start and at restart markers.</summary>
    public void Reset() => _emptyBlocks = 0;

    /// <summary>Adds what the scan says about one block.</summary>
    public void DecodeBlock(ref JpegBitReader reader, JpegComponent component, scoped Span<short> block)
    {
        block = block[..64];
        if (_scan.First != 0)
        {
            if (_scan.High == 0)
                DecodeAcFirst(ref reader, component.AcTable, block);
            else
                DecodeAcRefinement(ref reader, component.AcTable, block);
            return;
        }

        reader.Refill();
        if (_scan.High != 0)
        {
            if (reader.Take(1) != 0)
                block[0] |= (short)(1 << _scan.Low);
            return;
        }

        int size = reader.Decode(component.DcTable);
        if (size != 0)
            component.DcPrediction += reader.TakeSigned(size);
        block[0] = (short)(component.DcPrediction << _scan.Low);
    }

    private void DecodeAcFirst(ref JpegBitReader reader, JpegHuffmanTable table, scoped Span<short> block)
    {
        if (_emptyBlocks > 0)
        {
            _emptyBlocks--;
            return;
        }

        ReadOnlySpan<byte> natural = JpegZigzag.Natural;
        ReadOnlySpan<int> coefficients = table.Coefficients;
        (ulong bits, int count) = (reader.Bits, reader.Count);
        int last = _scan.Last;
        int low = _scan.Low;
        for (int k = _scan.First; k <= last; k++)
        {
            if (count < 32)
            {
                (reader.Bits, reader.Count) = (bits, count);
                reader.RefillAlways();
                (bits, count) = (reader.Bits, reader.Count);
            }

            int whole = coefficients[(int)(bits >> (64 - JpegHuffmanTable.LookupBits))];
            if (whole != 0)
            {
                int used = whole & 255;
                bits <<= used;
                count -= used;
                k += (whole >> 8) & 255;
                block[natural[k]] = (short)((whole >> 16) << low);
                continue;
            }

            (reader.Bits, reader.Count) = (bits, count);
            int symbol = reader.Decode(table);
            int run = symbol >> 4;
            int size = symbol & 15;
            if (size != 0)
            {
                k += run;
                block[natural[k]] = (short)(reader.TakeSigned(size) << low);
            }
            else if (run == 15)
            {
                k += 15;
            }
            else
            {
                // This block and so many more have nothing further in the band.
                _emptyBlocks = (1 << run) - 1;
                if (run != 0)
                    _emptyBlocks += reader.Take(run);
                return;
            }

            (bits, count) = (reader.Bits, reader.Count);
        }

        (reader.Bits, reader.Count) = (bits, count);
    }

    private void DecodeAcRefinement(ref JpegBitReader reader, JpegHuffmanTable table, scoped Span<short> block)
    {
        ReadOnlySpan<byte> natural = JpegZigzag.Natural;
        int bit = 1 << _scan.Low;
        int k = _scan.First;
        if (_emptyBlocks == 0)
        {
            for (; k <= _scan.Last; k++)
            {
                reader.Refill();
                int symbol = reader.Decode(table);
                int run = symbol >> 4;
                int value = 0;
                if ((symbol & 15) != 0)
                {
                    // The size must be 1; the reference takes any other for 1 too.
                    value = reader.Take(1) != 0 ? bit : -bit;
                }
                else if (run != 15)
                {
                    _emptyBlocks = 1 << run;
                    if (run != 0)
                        _emptyBlocks += reader.Take(run);
                    break;
                }

                // Pass the run of coefficients that are still zero, refining the others on the way.
                for (; k <= _scan.Last; k++)
                {
                    ref short coefficient = ref block[natural[k]];
                    if (coefficient != 0)
                        Refine(ref reader, ref coefficient, bit);
                    else if (--run < 0)
                        break;
                }

                if (value != 0 && k < 64)
                    block[natural[k]] = (short)value;
            }
        }

        if (_emptyBlocks > 0)
        {
            for (; k <= _scan.Last; k++)
            {
                ref short coefficient = ref block[natural[k]];
                if (coefficient != 0)
                    Refine(ref reader, ref coefficient, bit);
            }

            _emptyBlocks--;
        }
    }

    private static void Refine(ref JpegBitReader reader, ref short coefficient, int bit)
    {
        reader.Refill();
        if (reader.Take(1) != 0 && (coefficient & bit) == 0)
            coefficient = (short)(coefficient >= 0 ? coefficient + bit : coefficient - bit);
    }
}
