namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>Decodes a key frame of VP8, the lossy bitstream of WebP.</summary>
internal sealed class Vp8Decoder
{
    // Prediction needs the row above unfiltered, so a row is filtered when the next one is decoded; that changes the end of the one before.
    private const int KeptRows = 3;

    private readonly Vp8Header _header;
    private readonly int _columns;
    private readonly int _rows;
    private readonly Vp8Plane[] _planes;
    private readonly Vp8Coefficients _coefficients;

    // The modes of the blocks above, four a macroblock, and to the left.
    private readonly Vp8Mode[] _modesAbove;
    private readonly Vp8Mode[] _modesLeft = new Vp8Mode[4];
    private readonly Vp8Mode[] _modes = new Vp8Mode[16];
    private readonly short[] _residuals = new short[24 * 16];

    private readonly Vp8BlockKind[] _kinds = new Vp8BlockKind[24];

    // For each macroblock of two rows the index of its filter strength, and 8 if inner edges are filtered too.
    private readonly byte[] _filters;
    private readonly Vp8ColorConverter _converter;
    private int _written;

    private Vp8Decoder(Vp8Header header)
    {
        _header = header;
        _columns = (header.Width + 15) / 16;
        _rows = (header.Height + 15) / 16;
        _planes = [new Vp8Plane(_columns * 16, KeptRows * 16), new Vp8Plane(_columns * 8, KeptRows * 8), new Vp8Plane(_columns * 8, KeptRows * 8)];
        _coefficients = new Vp8Coefficients(header.Coefficients, _columns);
        _modesAbove = new Vp8Mode[_columns * 4];
        _filters = new byte[_columns * 2];
        _converter = new Vp8ColorConverter(_planes, header.Width, header.Height);
    }

    /// <summary>Decodes a frame.</summary>
    /// <param name="data">The bitstream.</param>
    /// <param name="pixels">Receives the rows of pixels; alpha, if there is any, becomes opaque.</param>
    /// <param name="channels">The bytes of a pixel, 3 or 4.</param>
    /// <exception cref="ImageFormatException">The data is damaged or truncated.</exception>
    public static void Decode(ReadOnlyMemory<byte> data, Span<byte> pixels, int channels)
    {
        var decoder = new Vp8Decoder(Vp8Header.Parse(data));
        for (int row = 0; row < decoder._rows; row++)
        {
            decoder.DecodeRow(row);
            if (row > 0)
                decoder.Finish(row - 1, pixels, channels);
        }

        decoder.Finish(decoder._rows - 1, pixels, channels);
    }

    private void DecodeRow(int row)
    {
        ref Vp8BoolReader tokens = ref _header.Partitions[row % _header.Partitions.Length];
        _modesLeft.AsSpan().Clear();
        _coefficients.StartRow();
        for (int column = 0; column < _columns; column++)
        {
            var modes = new Vp8BoolWindow(ref _header.Modes);
            int segment = 0;
            if (_header.HasSegmentMap)
            {
                int[] p = _header.SegmentProbabilities;
                segment = !modes.Take(p[0]) ? (modes.Take(p[1]) ? 1 : 0) : (modes.Take(p[2]) ? 3 : 2);
            }

            bool skipped = _header.SkipProbability >= 0 && modes.Take(_header.SkipProbability);
            bool inBlocks = !modes.Take(145);
            ReadLumaModes(ref modes, column, inBlocks);
            Vp8Mode chroma = !modes.Take(142) ? Vp8Mode.Dc : !modes.Take(114) ? Vp8Mode.Vertical : modes.Take(183) ? Vp8Mode.TrueMotion : Vp8Mode.Horizontal;
            modes.Close(ref _header.Modes);
            bool any = false;
            if (skipped)
                _coefficients.Skip(column, inBlocks);
            else
                any = _coefficients.Read(ref tokens, column, inBlocks, _header.Quantizers[segment], _residuals, _kinds);
            if (_header.Modes.IsExhausted || tokens.IsExhausted)
                throw Vp8Header.Damaged("ends early");
            Reconstruct(column, row, inBlocks, chroma, any);
            _filters[((row & 1) * _columns) + column] = (byte)((segment * 2) + (inBlocks ? 1 : 0) + (inBlocks || any ? 8 : 0));
        }
    }

    private void ReadLumaModes(ref Vp8BoolWindow reader, int column, bool inBlocks)
    {
        Span<Vp8Mode> above = _modesAbove.AsSpan(column * 4, 4);
        if (!inBlocks)
        {
            Vp8Mode mode = reader.Take(156)
                ? (reader.Take(128) ? Vp8Mode.TrueMotion : Vp8Mode.Horizontal)
                : (reader.Take(163) ? Vp8Mode.Vertical : Vp8Mode.Dc);
            above.Fill(mode);
            _modesLeft.AsSpan().Fill(mode);
            _modes[0] = mode;
            return;
        }

        for (int y = 0; y < 4; y++)
        {
            for (int x = 0; x < 4; x++)
            {
                Vp8Mode mode = ReadBlockMode(ref reader, Vp8Tables.BlockModes.Slice((((int)above[x] * 10) + (int)_modesLeft[y]) * 9, 9));
                above[x] = mode;
                _modesLeft[y] = mode;
                _modes[(y * 4) + x] = mode;
            }
        }
    }

