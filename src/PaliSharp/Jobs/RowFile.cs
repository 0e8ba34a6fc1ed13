namespace PaliSharp.Jobs;

/// <summary>
/// A job's output: rows are added at the end, each whole and in order. Whatever byte an interruption left at the end, opening the file again cuts
/// it behind the last complete row.
/// </summary>
internal sealed class RowFile : IDisposable
{
    // Keeps other writers out. Windows lets them be told apart from readers; elsewhere the lock is a lock of .NET's own, which tail does not heed.
    private static readonly FileShare Sharing = OperatingSystem.IsWindows() ? FileShare.Read : FileShare.None;

    private readonly FileStream _stream;
    private readonly RowFormat _format;

    private RowFile(FileStream stream, RowFormat format)
    {
        _stream = stream;
        _format = format;
    }

    /// <summary>The number of rows in the file.</summary>
    public long Rows { get; private set; }

    /// <summary>Those of them that hold an error.</summary>
    public long Failed { get; private set; }

    /// <summary>Opens or creates the file, keeps other writers out, and takes up what it holds.</summary>
    /// <exception cref="JobException">Another process writes it, or it holds something else than rows of a job.</exception>
    public static RowFile Open(string path, RowFormat format)
    {
        FileStream stream;
        try
        {
            stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, Sharing, bufferSize: 0);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new JobException($"The output '{path}' cannot be written: {exception.Message} If another run works on it, wait for its end.", exception);
        }

        var file = new RowFile(stream, format);
        try
        {
            file.TakeUp(path);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Adds a row.</summary>
    /// <exception cref="IOException">The disk is full or failed.</exception>
    public void Append(BatchAnswer answer)
    {
        _stream.Write(_format.Write(answer).Span);
        Rows++;
        Failed += answer.Error is null ? 0 : 1;
    }

    /// <summary>Brings all rows to the disk.</summary>
    public void Flush() => _stream.Flush(flushToDisk: true);

    public void Dispose() => _stream.Dispose();

    private void TakeUp(string path)
    {
        long complete = _format.CompleteLength(_stream);
        if (complete < _stream.Length)
            _stream.SetLength(complete);
        if (complete == 0)
        {
            _stream.Position = 0;
            _stream.Write(_format.Header.Span);
            return;
        }

        CheckHeader(path);
        _stream.Position = 0;
        foreach ((long index, bool isError) in _format.ReadBack(_stream))
        {
            if (index != Rows)
                throw Foreign(path, $"row {Rows} was expected where it has {(index < 0 ? "something else" : $"row {index}")}");
            Rows++;
            Failed += isError ? 1 : 0;
        }

        _stream.Position = _stream.Length;
    }

    private void CheckHeader(string path)
    {
        byte[] header = new byte[_format.Header.Length];
        _stream.Position = 0;
        if (_stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length || !header.AsSpan().SequenceEqual(_format.Header.Span))
            throw Foreign(path, "its first line names other columns");
    }

    private static JobException Foreign(string path, string what) =>
        new($"'{path}' does not hold the rows of its job: {what}. It was changed since. Name another output, or overwrite it.");
}
