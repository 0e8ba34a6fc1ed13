using System.Buffers.Binary;

namespace PaliSharp.Imaging.Tests.Codecs;

public class LimitTests
{
    [Fact]
    public void One_pixel_works()
    {
        Image image = Image.FromPixels(1, 1, [10, 20, 30]);
        Image decoded = Image.Decode(TestPictures.Png(image));
        Assert.Equal([10, 20, 30], decoded.Pixels.ToArray());
        Assert.Equal(448 * 448 * 3, decoded.Resize(448, 448, Imaging.Resampling.ResampleFilter.Bicubic).Pixels.Length);
    }

    [Fact]
    public void Too_many_pixels_are_refused_before_allocation()
    {
        byte[] file = TestPictures.Png(Image.FromPixels(1, 1, [1, 2, 3]));
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(16), 30_000);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(20), 30_000);
        uint crc = Imaging.Codecs.Png.Crc32.Append(0, file.AsSpan(12, 17));
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(29), crc);
        long before = GC.GetAllocatedBytesForCurrentThread();
        ResourceLimitException exception = Assert.Throws<ResourceLimitException>(() => Image.Decode(file));
        Assert.Contains("30000x30000", exception.Message);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
        Assert.Equal(30_000, Image.Identify(file).Width);
    }

    [Fact]
    public void Declared_size_without_data_is_refused_before_allocation()
    {
        byte[] file = TestPictures.Png(Image.FromPixels(1, 1, [1, 2, 3]));
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(16), 8_000);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(20), 8_000);
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(29), Imaging.Codecs.Png.Crc32.Append(0, file.AsSpan(12, 17)));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<ImageFormatException>(() => Image.Decode(file));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Fact]
    public void A_file_that_ends_inside_the_checksum_of_an_empty_chunk_is_truncated()
    {
        byte[] header = TestPictures.Png(Image.FromPixels(1, 1, [1, 2, 3]))[..33];
        for (int rest = 0; rest < 4; rest++)
        {
            byte[] file = [.. header, 0, 0, 0, 0, .. "teSt"u8, .. new byte[rest]];
            Assert.Throws<ImageFormatException>(() => Image.Decode(file));
        }
    }

    [Fact]
    public void Long_files_are_refused()
    {
        byte[] file = TestPictures.Png(TestPictures.Random(40, 40, 3, 1));
        var options = new ImageDecoderOptions { MaxBytes = 100 };
        Assert.Throws<ResourceLimitException>(() => Image.Decode(file, options));
        using var stream = new MemoryStream(file);
        Assert.Throws<ResourceLimitException>(() => Image.Load(stream, options));
    }

    [Fact]
    public void Tiles_far_beyond_the_page_are_refused()
    {
        // A page of one column in tiles of a million: each would be unpacked for one row of eighty pixels, all from the same bytes.
        const int Rows = 10_000;
        (ushort Tag, int Count, int Value)[] entries =
        [
            (256, 1, 1), (257, 1, Rows), (258, 1, 8), (259, 1, 32773), (262, 1, 1), (277, 1, 1), (322, 1, 1_000_000), (323, 1, 16), (324, Rows / 16, 200), (325, Rows / 16, 200),
        ];
        byte[] file = new byte[200 + (Rows / 16 * 4)];
        "II*\0"u8.CopyTo(file);
        file[4] = 8;
        file[8] = (byte)entries.Length;
        for (int i = 0; i < entries.Length; i++)
        {
            Span<byte> entry = file.AsSpan(10 + (12 * i));
            BinaryPrimitives.WriteUInt16LittleEndian(entry, entries[i].Tag);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[2..], 4);
            BinaryPrimitives.WriteInt32LittleEndian(entry[4..], entries[i].Count);
            BinaryPrimitives.WriteInt32LittleEndian(entry[8..], entries[i].Value);
        }

        ResourceLimitException exception = Assert.Throws<ResourceLimitException>(() => Image.Decode(file));
        Assert.Contains("1000000x16", exception.Message);
    }

    [Fact]
    public void Working_memory_is_refused_before_it_is_taken()
    {
        // A picture that must be turned is copied; one that stands upright is not.
        byte[] exif = [.. "II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0];
        byte[] file = Fuzz.Carrier.WithExif(exif);
        var options = new ImageDecoderOptions { MaxWorkingBytes = (8 * 8 * 3) - 1 };
        Assert.Throws<ResourceLimitException>(() => Image.Decode(file, options));
        Assert.Equal(8, Image.Decode(file, options with { ApplyOrientation = false }).Width);
        Assert.Equal(6, Image.Decode(file, options with { MaxWorkingBytes = 8 * 8 * 3 }).Metadata.Orientation);
    }

    [Theory]
    [InlineData("")]
    [InlineData("GARBAGE, not a picture")]
    public void Unknown_content_is_named(string content)
    {
        ImageFormatException exception = Assert.Throws<ImageFormatException>(() => Image.Decode(System.Text.Encoding.ASCII.GetBytes(content)));
        Assert.NotEmpty(exception.Message);
    }
}