    private static Vp8Mode ReadBlockMode(ref Vp8BoolWindow reader, scoped ReadOnlySpan<byte> p)
    {
        if (!reader.Take(p[0]))
            return Vp8Mode.Dc;
        if (!reader.Take(p[1]))
            return Vp8Mode.TrueMotion;
        if (!reader.Take(p[2]))
            return Vp8Mode.Vertical;
        if (!reader.Take(p[3]))
        {
            if (!reader.Take(p[4]))
                return Vp8Mode.Horizontal;
            return !reader.Take(p[5]) ? Vp8Mode.DownRight : Vp8Mode.VerticalRight;
        }

        if (!reader.Take(p[6]))
            return Vp8Mode.DownLeft;
        if (!reader.Take(p[7]))
            return Vp8Mode.VerticalLeft;
        return !reader.Take(p[8]) ? Vp8Mode.HorizontalDown : Vp8Mode.HorizontalUp;
    }

    private void Reconstruct(int column, int row, bool inBlocks, Vp8Mode chroma, bool any)
    {
        Vp8Plane luma = _planes[0];
        if (inBlocks)
        {
            ReconstructBlocks(column, row, any);
        }
        else
        {
            Vp8Predictor.PredictSquare(luma, column * 16, row * 16, 16, _modes[0]);
            for (int block = 0; any && block < 16; block++)
                AddResiduals(luma, (column * 16) + ((block & 3) * 4), (row * 16) + (block & ~3), block);
        }

        for (int i = 1; i < 3; i++)
        {
            Vp8Predictor.PredictSquare(_planes[i], column * 8, row * 8, 8, chroma);
            for (int block = 0; any && block < 4; block++)
                AddResiduals(_planes[i], (column * 8) + ((block & 1) * 4), (row * 8) + ((block >> 1) * 4), 12 + (4 * i) + block);
        }
    }

    private void ReconstructBlocks(int column, int row, bool any)
    {
        Vp8Plane luma = _planes[0];

        // The samples above to the right come from the row of macroblocks above, for all four rows of blocks at the right.
        Span<byte> outerRight = stackalloc byte[4];
        int above = luma.At((column * 16) + 16, (row * 16) - 1);
        if (row > 0 && column == _columns - 1)
            outerRight.Fill(luma.Samples[above - 1]);
        else
            luma.Samples.AsSpan(above, 4).CopyTo(outerRight);
        for (int block = 0; block < 16; block++)
        {
            int x = (column * 16) + ((block & 3) * 4);
            int y = (row * 16) + (block & ~3);
            ReadOnlySpan<byte> right = (block & 3) == 3 ? outerRight : luma.Samples.AsSpan(luma.At(x + 4, y - 1), 4);
            Vp8Predictor.PredictBlock(luma, x, y, _modes[block], right);
            if (any)
                AddResiduals(luma, x, y, block);
        }
    }

    private void AddResiduals(Vp8Plane plane, int x, int y, int block)
    {
        Vp8BlockKind kind = _kinds[block];
        if (kind == Vp8BlockKind.Empty)
            return;
        ReadOnlySpan<short> residuals = _residuals.AsSpan(block * 16, 16);
        Span<byte> samples = plane.Samples.AsSpan(plane.At(x, y));
        if (kind == Vp8BlockKind.DcOnly)
            Vp8Transforms.AddInverseDc(residuals[0], samples, plane.Stride);
        else
            Vp8Transforms.AddInverse(residuals, samples, plane.Stride);
    }

    /// <summary>Filters a row of macroblocks and writes the rows of pixels that nothing will change any more.</summary>
    private void Finish(int row, Span<byte> pixels, int channels)
    {
        for (int column = 0; _header.IsFiltered && column < _columns; column++)
        {
            int filter = _filters[((row & 1) * _columns) + column];
            Vp8LoopFilter.Apply(_planes, _header.SimpleFilter, column, row, _header.Filters[filter & 7], inner: filter >= 8);
        }

        // Half of the row: three rows of chroma at its end may still change, and each pixel needs the chroma below.
        int end = row == _rows - 1 ? _header.Height : (row * 16) + 8;
        int stride = _header.Width * channels;
        for (; _written < end; _written++)
            _converter.Convert(_written, pixels.Slice(_written * stride, stride), channels);
        if (row == 0)
            return;
        _planes[0].Advance(16);
        _planes[1].Advance(8);
        _planes[2].Advance(8);
    }
}
