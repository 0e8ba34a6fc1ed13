using PaliSharp.Imaging.Codecs.Jpeg;

namespace PaliSharp.Imaging.Tests.Simd;

public class InverseDctTests
{
    [Fact]
    public void The_path_of_this_processor_equals_the_portable_one()
    {
        var random = new Random(5);
        short[] block = new short[64];
        ushort[] quantizer = new ushort[64];
        byte[] actual = new byte[8 * 11];
        byte[] expected = new byte[8 * 11];
        for (int run = 0; run < 20_000; run++)
        {
            // Coefficients as encoders make them: the transform of samples has at most 11 bits.
            int count = random.Next(1, 65);
            int step = random.Next(1, 40);
            block.AsSpan().Clear();
            for (int i = 0; i < count; i++)
                block[JpegZigzag.Natural[i]] = (short)(random.Next(-1000, 1001) / step / ((i / 4) + 1));
            quantizer.AsSpan().Fill((ushort)step);
            JpegInverseDct.Transform(block, quantizer, actual, 11, 8);
            JpegInverseDct.TransformPortably(block, quantizer, expected, 11);
            Assert.Equal(expected, actual);
        }
    }
}
