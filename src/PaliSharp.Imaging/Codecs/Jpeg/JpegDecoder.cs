namespace PaliSharp.Imaging.Codecs.Jpeg;

/// <summary>Decodes baseline, extended and progressive JPEG of 8 bits, equal to libjpeg-turbo with its defaults.</summary>
internal sealed class JpegDecoder : IImageDecoder
{
    // Scans cost time even when they hold nothing: so many visits of blocks are free, and so many of each block. Refining all coefficients of a block
    // counts for nine. Genuine files need some forty of each block.
    private const long FreeBlockVisits = 30_000_000;
    private const long VisitsOfEachBlock = 100;

    public bool Matches(ReadOnlySpan<byte> data) => data.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]);

    public ImageInfo Identify(ReadOnlyMemory<byte> data, ImageDecoderOptions options) => ReadInfo(data);

    /// <summary>Reads size and orientation.</summary>
    /// <exception cref="ImageFormatException">The segments before the first scan are damaged or missing.</exception>
    public static ImageInfo ReadInfo(ReadOnlyMemory<byte> data)
    {
        var file = new JpegFile(data);
        _ = file.NextScan();
        return new ImageInfo(ImageFormat.Jpeg, file.Frame.Width, file.Frame.Height, file.Metadata.Orientation);
    }

    public Image Decode(ReadOnlyMemory<byte> data, ImageDecoderOptions options) => Decode(data, options, colorSpace: null);

    /// <summary>Decodes with a meaning of the components that comes from elsewhere.</summary>
    public static Image Decode(ReadOnlyMemory<byte> data, ImageDecoderOptions options, JpegColorSpace? colorSpace)
    {
        var file = new JpegFile(data);
        JpegScan? first = file.NextScan();
        JpegFrame frame = file.Frame;
        JpegScan scan = first ?? throw NoScan();
        ImageLimits.CheckSize("JPEG", frame.Width, frame.Height, options);

        // Inside of another file its own size counts.
        if (colorSpace is null)
            frame.Scale(8 / (int)options.JpegScale);
        bool known = colorSpace is null || frame.Components.Length == (colorSpace == JpegColorSpace.Gray ? 1 : 3);
        if (!known)
        {
            throw new ImageFormatException(
                $"The embedded JPEG picture has {frame.Components.Length} components, which does not fit the file around it.");
        }

        bool streamed = !frame.Progressive && scan.Components.Length == frame.Components.Length;
        if (!streamed)
            CheckWorkingMemory(frame, options);
        byte[] pixels = GC.AllocateUninitializedArray<byte>(ImageLimits.ByteCount(frame.OutputWidth, frame.OutputHeight, 3));
        JpegSamples[] samples = Array.ConvertAll(streamed ? scan.Components : frame.Components, c => new JpegSamples(c));
        var writer = new JpegPictureWriter(frame, colorSpace ?? file.Metadata.ColorSpace(frame), InFrameOrder(samples, frame), pixels);
        bool damaged = streamed ? DecodeStreamed(file, scan, samples, writer) : DecodeScans(file, scan, samples, writer);
        return new Image(frame.OutputWidth, frame.OutputHeight, 3, pixels, new ImageMetadata
        {
            Format = ImageFormat.Jpeg,
            Orientation = file.Metadata.Orientation,
            OriginalWidth = frame.Width,
            OriginalHeight = frame.Height,
            IccProfile = file.Metadata.JoinProfile(),
            IsDamaged = damaged,
        });
    }

    private static JpegSamples[] InFrameOrder(JpegSamples[] samples, JpegFrame frame) =>
        Array.ConvertAll(frame.Components, component => Array.Find(samples, s => s.Component == component)!);

    private static ImageFormatException NoScan() => new("The JPEG file ends before its first scan: it is truncated.");

    private static ImageFormatException Truncated() =>
        new("The JPEG file ends inside the compressed picture: it is truncated. Fetch or copy it again.");

    private static void CheckWorkingMemory(JpegFrame frame, ImageDecoderOptions options)
    {
        long bytes = 0;
        foreach (JpegComponent component in frame.Components)
            bytes += (long)component.PaddedWidthInBlocks * component.PaddedHeightInBlocks * 64 * sizeof(short);
        ImageLimits.CheckWorkingMemory("JPEG", bytes, options);
    }

    /// <summary>One sequential scan with all components: three rows of MCUs are in memory at a time.</summary>
    private static bool DecodeStreamed(JpegFile file, JpegScan scan, JpegSamples[] samples, JpegPictureWriter writer)
    {
        JpegFrame frame = file.Frame;
        var decoder = new JpegScanDecoder(frame, scan, file.Data.Span, file.Position);
        for (int row = 0; row < frame.McuRows; row++)
        {
            decoder.DecodeRow(row, samples);
            if (decoder.IsTruncated)
                throw Truncated();
            if (row > 0)
                writer.Write(row - 1);
        }

        writer.Write(frame.McuRows - 1);

        // Without an end marker the file was cut off behind the last block at best.
        return decoder.IsDamaged || file.Data.Span[decoder.Position..].IndexOf((ReadOnlySpan<byte>)[0xFF, 0xD9]) < 0;
    }

    /// <summary>Several scans: all coefficients are collected first.</summary>
    private static bool DecodeScans(JpegFile file, JpegScan first, JpegSamples[] samples, JpegPictureWriter writer)
    {
        JpegFrame frame = file.Frame;
        long blocks = 0;
        foreach (JpegComponent component in frame.Components)
        {
            int count = component.PaddedWidthInBlocks * component.PaddedHeightInBlocks;
            component.Coefficients = new short[count * 64];
            blocks += count;
        }

        bool damaged = false;
        long visits = FreeBlockVisits + (blocks * VisitsOfEachBlock);
        for (JpegScan? scan = first; scan is not null; scan = file.NextScan())
        {
            foreach (JpegComponent component in scan.Components)
            {
                int cost = scan.First > 0 && scan.High > 0 ? 1 + ((scan.Last - scan.First + 8) / 8) : 1;
                visits -= (long)component.PaddedWidthInBlocks * component.PaddedHeightInBlocks * cost;
                if (frame.Progressive)
                    component.MissingBits.AsSpan(scan.First..(scan.Last + 1)).Fill(scan.Low);
            }

            if (visits < 0)
            {
                throw new ResourceLimitException(
                    "The JPEG file has so many scans that decoding it would take too long. Convert it to baseline JPEG.");
            }

            var decoder = new JpegScanDecoder(frame, scan, file.Data.Span, file.Position);
            decoder.DecodeAll();
            if (decoder.IsTruncated)
                throw Truncated();
            damaged |= decoder.IsDamaged;
            file.Position = decoder.Position;
        }

        if (!file.Ended)
            throw Truncated();
        JpegComponent? missing = Array.Find(frame.Components, component => component.Quantizer is null);
        if (missing is not null)
            throw new ImageFormatException($"The JPEG file has no scan for its component {missing.Id}: it is damaged.");
        WriteCoefficients(frame, samples, writer);
        return damaged;
    }

    private static void WriteCoefficients(JpegFrame frame, JpegSamples[] samples, JpegPictureWriter writer)
    {
        JpegBlockSmoother[]? smoothers = JpegBlockSmoother.Create(frame);
        Span<short> smoothed = stackalloc short[64];
        for (int row = 0; row < frame.McuRows; row++)
        {
            for (int i = 0; i < samples.Length; i++)
            {
                JpegComponent component = frame.Components[i];
                int last = Math.Min((row + 1) * component.V, component.HeightInBlocks);
                for (int y = row * component.V; y < last; y++)
                {
                    for (int x = 0; x < component.WidthInBlocks; x++)
                    {
                        scoped ReadOnlySpan<short> block = component.Coefficients.AsSpan(((y * component.PaddedWidthInBlocks) + x) * 64, 64);
                        if (smoothers is not null)
                        {
                            smoothers[i].Smooth(x, y, smoothed);
                            block = smoothed;
                        }

                        Span<byte> target = samples[i].Block(x, y);
                        if (block[1..].IndexOfAnyExcept((short)0) < 0)
                            JpegInverseDct.TransformDc(block[0], component.Quantizer![0], target, samples[i].Stride, component.BlockSide);
                        else
                            JpegInverseDct.Transform(block, component.Quantizer, target, samples[i].Stride, component.BlockSide);
                    }
                }
            }

            if (row > 0)
                writer.Write(row - 1);
        }

        writer.Write(frame.McuRows - 1);
    }
}
