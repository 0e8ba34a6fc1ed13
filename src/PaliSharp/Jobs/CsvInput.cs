namespace PaliSharp.Jobs;

/// <summary>The rows of a CSV file.</summary>
internal sealed class CsvInput : BatchInput
{
    private readonly string _path;
    private readonly BatchInputOptions _options;
    private readonly string _folder;
    private readonly string[] _header;

    public CsvInput(string path, BatchInputOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = path;
        _options = options;
        _folder = Folder(path, options);
        _header = Records().FirstOrDefault()
            ?? throw new JobException($"The input '{path}' is empty; expected a row that names the columns, '{options.ImageColumn}' among them.");
        CheckHeader();
        Identity = $"csv {InputFile.Hash(path)} image={options.ImageColumn} root={_folder}";
    }

    internal override string Identity { get; }

    internal override string ImageColumn => _options.ImageColumn;

    public override IEnumerable<BatchRow> Read() => Records().Skip(1).Select((record, index) => Row(index, record));

    internal override InputSummary Summarize() => base.Summarize() with { Columns = _header };

    private IEnumerable<string[]> Records() =>
        CsvText.Read(InputFile.OpenBytes(_path), _path, _path.EndsWith(".tsv", StringComparison.OrdinalIgnoreCase) ? '\t' : ',');

    private BatchRow Row(long index, string[] record)
    {
        var fields = new KeyValuePair<string, string>[Math.Min(record.Length, _header.Length)];
        for (int i = 0; i < fields.Length; i++)
            fields[i] = new(_header[i], record[i]);
        var row = new BatchRow(index, fields);
        return record.Length == _header.Length
            ? WithImage(row, _options, _folder)
            : row with { Image = row[_options.ImageColumn], Problem = $"The row has {record.Length} fields; expected {_header.Length}, as the header has." };
    }

    private void CheckHeader()
    {
        if (_header.Length > MaximumColumns)
            throw new JobException($"The input '{_path}' has {_header.Length} columns; at most {MaximumColumns} are read.");
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (string name in _header)
        {
            if (!names.Add(name))
                throw new JobException($"The header of '{_path}' names the column '{name}' twice. Give each column a name of its own.");
        }

        if (!names.Contains(_options.ImageColumn))
        {
            throw new JobException(
                $"The header of '{_path}' has no column '{_options.ImageColumn}' for the pictures; it has {string.Join(", ", _header.Select(name => $"'{name}'"))}. Name the column of the pictures.");
        }
    }
}
