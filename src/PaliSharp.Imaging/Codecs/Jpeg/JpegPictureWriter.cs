namespace PaliSharp.Imaging.Codecs.Jpeg;

/// <summary>Writes finished rows of MCUs into the picture: upsampling, then colour.</summary>
internal sealed class JpegPictureWriter
{
    private readonly JpegFrame _frame;
    private readonly JpegColorSpace _colorSpace;
    private readonly JpegUpsampler[] _planes;
    private readonly byte[] _pixels;

    public JpegPictureWriter(JpegFrame frame, JpegColorSpace colorSpace, JpegSamples[] samples, byte[] pixels)
    {
        _frame = frame;
        _colorSpace = colorSpace;
        _pixels = pixels;
        _planes = Array.ConvertAll(samples, s => new JpegUpsampler(s, frame));
    }

    /// <summary>Writes the picture's rows of one row of MCUs. The samples of its neighbours must be there too.</summary>
    public void Write(int mcuRow)
    {
        int height = _frame.MaxV * _frame.BlockSide;
        int end = Math.Min((mcuRow + 1) * height, _frame.OutputHeight);
        int stride = _frame.OutputWidth * 3;
        for (int y = mcuRow * height; y < end; y++)
        {
            Span<byte> rgb = _pixels.AsSpan(y * stride, stride);
            ReadOnlySpan<byte> first = _planes[0].Row(y);
            switch (_colorSpace)
            {
                case JpegColorSpace.Gray:
                    JpegColorConverter.Gray(first, rgb);
                    break;
                case JpegColorSpace.Rgb or JpegColorSpace.Cmyk:
                    JpegColorConverter.Rgb(first, _planes[1].Row(y), _planes[2].Row(y), rgb);
                    break;
                default:
                    JpegColorConverter.YCbCr(first, _planes[1].Row(y), _planes[2].Row(y), rgb);
                    break;
            }

            // Adobe stores CMYK inverted: the stored values are red, green and blue before black is applied. YCCK converts to plain CMY.
            if (_colorSpace == JpegColorSpace.Ycck)
                JpegColorConverter.Invert(rgb);
            if (_colorSpace is JpegColorSpace.Cmyk or JpegColorSpace.Ycck)
                JpegColorConverter.ApplyBlack(_planes[3].Row(y), rgb);
        }
    }
}
