using PaliSharp.Imaging;
using PaliSharp.Segmentation;

namespace PaliSharp.Training.Data;

/// <summary>The formats that data sets are converted to.</summary>
public enum DatasetFormat
{
    /// <summary><c>examples.jsonl</c>: <c>image</c>, <c>prefix</c>, <c>suffix</c>.</summary>
    Jsonl,

    /// <summary><c>examples.csv</c> with the same columns.</summary>
    Csv,

    /// <summary><c>captions.json</c> and <c>instances.json</c>, whichever has examples.</summary>
    Coco,

    /// <summary><c>questions.json</c> and <c>annotations.json</c>.</summary>
    Vqa,
}

/// <summary>What a conversion did.</summary>
/// <param name="Items">The items read.</param>
/// <param name="Written">The examples written; an item with five captions makes five.</param>
/// <param name="LeftOut">Good examples that the format has no form for, such as captions in VQA.</param>
/// <param name="Skipped">Items that cannot be used.</param>
/// <param name="Files">The files written, in the output folder.</param>
public sealed record ConversionReport(long Items, long Written, long LeftOut, DataReport Skipped, IReadOnlyList<string> Files);

/// <summary>Converts data sets between formats. Pictures stay where they are; the output names them relative to itself.</summary>
public static class DatasetConverter
{
    /// <summary>Converts a data set. The output folder appears whole or not at all.</summary>
    /// <param name="source">What to read; its prefix is applied, augmentation is not.</param>
    /// <param name="baseFolder">What relative paths of the source start from.</param>
    /// <param name="format">What to write.</param>
    /// <param name="output">The folder to create; it must not exist.</param>
    /// <param name="cancellationToken">Stops; nothing is left behind.</param>
    /// <exception cref="RecipeException">The source cannot be read, nothing can be written, or the output exists.</exception>
    /// <exception cref="IOException">The disk is full or fails; nothing is left behind.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static ConversionReport Convert(
        SourceDescription source, string baseFolder, DatasetFormat format, string output, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(baseFolder);
        ArgumentException.ThrowIfNullOrEmpty(output);
        output = Path.TrimEndingDirectorySeparator(Path.GetFullPath(output));
        if (Directory.Exists(output) || File.Exists(output))
            throw new RecipeException($"'{output}' exists. Name a folder that does not: it is made whole, or not at all.");
        ExampleSet set = SourceOpener.OpenSet(source, baseFolder);
        MaskCodec? codec = source.Codec is null ? null : MaskCodec.Load(Path.Combine(baseFolder, source.Codec));
        string temporary = $"{output}.{Guid.NewGuid():N}.tmp";
        Directory.CreateDirectory(temporary);
        try
        {
            ConversionReport report = Convert(set, SourceOpener.Loader(source), Writer(format, temporary, output, codec), cancellationToken);
            if (report.Written == 0)
                throw new RecipeException($"None of {report.Items} items can be written as {format}: {report.LeftOut} have no form there. {report.Skipped}");
            Directory.Move(temporary, output);
            return report with { Files = [.. report.Files.Select(file => Path.Combine(output, file))] };
        }
        catch
        {
            Directory.Delete(temporary, recursive: true);
            throw;
        }
    }

    private static ConversionReport Convert(ExampleSet set, ExampleLoader loader, DatasetWriter writer, CancellationToken cancellationToken)
    {
        using (writer)
        {
            var skipped = new DataReport();
            skipped.Add(set.OpeningReport);
            long written = 0;
            long leftOut = 0;
            for (int i = 0; i < set.Count; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                try
                {
                    foreach (DataItem item in set.ReadAll(i))
                    {
                        if (writer.Write(Checked(loader.Texts(item))))
                            written++;
                        else
                            leftOut++;
                    }
                }
                catch (BadItemException e)
                {
                    skipped.Add(e.Kind, e.Message);
                }
            }

            return new ConversionReport(set.Count, written, leftOut, skipped, writer.Complete());
        }
    }

    // Pictures are identified, not decoded: a conversion reads a few kilobytes of each.
    private static ConvertedItem Checked(DataItem item)
    {
        var sizes = new List<ImageInfo>();
        foreach (string path in item.Images)
        {
            try
            {
                sizes.Add(Image.Identify(path));
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                throw new BadItemException(BadItemKind.MissingPicture, $"The picture '{path}' of {item.Origin} is not there.", e);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ImageFormatException or ResourceLimitException)
            {
                throw new BadItemException(BadItemKind.BrokenPicture, $"The picture '{path}' of {item.Origin} cannot be read: {e.Message}", e);
            }
        }

        if (item.Objects is { } objects && (sizes[0].UprightWidth != objects.Width || sizes[0].UprightHeight != objects.Height))
        {
            throw new BadItemException(
                BadItemKind.BrokenPicture,
                $"The picture of {item.Origin} has {sizes[0].UprightWidth}x{sizes[0].UprightHeight} pixels, its annotation says "
                    + $"{objects.Width}x{objects.Height}.");
        }

        return new ConvertedItem(item, sizes);
    }

    private static DatasetWriter Writer(DatasetFormat format, string folder, string output, MaskCodec? codec) => format switch
    {
        DatasetFormat.Jsonl => new JsonLinesWriter(folder, output),
        DatasetFormat.Csv => new CsvExamplesWriter(folder, output),
        DatasetFormat.Coco => new CocoWriter(folder, output, codec),
        DatasetFormat.Vqa => new VqaWriter(folder, output),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "There is no such format."),
    };
}
