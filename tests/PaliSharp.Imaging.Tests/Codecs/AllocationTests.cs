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

    [Fact]
    public void Resizing_takes_the_result_and_the_rows_between_the_passes()
    {
        Image image = Picture.Value;
        _ = image.Resize(224, 224, ResampleFilter.Bicubic);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Image small = image.Resize(224, 224, ResampleFilter.Bicubic);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(allocated, small.Pixels.Length, small.Pixels.Length + (224 * Height * 3) + Scratch);
    }

    private static void AssertBounded(byte[] file, ImageDecoderOptions? options = null)
    {
        _ = Image.Decode(file, options);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Image image = Image.Decode(file, options);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(allocated, image.Pixels.Length, image.Pixels.Length + Scratch);
    }
}
