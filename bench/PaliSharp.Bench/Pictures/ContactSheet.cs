using PaliSharp.Imaging;
using PaliSharp.Imaging.Drawing;
using PaliSharp.Imaging.Resampling;

namespace PaliSharp.Bench.Pictures;

/// <summary>Draws results of every kind on pictures from 64 to 4000 pixels, side by side, for people to look at.</summary>
internal static class ContactSheet
{
    private const int Cell = 420;
    private const int Gap = 12;
    private static readonly Color Paper = new(247, 247, 245);

    /// <summary>Writes the sheet.</summary>
    public static void Write(BenchOptions options)
    {
        Image photo = Image.Load(Path.Combine("samples", "cat.jpg"));
        string path = options.Out.Length > 0 ? options.Out : Path.Combine("docs", "images", "contact-sheet.jpg");
        List<Image> cells = [.. SheetScenes.All(photo).Select(Fit)];
        const int Columns = 4;
        int rows = (cells.Count + Columns - 1) / Columns;
        int width = (Columns * (Cell + Gap)) + Gap;
        int height = (rows * (Cell + Gap)) + Gap;
        byte[] sheet = new byte[width * height * 3];
        for (int i = 0; i < sheet.Length; i += 3)
            (sheet[i], sheet[i + 1], sheet[i + 2]) = (Paper.R, Paper.G, Paper.B);
        for (int i = 0; i < cells.Count; i++)
        {
            int left = Gap + (i % Columns * (Cell + Gap)) + ((Cell - cells[i].Width) / 2);
            int top = Gap + (i / Columns * (Cell + Gap)) + ((Cell - cells[i].Height) / 2);
            for (int y = 0; y < cells[i].Height; y++)
                cells[i].Row(y).CopyTo(sheet.AsSpan((((top + y) * width) + left) * 3));
        }

        Image image = Image.FromPixels(width, height, sheet);
        if (Path.GetExtension(path) == ".png")
            image.SavePng(path);
        else
            image.SaveJpeg(path, new JpegOptions { Quality = 80 });
        Console.WriteLine($"{path}: {cells.Count} pictures");
    }

    /// <summary>Large pictures are scaled down as a page would show them; small ones are enlarged by whole factors, so that each pixel is seen.</summary>
    private static Image Fit(Image image)
    {
        int side = Math.Max(image.Width, image.Height);
        if (side <= Cell / 2)
            return image.Resize(image.Width * (Cell / side), image.Height * (Cell / side), ResampleFilter.Nearest);
        double scale = Math.Min(1, (double)Cell / side);
        return scale >= 1 ? image : image.Resize((int)(image.Width * scale), (int)(image.Height * scale), ResampleFilter.Lanczos);
    }
}
