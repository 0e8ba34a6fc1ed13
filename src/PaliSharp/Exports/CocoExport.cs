using System.Text.Json;
using PaliSharp.Results;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;

namespace PaliSharp.Exports;

/// <summary>Objects as annotations of the COCO data set.</summary>
/// <remarks>
/// Source of the format: the data format page of the COCO data set and its Python API. <c>score</c>, which results of detectors have there, is
/// added to each annotation; readers of annotations pass over it.
/// </remarks>
internal static class CocoExport
{
    /// <summary>Writes the file.</summary>
    public static void Write(string path, IEnumerable<ExportPicture> pictures, ClassNumbers classes) => AtomicFile.Write(path, stream =>
    {
        using var writer = new Utf8JsonWriter(stream, ResultJson.WriterOptions);
        writer.WriteStartObject();
        writer.WriteStartObject("info");
        writer.WriteString("description", "Objects found by PaliSharp");
        writer.WriteEndObject();
        writer.WriteStartArray("licenses");
        writer.WriteEndArray();
        WriteImages(writer, pictures);
        WriteAnnotations(writer, pictures, classes);
        WriteCategories(writer, classes);
        writer.WriteEndObject();
    });

    /// <summary>Writes a mask as size and compressed run lengths.</summary>
    public static void WriteMask(Utf8JsonWriter writer, string name, RunLengths mask)
    {
        writer.WriteStartObject(name);
        writer.WriteStartArray("size");
        writer.WriteNumberValue(mask.Height);
        writer.WriteNumberValue(mask.Width);
        writer.WriteEndArray();
        writer.WriteString("counts", mask.ToString());
        writer.WriteEndObject();
    }

    private static void WriteImages(Utf8JsonWriter writer, IEnumerable<ExportPicture> pictures)
    {
        writer.WriteStartArray("images");
        foreach ((int index, ExportPicture picture) in pictures.Index())
        {
            writer.WriteStartObject();
            writer.WriteNumber("id", index + 1);
            writer.WriteString("file_name", picture.Image);
            writer.WriteNumber("width", picture.Width);
            writer.WriteNumber("height", picture.Height);
            writer.WriteEndObject();
            writer.Flush(); // what is written leaves the memory
        }

        writer.WriteEndArray();
    }

    private static void WriteAnnotations(Utf8JsonWriter writer, IEnumerable<ExportPicture> pictures, ClassNumbers classes)
    {
        int id = 0;
        writer.WriteStartArray("annotations");
        foreach ((int index, ExportPicture picture) in pictures.Index())
        {
            foreach (ExportObject found in picture.Objects)
            {
                writer.WriteStartObject();
                writer.WriteNumber("id", ++id);
                writer.WriteNumber("image_id", index + 1);
                writer.WriteNumber("category_id", classes[found.Label] + 1);
                WriteBox(writer, found.Box);
                writer.WriteNumber("area", found.Mask?.Area ?? found.Box.Area);
                if (found.Mask is null)
                {
                    writer.WriteStartArray("segmentation");
                    writer.WriteEndArray();
                }
                else
                {
                    WriteMask(writer, "segmentation", found.Mask);
                }

                writer.WriteNumber("iscrowd", 0);
                if (float.IsFinite(found.Score))
                    writer.WriteNumber("score", found.Score);
                writer.WriteEndObject();
            }

            writer.Flush();
        }

        writer.WriteEndArray();
    }

    private static void WriteBox(Utf8JsonWriter writer, BoundingBox box)
    {
        writer.WriteStartArray("bbox");
        writer.WriteNumberValue(box.X1);
        writer.WriteNumberValue(box.Y1);
        writer.WriteNumberValue(box.Width);
        writer.WriteNumberValue(box.Height);
        writer.WriteEndArray();
    }

    private static void WriteCategories(Utf8JsonWriter writer, ClassNumbers classes)
    {
        writer.WriteStartArray("categories");
        foreach ((int index, string name) in classes.Names.Index())
        {
            writer.WriteStartObject();
            writer.WriteNumber("id", index + 1);
            writer.WriteString("name", name);
            writer.WriteString("supercategory", string.Empty);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
