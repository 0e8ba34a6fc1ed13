using PaliSharp.Jobs;

namespace PaliSharp.Training.Data;

/// <summary>The rows of a CSV file (RFC 4180, UTF-8; tabs in <c>.tsv</c>), whose first row names the columns.</summary>
internal sealed class CsvSet : ExampleSet
{
    private readonly RecordIndex _records;
    private readonly char _separator;
    private readonly PicturePaths _pictures;
    private readonly int _columns;
    private readonly int _image;
    private readonly int _prefix;
    private readonly int _suffix;

    /// <summary>Finds the rows.</summary>
    /// <exception cref="RecipeException">The file cannot be read, has no row or no column for the suffix, or no row has one.</exception>
    public CsvSet(string path, ColumnNames columns, PicturePaths pictures)
    {
        _separator = path.EndsWith(".tsv", StringComparison.OrdinalIgnoreCase) ? '\t' : ',';
        (_records, _pictures) = (RecordIndex.OfRows(path, (byte)_separator), pictures);
        if (_records.Count == 0)
            throw new RecipeException($"'{path}' is empty; expected a row that names the columns, '{columns.Suffix}' among them.");
        string[] header = Header(path);
        _columns = header.Length;
        _image = Array.IndexOf(header, columns.Image);
        _prefix = Array.IndexOf(header, columns.Prefix);
        _suffix = Array.IndexOf(header, columns.Suffix);
        if (_suffix < 0)
        {
            throw new RecipeException(
                $"The header of '{path}' has no column '{columns.Suffix}' for what is to be learnt; it has "
                    + $"{string.Join(", ", header.Select(name => $"'{name}'"))}. Rename it, or name it in \"columns\".");
        }

        SuffixCheck.Require(path, Count, index => Parse(index).Suffix);
    }

    public override int Count => _records.Count - 1;

    public override string Fingerprint => $"csv-{Count}-{_records.Length}";

    public override DataItem Read(int index, ItemDraw draw) => Parse(index);

    private string[] Header(string path)
    {
        try
        {
            return Fields(0);
        }
        catch (BadItemException e)
        {
            throw new RecipeException($"The header of '{path}' cannot be read: {e.Message}", e);
        }
    }

    private DataItem Parse(int index)
    {
        string origin = _records.Name(index + 1);
        string[] fields = Fields(index + 1);
        if (fields.Length != _columns)
            throw new BadItemException(BadItemKind.ColumnMismatch, $"{origin} has {fields.Length} fields; expected {_columns}, as the header has.");
        string image = _image < 0 ? string.Empty : fields[_image];
        return new DataItem(image.Length == 0 ? [] : [_pictures.Resolve(image)], _prefix < 0 ? string.Empty : fields[_prefix], fields[_suffix], origin);
    }

    private string[] Fields(int record)
    {
        // A field in front keeps a row that begins with U+FEFF from being taken for a file with a byte order mark.
        byte[] bytes = [(byte)'x', (byte)_separator, .. _records.Read(record)];
        try
        {
            return CsvText.Read(new MemoryStream(bytes), _records.Name(record), _separator).First()[1..];
        }
        catch (JobException e)
        {
            throw new BadItemException(BadItemKind.Malformed, e.Message, e);
        }
    }
}
