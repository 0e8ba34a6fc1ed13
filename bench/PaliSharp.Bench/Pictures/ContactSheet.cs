using PaliSharp.Imaging;
using PaliSharp.Imaging.Drawing;
using PaliSharp.Imaging.Resampling;
using PaliSharp.Imaging.Text;

namespace PaliSharp.Bench.Pictures;

/// <summary>A picture of the sheet.</summary>
/// <param name="Caption">What it shows.</param>
/// <param name="Picture">The drawn picture at its own size.</param>
/// <param name="Columns">How many columns of the sheet it takes.</param>
internal sealed record SheetScene(string Caption, Image Picture, int Columns = 1);

/// <summary>Draws results of every kind on pictures from 64 to 4000 pixels, with captions, for people to look at.</summary>
internal static class ContactSheet
{
    private const int Columns = 4;
    private const int Cell = 420;
    private const int Gap = 14;
    private const int CaptionHeight = 30;
    private const float CaptionSize = 15;
    private static readonly Color Paper = new(247, 247, 245);
    private static readonly Color Ink = new(60, 60, 60);

    /// <summary>Writes the sheet.</summary>
    public static void Write(BenchOptions options)
    {
        Image photo = Image.Load(Path.Combine("samples", "cat.jpg"));
        string path = options.Out.Length > 0 ? options.Out : Path.Combine("docs", "images", "contact-sheet.jpg");
        List<List<SheetScene>> rows = Rows([.. SheetScenes.All(photo).Select(Fit)]);
        int width = (Columns * (Cell + Gap)) + Gap;
        int height = Gap + rows.Sum(row => HeightOf(row) + CaptionHeight + Gap);
        byte[] sheet = new byte[width * height * 3];
        for (int i = 0; i < sheet.Length; i += 3)
            (sheet[i], sheet[i + 1], sheet[i + 2]) = (Paper.R, Paper.G, Paper.B);
        var canvas = new Canvas(sheet, width, height);
        int top = Gap;
        foreach (List<SheetScene> row in rows)
        {
            int left = Gap;
            foreach (SheetScene scene in row)
            {
                Copy(scene.Picture, sheet, width, left, top);
                WriteCaption(canvas, scene.Caption, left, top + scene.Picture.Height);
                left += scene.Columns * (Cell + Gap);
            }

            top += HeightOf(row) + CaptionHeight + Gap;
        }

        Image image = canvas.ToImage(ImageMetadata.ForPixels(width, height));
        if (Path.GetExtension(path) == ".png")
            image.SavePng(path);
        else
            image.SaveJpeg(path, new JpegOptions { Quality = 82, Subsampling = JpegSubsampling.None });
        Console.WriteLine($"{path}: {rows.Sum(row => row.Count)} pictures, {width}x{height} pixels");
    }

    private static int HeightOf(List<SheetScene> row) => row.Max(scene => scene.Picture.Height);

    private static List<List<SheetScene>> Rows(List<SheetScene> scenes)
    {
        var rows = new List<List<SheetScene>> { new() };
        foreach (SheetScene scene in scenes)
        {
            if (rows[^1].Sum(s => s.Columns) + scene.Columns > Columns)
                rows.Add([]);
            rows[^1].Add(scene);
        }

        return rows;
    }

    private static void Copy(Image picture, byte[] sheet, int width, int left, int top)
    {
        for (int y = 0; y < picture.Height; y++)
            picture.Row(y).CopyTo(sheet.AsSpan((((top + y) * width) + left) * 3));
    }

    private static void WriteCaption(Canvas canvas, string caption, int left, int top)
    {
        var line = TextLine.Create(caption, Font.Default, CaptionSize);
        canvas.Draw(Area.Sized(left, top, canvas.Bounds.Width - left, CaptionHeight), Ink, 1, mask => line.Draw(mask, left, top + CaptionSize + 4));
    }

    /// <summary>Large pictures are scaled down as a page would show them; small ones are enlarged by whole factors, so that each pixel is seen.</summary>
    private static SheetScene Fit(SheetScene scene)
    {
        Image image = scene.Picture;
        int room = (scene.Columns * (Cell + Gap)) - Gap;
        int side = Math.Max(image.Width, image.Height);
        string size = $"{image.Width} × {image.Height}, {scene.Caption}";
        if (side <= room / 2)
        {
            int times = room / side;
            Image large = image.Resize(image.Width * times, image.Height * times, ResampleFilter.Nearest);
            return scene with { Picture = large, Caption = $"{size} (enlarged {times} times)" };
        }

        double scale = Math.Min(1, Math.Min((double)room / image.Width, (double)room / image.Height));
        if (scale >= 1)
            return scene with { Caption = size };
        Image small = image.Resize((int)(image.Width * scale), (int)(image.Height * scale), ResampleFilter.Lanczos);
        return scene with { Picture = small, Caption = $"{size} (shown at {scale:P0})" };
    }
}
