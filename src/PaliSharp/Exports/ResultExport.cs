namespace PaliSharp.Exports;

/// <summary>Writes objects for other tools. Every file appears whole or not at all.</summary>
public static class ResultExport
{
    /// <summary>Writes pictures with their objects.</summary>
    /// <param name="format">How.</param>
    /// <param name="path">The file; for <see cref="ExportFormat.Yolo"/> and <see cref="ExportFormat.Voc"/> the folder, which is created.</param>
    /// <param name="pictures">The pictures. They are enumerated more than once, so that all of them need not be in memory.</param>
    /// <param name="classes">
    /// The labels in the order in which they are numbered; others follow as they occur. Null to number all as they occur.
    /// </param>
    /// <exception cref="JobException">The format cannot hold a picture or an object.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void Write(ExportFormat format, string path, IEnumerable<ExportPicture> pictures, IReadOnlyList<string>? classes = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(pictures);
        switch (format)
        {
            case ExportFormat.Coco:
                CocoExport.Write(path, pictures, ClassNumbers.Of(pictures, classes));
                break;
            case ExportFormat.Yolo:
                YoloExport.Write(path, pictures, ClassNumbers.Of(pictures, classes));
                break;
            case ExportFormat.Voc:
                VocExport.Write(path, pictures);
                break;
            case ExportFormat.JsonLines:
                LinesExport.WriteJson(path, pictures);
                break;
            case ExportFormat.Csv:
                LinesExport.WriteCsv(path, pictures);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(format), format, "There is no such format.");
        }
    }
}
