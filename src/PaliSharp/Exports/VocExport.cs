using System.Globalization;
using System.Text;
using System.Xml;
using PaliSharp.Tasks;

namespace PaliSharp.Exports;

/// <summary>Boxes as the XML files of Pascal VOC.</summary>
/// <remarks>
/// Source of the format: the development kit of VOC 2012. Its pixels are whole, counted from 1, and the last one belongs to the box: the columns
/// from 0 to 9 are <c>xmin</c> 1, <c>xmax</c> 10. It has no place for scores.
/// </remarks>
internal static class VocExport
{
    private static readonly XmlWriterSettings Settings = new()
    {
        Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        Indent = true,
        IndentChars = "\t",
        NewLineChars = "\n",
        OmitXmlDeclaration = true,
    };

    /// <summary>Writes one file a picture.</summary>
    public static void Write(string folder, IEnumerable<ExportPicture> pictures)
    {
        Directory.CreateDirectory(folder);
        var names = new FileNames();
        foreach (ExportPicture picture in pictures)
        {
            AtomicFile.Write(Path.Combine(folder, $"{names.For(picture.Image)}.xml"), stream =>
            {
                using var writer = XmlWriter.Create(stream, Settings);
                Write(writer, picture);
            });
        }
    }

    private static void Write(XmlWriter writer, ExportPicture picture)
    {
        string path = picture.Image.Replace('\\', '/');
        int slash = path.LastIndexOf('/');
        writer.WriteStartElement("annotation");
        Element(writer, "folder", slash < 0 ? string.Empty : path[..slash]);
        Element(writer, "filename", path[(slash + 1)..]);
        writer.WriteStartElement("size");
        Element(writer, "width", picture.Width);
        Element(writer, "height", picture.Height);
        Element(writer, "depth", 3);
        writer.WriteEndElement();
        Element(writer, "segmented", 0);
        foreach (ExportObject found in picture.Objects)
        {
            writer.WriteStartElement("object");
            Element(writer, "name", found.Label);
            Element(writer, "pose", "Unspecified");
            Element(writer, "truncated", 0);
            Element(writer, "difficult", 0);
            WriteBox(writer, found.Box, picture);
            writer.WriteEndElement();
        }

        writer.WriteEndElement();
    }

    private static void WriteBox(XmlWriter writer, BoundingBox box, ExportPicture picture)
    {
        (int left, int right) = Pixels(box.X1, box.X2, picture.Width);
        (int top, int bottom) = Pixels(box.Y1, box.Y2, picture.Height);
        writer.WriteStartElement("bndbox");
        Element(writer, "xmin", left);
        Element(writer, "ymin", top);
        Element(writer, "xmax", right);
        Element(writer, "ymax", bottom);
        writer.WriteEndElement();
    }

    /// <summary>The first and the last pixel, counted from 1, at least one.</summary>
    private static (int First, int Last) Pixels(float from, float to, int side)
    {
        int first = Math.Clamp((int)MathF.Round(from, MidpointRounding.AwayFromZero) + 1, 1, side);
        int last = Math.Clamp((int)MathF.Round(to, MidpointRounding.AwayFromZero), first, side);
        return (first, last);
    }

    private static void Element(XmlWriter writer, string name, int value) => Element(writer, name, value.ToString(CultureInfo.InvariantCulture));

    // XML has no way to write control characters.
    private static void Element(XmlWriter writer, string name, string value) => writer.WriteElementString(
        name, XmlText.Clean(value));
}
