using System.ComponentModel;
using System.Diagnostics;
using PaliSharp.Imaging.Resampling;

namespace PaliSharp.Imaging.Tests.JpegEncoding;

/// <summary>Other software reads what the encoder writes. Needs the tool djpeg of libjpeg-turbo.</summary>
public class JpegOtherDecoderTests
{
    [SkippableTheory]
    [InlineData(1, JpegSubsampling.Half)]
    [InlineData(35, JpegSubsampling.None)]
    [InlineData(75, JpegSubsampling.Half)]
    [InlineData(90, JpegSubsampling.None)]
    [InlineData(100, JpegSubsampling.Half)]
    public void Djpeg_decodes_the_same_pixels(int quality, JpegSubsampling subsampling)
    {
        using var stream = new MemoryStream();
        Image source = TestPictures.Random(150, 110, 3, 7).Resize(301, 223, ResampleFilter.Bicubic);
        source.SaveJpeg(stream, new JpegOptions { Quality = quality, Subsampling = subsampling });
        byte[] file = stream.ToArray();
        byte[]? output = Djpeg(file);
        Skip.If(output is null, "djpeg is not installed (package libjpeg-turbo-progs).");
        Image theirs = Image.Decode(output);
        Assert.Equal(Image.Decode(file).Pixels.ToArray(), theirs.Pixels.ToArray());
    }

    /// <summary>What djpeg writes, or null when there is no djpeg.</summary>
    private static byte[]? Djpeg(byte[] file)
    {
        var start = new ProcessStartInfo("djpeg", ["-dct", "int", "-pnm"]) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        try
        {
            using Process process = Process.Start(start)!;
            using var output = new MemoryStream();

            // Reading while writing: neither side may wait for the other with a full pipe.
            Task reading = process.StandardOutput.BaseStream.CopyToAsync(output);
            process.StandardInput.BaseStream.Write(file);
            process.StandardInput.Close();
            reading.Wait();
            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
            return output.ToArray();
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
