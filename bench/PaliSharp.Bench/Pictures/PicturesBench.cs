using System.Globalization;
using PaliSharp.Imaging;
using PaliSharp.Imaging.Resampling;

namespace PaliSharp.Bench.Pictures;

/// <summary>Decoding, encoding and scaling pictures, in turns with the system's libraries on the same files.</summary>
internal static class PicturesBench
{
    /// <summary>Measures everything, or what <see cref="BenchOptions.Only"/> names.</summary>
    public static void Run(BenchOptions options)
    {
        string sources = options.Folder.Length > 0 ? options.Folder : "samples";
        string[] photos = [.. Directory.GetFiles(sources).Where(IsPhoto).Order()];
        if (photos.Length == 0)
            throw new DirectoryNotFoundException($"{sources} holds no *.jpg or photo-*.png to make the measured files of. Name a folder with --folder.");
        using var peers = new PicturePeers(options.Python);
        string work = Directory.CreateTempSubdirectory("palisharp-pictures").FullName;
        try
        {
            var comparison = new PictureComparison(options);
            foreach (string name in peers.Make(work, photos))
            {
                string path = Path.Combine(work, name);
                byte[] file = File.ReadAllBytes(path);
                string format = Path.GetExtension(name) == ".jpg" ? "jpeg" : Path.GetExtension(name)[1..];
                comparison.Run($"decode {name}", () => Image.Decode(file), runs => peers.Time(format, runs, path));
            }

            foreach (string name in (string[])["photo-rgb.png", "small-rgb.png"])
                CompareScaling(comparison, peers, Path.Combine(work, name));
            CompareEncoding(comparison, peers, Path.Combine(work, "photo-rgb.png"));
            foreach (string name in (string[])["photo-rgb.png", "photo-rgba.png", "photo-gray.png", "palette.png", "drawn.png"])
                CompareWritingPng(comparison, peers, Path.Combine(work, name));
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static bool IsPhoto(string path) =>
        Path.GetExtension(path) == ".jpg" || (Path.GetExtension(path) == ".png" && Path.GetFileName(path).StartsWith("photo-", StringComparison.Ordinal));

    private static void CompareScaling(PictureComparison comparison, PicturePeers peers, string path)
    {
        Image image = Image.Load(path);
        foreach ((int side, ResampleFilter filter) in
            ((int, ResampleFilter)[])[(224, ResampleFilter.Bicubic), (448, ResampleFilter.Bicubic), (896, ResampleFilter.Bicubic), (224, ResampleFilter.Bilinear)])
        {
            comparison.Run(
                $"resize {image.Width}x{image.Height} to {side}, {filter}",
                () => image.Resize(side, side, filter),
                runs => peers.Time("resize", runs, path, side.ToString(CultureInfo.InvariantCulture), filter.ToString()));
        }
    }

    private static void CompareEncoding(PictureComparison comparison, PicturePeers peers, string path)
    {
        Image image = Image.Load(path);
        var stream = new MemoryStream();
        comparison.Run("encode jpeg, 4:2:0, quality 90", () => Rewound(stream, s => image.SaveJpeg(s)), runs => peers.Time("encode-jpeg", runs, path));
    }

    private static void CompareWritingPng(PictureComparison comparison, PicturePeers peers, string path)
    {
        Image image = Image.Load(path);
        var stream = new MemoryStream();
        string name = Path.GetFileName(path);
        comparison.Run($"encode {name}", () => Rewound(stream, image.SavePng), runs => peers.Time("encode-png", 1, path));

        // For the size: searching for the best compression takes its time.
        comparison.Run($"encode {name}, optimised", () => Rewound(stream, image.SavePng), _ => peers.Time("encode-png-pillow", 1, path), turns: 1);
    }

    private static MemoryStream Rewound(MemoryStream stream, Action<Stream> save)
    {
        stream.SetLength(0);
        save(stream);
        return stream;
    }
}
