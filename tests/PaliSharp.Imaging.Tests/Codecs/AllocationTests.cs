using System.Buffers.Binary;
using PaliSharp.Imaging.Resampling;

namespace PaliSharp.Imaging.Tests.Codecs;

/// <summary>Decoding a large picture takes one buffer for the picture and little beside it.</summary>
public class AllocationTests
{
    private const int Width = 2000;
    private const int Height = 1500;
    private const long Scratch = 1 << 20;

    private static readonly Lazy<Image> Picture = new(() => TestPictures.Random(Width, Height, 3, 1));

    [Fact]
    public void Png() => AssertBounded(TestPictures.Png(Picture.Value));

    [Fact]
    public void Jpeg()
    {
        using var stream = new MemoryStream();
        Picture.Value.SaveJpeg(stream);
        AssertBounded(stream.ToArray());
        AssertBounded(stream.ToArray(), new ImageDecoderOptions { JpegScale = JpegScale.Quarter });
    }

    [Fact]
    public void Bmp()
    {
        byte[] file = new byte[54 + (Width * Height * 3)];
        "BM"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(2), file.Length);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), 54);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(14), 40);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(18), Width);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(22), Height);
        file[26] = 1;
        file[28] = 24;
        AssertBounded(file);
    }

    [Fact]
    public void Pnm() => AssertBounded([.. System.Text.Encoding.ASCII.GetBytes($"P6 {Width} {Height} 255\n"), .. Picture.Value.Pixels]);

    [Fact]
    public void Tga()
    {
        byte[] header = new byte[18];
        header[2] = 2;
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(12), Width);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(14), Height);
        header[16] = 24;
        AssertBounded([.. header, .. Picture.Value.Pixels]);
    }

    [Fact]
    public void TgaWithRunLengths()
    {
        byte[] header = new byte[18];
        header[2] = 10;
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(12), Width);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(14), Height);
        header[16] = 24;
        header[17] = 0x20;

        // Packets of 128 pixels as they are, then of 128 times the same; neither ends with a row.
        var file = new List<byte>(header);
        ReadOnlySpan<byte> pixels = Picture.Value.Pixels;
        byte[] expected = new byte[pixels.Length];
        for (int at = 0, number = 0; at < pixels.Length; at += 384, number++)
        {
            int count = Math.Min(128, (pixels.Length - at) / 3);
            bool isRun = number % 3 == 2;
            file.Add((byte)(isRun ? 128 | (count - 1) : count - 1));
            file.AddRange(pixels.Slice(at, isRun ? 3 : 3 * count));
            for (int i = 0; i < 3 * count; i += 3)
                (expected[at + i], expected[at + i + 1], expected[at + i + 2]) = isRun ? (pixels[at + 2], pixels[at + 1], pixels[at]) : (pixels[at + i + 2], pixels[at + i + 1], pixels[at + i]);
        }

        Assert.Equal(expected, AssertBounded([.. file]).Pixels.ToArray());
    }

    [Fact]
    public void GifTakesAnIndexForEachPixelBeside()
    {
        // Codes of nine bits only: the table is emptied before they would grow.
        byte[] indices = new byte[Width * Height];
        new Random(5).NextBytes(indices);
        var data = new List<byte>();
        uint bits = 0;
        int count = 0;
        void Put(int code)
        {
            bits |= (uint)code << count;
            for (count += 9; count >= 8; count -= 8, bits >>= 8)
                data.Add((byte)bits);
        }

        for (int i = 0; i < indices.Length; i++)
        {
            if (i % 250 == 0)
                Put(256);
            Put(indices[i]);
        }

        Put(257);
        data.Add((byte)bits);
        byte[] header = [.. "GIF89a"u8, Width & 255, Width >> 8, Height & 255, Height >> 8, 0, 0, 0];
        byte[] frame = [0x2C, 0, 0, 0, 0, Width & 255, Width >> 8, Height & 255, Height >> 8, 0, 8];
        byte[] file = [.. header, .. frame, .. data.Chunk(255).SelectMany(block => (byte[])[(byte)block.Length, .. block]), 0, 0x3B];
        Image image = AssertBounded(file, scratch: Scratch + indices.Length + (2L * file.Length));
        for (int i = 0; i < indices.Length; i++)
        {
            if (image.Pixels[3 * i] != indices[i])
                Assert.Fail($"pixel {i}");
        }
    }

    [Fact]
    public void Tiff()
    {
        // One strip: twelve-byte entries of width, height, bits, compression, photometric, offset, samples, rows, count.
        (ushort Tag, ushort Type, int Count, int Value)[] entries =
        [
            (256, 4, 1, Width), (257, 4, 1, Height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, 200), (277, 3, 1, 3), (278, 4, 1, Height),
            (279, 4, 1, Width * Height * 3),
        ];
        byte[] header = new byte[200];
        "II*\0"u8.CopyTo(header);
        header[4] = 8;
        header[8] = (byte)entries.Length;
        for (int i = 0; i < entries.Length; i++)
        {
            Span<byte> entry = header.AsSpan(10 + (12 * i));
            BinaryPrimitives.WriteUInt16LittleEndian(entry, entries[i].Tag);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[2..], entries[i].Type);
            BinaryPrimitives.WriteInt32LittleEndian(entry[4..], entries[i].Count);
            BinaryPrimitives.WriteInt32LittleEndian(entry[8..], entries[i].Value);
        }

        AssertBounded([.. header, .. Picture.Value.Pixels]);
    }

    [Theory]
    [InlineData(3, 224, 224)]
    [InlineData(4, 224, 224)]
    [InlineData(3, 1900, 200)]
    [InlineData(4, 1900, 200)]
    [InlineData(4, Width, 300)]
    [InlineData(4, 300, Height)]
    public void Resizing_takes_the_result_and_a_few_rows(int channels, int width, int height)
    {
        Image image = TestPictures.Random(Width, Height, channels, 2);
        _ = image.Resize(width, height, ResampleFilter.Bicubic);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Image scaled = image.Resize(width, height, ResampleFilter.Bicubic);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(allocated, scaled.Pixels.Length, scaled.Pixels.Length + Scratch);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Pixel_values_take_a_few_rows(int channels)
    {
        Image image = TestPictures.Random(Width, Height, channels, 2);
        float[] values = new float[3 * 224 * 224];
        ImagePreprocessor.ToPixelValues(image, 224, values);
        long before = GC.GetAllocatedBytesForCurrentThread();
        ImagePreprocessor.ToPixelValues(image, 224, values);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Scratch);
    }

    private static Image AssertBounded(byte[] file, ImageDecoderOptions? options = null, long scratch = Scratch)
    {
        _ = Image.Decode(file, options);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Image image = Image.Decode(file, options);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(allocated, image.Pixels.Length, image.Pixels.Length + scratch);
        return image;
    }
}
