using System.Globalization;
using System.Text;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;

namespace PaliSharp.Exports;

/// <summary>Objects as the text files of YOLO tools.</summary>
/// <remarks>Source of the format: Ultralytics' pages on data sets for detection and segmentation.</remarks>
internal static class YoloExport
{
    /// <summary>Writes the files: <c>classes.txt</c> last, so that a folder without it is known to be incomplete.</summary>
    public static void Write(string folder, IEnumerable<ExportPicture> pictures, ClassNumbers classes)
    {
        string labels = Path.Combine(folder, "labels");
        Directory.CreateDirectory(labels);
        var names = new FileNames();
        foreach (ExportPicture picture in pictures)
        {
            string lines = string.Concat(picture.Objects.SelectMany(found => Lines(picture, found, classes[found.Label])));
            WriteText(Path.Combine(labels, $"{names.For(picture.Image)}.txt"), lines);
        }

        WriteText(Path.Combine(folder, "classes.txt"), string.Concat(classes.Names.Select(name => $"{name.ReplaceLineEndings(" ")}\n")));
    }

    private static IEnumerable<string> Lines(ExportPicture picture, ExportObject found, int number)
    {
        if (found.Mask is null)
            return [Box(picture, found.Box, number)];

        // The format knows no holes; the parts of an object become objects of their own.
        return MaskContour.Trace(found.Mask.ToMask()).Where(contour => !contour.IsHole).Select(contour => Outline(picture, contour, number));
    }

    private static string Box(ExportPicture picture, BoundingBox box, int number) =>
        $"{number} {Share(box.X1 + (box.Width / 2), picture.Width)} {Share(box.Y1 + (box.Height / 2), picture.Height)} {Share(box.Width, picture.Width)} {Share(box.Height, picture.Height)}\n";

    private static string Outline(ExportPicture picture, MaskContour contour, int number)
    {
        var line = new StringBuilder();
        line.Append(CultureInfo.InvariantCulture, $"{number}");
        foreach (GridPoint point in contour.Points)
            line.Append(CultureInfo.InvariantCulture, $" {Share(point.X, picture.Width)} {Share(point.Y, picture.Height)}");
        return line.Append('\n').ToString();
    }

    private static string Share(double value, int side) => Math.Clamp(value / side, 0, 1).ToString("0.000000", CultureInfo.InvariantCulture);

    private static void WriteText(string path, string text) => AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));
}
