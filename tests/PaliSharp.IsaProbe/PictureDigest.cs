using System.Security.Cryptography;
using PaliSharp.Imaging;
using PaliSharp.Imaging.Resampling;

namespace PaliSharp.IsaProbe;

/// <summary>
/// Writes a line for whatever is made of the picture files of a folder: pixels, frames, scaled and encoded pictures, errors. The lines must be the same
/// with any instructions of the processor, and are compared between processes.
/// </summary>
internal static class PictureDigest
{
    private static readonly ImageDecoderOptions Small = new() { MaxPixels = 4_000_000, MaxFrames = 20 };

    /// <summary>Prints the lines of all files below a folder, in the order of their names.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="every">Looks at each file, or at every so many.</param>
    public static void Print(string folder, int every)
    {
        int number = 0;
        foreach (string path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            if (Path.GetExtension(path) is ".json" or ".safetensors" or ".md" || number++ % every != 0)
                continue;
            string name = Path.GetRelativePath(folder, path);
            byte[] file = File.ReadAllBytes(path);
            Print(name, "pixels", () => Pixels(Image.Decode(file, Small)));
            Print(name, "srgb", () => Pixels(Image.Decode(file, Small with { ConvertToSrgb = true, Clip16BitGray = true })));
            Print(name, "quarter", () => Pixels(Image.Decode(file, Small with { JpegScale = JpegScale.Quarter })));
            Print(name, "frames", () => string.Join(' ', Image.DecodeFrames(file, Small).Select(frame => Pixels(frame.Image))));
            Print(name, "scaled", () => Scaled(Image.Decode(file, Small), number));
            Print(name, "encoded", () => Encoded(Image.Decode(file, Small)));
        }
    }

    private static void Print(string name, string what, Func<string> run)
    {
        string result;
        try
        {
            result = run();
        }
        catch (PaliSharpException exception)
        {
            result = exception.Message;
        }

        Console.WriteLine($"{name} {what}: {result}");
    }

    private static string Pixels(Image image) => $"{image.Width}x{image.Height}x{image.Channels} {Hash(image.Pixels)}";

    private static string Scaled(Image image, int seed)
    {
        var filter = (ResampleFilter)(seed % 6);
        int width = 1 + (seed * 37 % 200);
        int height = 1 + (seed * 61 % 200);
        Image tensorFlow = TensorFlowPreprocessor.Resize(image, 56, 56, antialias: seed % 2 == 0, (TensorFlowMethod)(seed % 5));
        return $"{Pixels(image.Resize(width, height, filter))} {Pixels(image.Resize(width, height, filter, PassOrder.HorizontalFirst))} {Pixels(tensorFlow)}";
    }

    private static string Encoded(Image image)
    {
        using var png = new MemoryStream();
        using var jpeg = new MemoryStream();
        image.SavePng(png);
        image.SaveJpeg(jpeg);
        return $"{Hash(Image.Decode(png.ToArray()).Pixels)} {Hash(jpeg.ToArray())}";
    }

    private static string Hash(ReadOnlySpan<byte> data) => Convert.ToHexStringLower(SHA256.HashData(data).AsSpan(0, 8));
}
