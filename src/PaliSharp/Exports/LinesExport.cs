using System.Globalization;
using System.Text.Json;
using PaliSharp.Jobs;
using PaliSharp.Results;

namespace PaliSharp.Exports;

/// <summary>Objects as lines: JSON with one picture a line, CSV with one object a row.</summary>
internal static class LinesExport
{
    /// <summary>Writes JSONL.</summary>
    public static void WriteJson(string path, IEnumerable<ExportPicture> pictures) => AtomicFile.Write(path, stream =>
    {
        foreach (ExportPicture picture in pictures)
        {
            using (var writer = new Utf8JsonWriter(stream, ResultJson.WriterOptions))
                Write(writer, picture);
            stream.Write("\n"u8);
        }
    });

    /// <summary>Writes CSV.</summary>
    public static void WriteCsv(string path, IEnumerable<ExportPicture> pictures) => AtomicFile.Write(path, stream =>
    {
        stream.Write(CsvText.Line(["image", "width", "height", "label", "score", "left", "top", "right", "bottom", "area"]));
        foreach (ExportPicture picture in pictures)
        {
            foreach (ExportObject found in picture.Objects)
            {
                stream.Write(CsvText.Line(
                [
                    picture.Image,
                    Text(picture.Width),
                    Text(picture.Height),
                    found.Label,
                    Text(found.Score),
                    Text(found.Box.X1),
                    Text(found.Box.Y1),
                    Text(found.Box.X2),
                    Text(found.Box.Y2),
                    found.Mask is { } mask ? Text(mask.Area) : string.Empty,
                ]));
            }
        }
    });

    private static void Write(Utf8JsonWriter writer, ExportPicture picture)
    {
        writer.WriteStartObject();
        writer.WriteString("image", picture.Image);
        writer.WriteNumber("width", picture.Width);
        writer.WriteNumber("height", picture.Height);
        writer.WriteStartArray("objects");
        foreach (ExportObject found in picture.Objects)
        {
            writer.WriteStartObject();
            writer.WriteString("label", found.Label);
            if (float.IsFinite(found.Score))
                writer.WriteNumber("score", found.Score);
            writer.WriteStartArray("box");
            foreach (float edge in (float[])[found.Box.X1, found.Box.Y1, found.Box.X2, found.Box.Y2])
                writer.WriteNumberValue(edge);
            writer.WriteEndArray();
            if (found.Mask is not null)
                CocoExport.WriteMask(writer, "mask", found.Mask);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
