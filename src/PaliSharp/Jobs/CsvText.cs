using CsvHelper;

namespace PaliSharp.Jobs;

/// <summary>CSV as jobs and exports read and write it: RFC 4180 in UTF-8, lines ending in a line feed.</summary>
internal static class CsvText
{
    private static readonly CsvWriterOptions WriterOptions = new() { NewLine = "\n" };

    /// <summary>Reads records one after another.</summary>
    /// <param name="stream">The file.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <param name="separator">What stands between fields.</param>
    /// <param name="leaveOpen">Whether the stream is still needed.</param>
    /// <exception cref="JobException">While enumerating: a record is longer than <see cref="BatchInput.MaximumRowLength"/>, or a quotation mark is not closed.</exception>
    public static IEnumerable<string[]> Read(Stream stream, string name, char separator = ',', bool leaveOpen = false)
    {
        var options = new CsvReaderOptions
        {
            Separator = separator,
            HasHeader = false,
            MaxRecordSize = BatchInput.MaximumRowLength,

            // A lone mark within a field, an inch perhaps, is text; one that is never closed would swallow all rows behind it.
            OnMalformedRecord = malformed =>
            {
                if (malformed.Reason == CsvMalformedReason.UnterminatedQuote)
                    throw new JobException($"In '{name}' the quotation mark of record {malformed.RecordNumber} is never closed. Close it, or double it if it belongs to the text.");
            },
        };
        using CsvReader reader = CsvReader.Create(stream, options, leaveOpen);
        while (Next(reader, name) is { } record)
            yield return record;
    }

    /// <summary>One record with its line end.</summary>
    public static byte[] Line(IEnumerable<string> fields)
    {
        using var text = new MemoryStream();
        using (CsvWriter writer = CsvWriter.Create(text, WriterOptions, leaveOpen: true))
            writer.WriteRecord([.. fields]);
        return text.ToArray();
    }

    private static string[]? Next(CsvReader reader, string name)
    {
        try
        {
            if (!reader.Read())
                return null;
        }
        catch (Exception exception) when (exception is CsvFormatException or IOException)
        {
            throw new JobException($"'{name}' cannot be read on: {exception.Message}", exception);
        }

        var record = new string[reader.FieldCount];
        for (int i = 0; i < record.Length; i++)
            record[i] = reader.GetString(i);
        return record;
    }
}
