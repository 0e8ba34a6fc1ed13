namespace PaliSharp.Imaging.Codecs.Jpeg;

/// <summary>Walks over the MCUs of a scan: restart intervals, damaged data, order of blocks.</summary>
internal ref struct JpegScanDecoder
{
    private readonly JpegFrame _frame;
    private readonly JpegScan _scan;
    private JpegBitReader _reader;
    private JpegProgressiveDecoder _progressive;
    private int _toRestart;
    private int _nextRestart;

    // After the data of a segment has run out, the MCUs up to the next restart stay empty, as in the reference.
    private bool _starved;

    public JpegScanDecoder(JpegFrame frame, JpegScan scan, ReadOnlySpan<byte> data, int position)
    {
        _frame = frame;
        _scan = scan;
        _reader = new JpegBitReader(data, position);
        _progressive = new JpegProgressiveDecoder(scan);
        _toRestart = scan.RestartInterval;
    }

    /// <summary>Where the scan's data ended.</summary>
    public readonly int Position => _reader.Position;

    /// <summary>Whether bits were missing somewhere.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>Whether the file ended inside the scan.</summary>
    public readonly bool IsTruncated => IsDamaged && _reader.IsTruncated;

    /// <summary>Decodes the whole scan into the coefficients of its components.</summary>
    public void DecodeAll()
    {
        if (_scan.Interleaved)
        {
            for (int y = 0; y < _frame.McuRows; y++)
            {
                for (int x = 0; x < _frame.McuColumns; x++)
                    DecodeMcu(x, y);
            }
        }
        else
        {
            JpegComponent component = _scan.Components[0];
            for (int y = 0; y < component.HeightInBlocks; y++)
            {
                for (int x = 0; x < component.WidthInBlocks; x++)
                {
                    if (BeginMcu())
                        DecodeStored(component, x, y);
                    EndMcu();
                }
            }
        }
    }

    /// <summary>Decodes one row of MCUs of a picture of one sequential scan straight to samples.</summary>
    public void DecodeRow(int row, JpegSamples[] samples)
    {
        Span<short> block = stackalloc short[64];
        if (!_scan.Interleaved)
        {
            JpegComponent component = _scan.Components[0];
            int last = Math.Min((row + 1) * component.V, component.HeightInBlocks);
            for (int y = row * component.V; y < last; y++)
            {
                for (int x = 0; x < component.WidthInBlocks; x++)
                {
                    bool hasData = BeginMcu();
                    DecodeToSamples(component, samples[0], block, x, y, hasData);
                    EndMcu();
                }
            }

            return;
        }

        for (int x = 0; x < _frame.McuColumns; x++)
        {
            bool hasData = BeginMcu();
            for (int i = 0; i < samples.Length; i++)
            {
                JpegComponent component = samples[i].Component;
                for (int v = 0; v < component.V; v++)
                {
                    for (int h = 0; h < component.H; h++)
                        DecodeToSamples(component, samples[i], block, (x * component.H) + h, (row * component.V) + v, hasData);
                }
            }

            EndMcu();
        }
    }

    private void DecodeToSamples(JpegComponent component, JpegSamples samples, scoped Span<short> block, int x, int y, bool hasData)
    {
        bool hasAc = hasData && JpegSequentialDecoder.DecodeBlock(ref _reader, component, block);
        Span<byte> target = samples.Block(x, y);
        if (hasAc)
        {
            JpegInverseDct.Transform(block, component.Quantizer, target, samples.Stride, component.BlockSide);
            block.Clear();
        }
        else
        {
            JpegInverseDct.TransformDc(block[0], component.Quantizer![0], target, samples.Stride, component.BlockSide);
            block[0] = 0;
        }
    }

    private void DecodeMcu(int mcuX, int mcuY)
    {
        if (BeginMcu())
        {
            foreach (JpegComponent component in _scan.Components)
            {
                for (int v = 0; v < component.V; v++)
                {
                    for (int h = 0; h < component.H; h++)
                        DecodeStored(component, (mcuX * component.H) + h, (mcuY * component.V) + v);
                }
            }
        }

        EndMcu();
    }

    private void DecodeStored(JpegComponent component, int x, int y)
    {
        Span<short> block = component.Coefficients.AsSpan(((y * component.PaddedWidthInBlocks) + x) * 64, 64);
        if (_frame.Progressive)
            _progressive.DecodeBlock(ref _reader, component, block);
        else
            JpegSequentialDecoder.DecodeBlock(ref _reader, component, block);
    }

    /// <summary>Passes a restart marker if one is due. Returns whether there is data for this MCU.</summary>
    private bool BeginMcu()
    {
        if (_scan.RestartInterval != 0 && _toRestart == 0)
        {
            if (_reader.Restart(_nextRestart))
                _starved = false;
            _nextRestart = (_nextRestart + 1) & 7;
            _toRestart = _scan.RestartInterval;
            _progressive.Reset();
            foreach (JpegComponent component in _scan.Components)
                component.DcPrediction = 0;
        }

        return !_starved;
    }

    private void EndMcu()
    {
        _toRestart--;
        if (_reader.IsExhausted)
        {
            _starved = true;
            IsDamaged = true;
        }
    }
}
