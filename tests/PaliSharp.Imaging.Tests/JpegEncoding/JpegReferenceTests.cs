using PaliSharp.Imaging.Tests.Golden;
using PaliSharp.TestSupport;

namespace PaliSharp.Imaging.Tests.JpegEncoding;

/// <summary>
/// The compressed data equals that of libjpeg-turbo 2.1 (through Pillow's <c>save(quality, subsampling, optimize=True)</c>): the same conversion,
/// transform, quantisation and codes. The hashes are the first 8 bytes of SHA-256 over the file from the scan header on.
/// </summary>
[Trait("Category", "Golden")]
public class JpegReferenceTests
{
    [Theory]
    [InlineData("photo-97x64", 1, JpegSubsampling.Half, "f1be7fab26c398ec")]
    [InlineData("photo-97x64", 1, JpegSubsampling.None, "5c530004776a5e85")]
    [InlineData("photo-97x64", 50, JpegSubsampling.Half, "eaa0afe3e736558c")]
    [InlineData("photo-97x64", 50, JpegSubsampling.None, "e0c61c168051a8ed")]
    [InlineData("photo-97x64", 90, JpegSubsampling.Half, "0d13cf9eb20e911d")]
    [InlineData("photo-97x64", 90, JpegSubsampling.None, "d7e9c66a943b34e9")]
    [InlineData("photo-97x64", 100, JpegSubsampling.Half, "59437def732fabef")]
    [InlineData("photo-97x64", 100, JpegSubsampling.None, "2f60200747490850")]
    [InlineData("text-333x111", 1, JpegSubsampling.Half, "c75c12db5c6e8313")]
    [InlineData("text-333x111", 1, JpegSubsampling.None, "ad69bd4474694b3e")]
    [InlineData("text-333x111", 50, JpegSubsampling.Half, "43ff91e1fa21086b")]
    [InlineData("text-333x111", 50, JpegSubsampling.None, "172f6d3c31f95898")]
    [InlineData("text-333x111", 90, JpegSubsampling.Half, "e880e145d3df62f4")]
    [InlineData("text-333x111", 90, JpegSubsampling.None, "0a2c8c37cac64921")]
    [InlineData("text-333x111", 100, JpegSubsampling.Half, "5843a5a143fe810c")]
    [InlineData("text-333x111", 100, JpegSubsampling.None, "65de258c72d315b0")]
    [InlineData("tiny-5x3", 1, JpegSubsampling.Half, "023c299295d79875")]
    [InlineData("tiny-5x3", 1, JpegSubsampling.None, "e22366c09039bdaf")]
    [InlineData("tiny-5x3", 50, JpegSubsampling.Half, "e6e4ab5b602b8430")]
    [InlineData("tiny-5x3", 50, JpegSubsampling.None, "d8b23caeb4fff673")]
    [InlineData("tiny-5x3", 90, JpegSubsampling.Half, "6c16297177eaff1d")]
    [InlineData("tiny-5x3", 90, JpegSubsampling.None, "22cb30e389896ab3")]
    [InlineData("tiny-5x3", 100, JpegSubsampling.Half, "b756ef2c492a5089")]
    [InlineData("tiny-5x3", 100, JpegSubsampling.None, "249a2eadbf3495a9")]
    [InlineData("tall-29x613", 1, JpegSubsampling.Half, "5314c66964245d77")]
    [InlineData("tall-29x613", 1, JpegSubsampling.None, "a014101268ad2548")]
    [InlineData("tall-29x613", 50, JpegSubsampling.Half, "632c9963d173b52a")]
    [InlineData("tall-29x613", 50, JpegSubsampling.None, "74d2f8ae71788f42")]
    [InlineData("tall-29x613", 90, JpegSubsampling.Half, "cd1250378a6c99e5")]
    [InlineData("tall-29x613", 90, JpegSubsampling.None, "f4696528c9be4d8c")]
    [InlineData("tall-29x613", 100, JpegSubsampling.Half, "b3ce5e59b4c4ca9d")]
    [InlineData("tall-29x613", 100, JpegSubsampling.None, "1db239e60eb8fc6c")]
    [InlineData("one-1x1", 1, JpegSubsampling.Half, "ddbee5c677ab253a")]
    [InlineData("one-1x1", 1, JpegSubsampling.None, "f628408882fffa13")]
    [InlineData("one-1x1", 50, JpegSubsampling.Half, "0ab8121708ef8dbf")]
    [InlineData("one-1x1", 50, JpegSubsampling.None, "0173eabc20660648")]
    [InlineData("one-1x1", 90, JpegSubsampling.Half, "92e6e649b835bc7a")]
    [InlineData("one-1x1", 90, JpegSubsampling.None, "bf05413de7c3fe3a")]
    [InlineData("one-1x1", 100, JpegSubsampling.Half, "94b1b5662739b8a6")]
    [InlineData("one-1x1", 100, JpegSubsampling.None, "0017db3b2ff58d46")]
    public void Compressed_data_equals_the_reference(string picture, int quality, JpegSubsampling subsampling, string hash)
    {
        Image image = Image.Load(Path.Combine(GoldenData.Bundled, GoldenFiles.Topic, "resize", "src", picture + ".png")).ToRgb();
        using var stream = new MemoryStream();
        image.SaveJpeg(stream, new JpegOptions { Quality = quality, Subsampling = subsampling });
        ReadOnlySpan<byte> file = stream.ToArray();
        int at = 2;
        while (file[at + 1] != 0xDA)
            at += 2 + (file[at + 2] << 8) + file[at + 3];
        Assert.Equal(hash, GoldenFiles.Sha256(file[at..])[..hash.Length]);
    }
}
