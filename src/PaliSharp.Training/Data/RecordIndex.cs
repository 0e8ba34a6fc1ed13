using Microsoft.Win32.SafeHandles;

namespace PaliSharp.Training.Data;

/// <summary>Where the lines or rows of a text file lie. The file is read once to find them; afterwards each is read alone, by any thread.</summary>
internal sealed class RecordIndex
{
    /// <summary>The longest record in bytes; a longer one is a bad item.</summary>
    public const int MaximumRecordBytes = 16 << 20;

    private const int BufferBytes = 1 << 20;
    private readonly SafeFileHandle _file;
    private readonly List<long> _starts = [];
    private readonly List<int> _lines = [];

    private RecordIndex(string path)
    {
        Path = path;
        try
        {
            _file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);
            Length = RandomAccess.GetLength(_file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new RecipeException($"The data '{path}' cannot be read: {e.Message} Name a readable file.", e);
        }
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Its length in bytes.</summary>
    public long Length { get; }

    /// <summary>The number of records; empty ones do not count.</summary>
    public int Count => _starts.Count;

    /// <summary>Finds the lines of a file.</summary>
    /// <exception cref="RecipeException">The file cannot be read.</exception>
    public static RecordIndex OfLines(string path)
    {
        var index = new RecordIndex(path);
        index.Scan(new LineState());
        return index;
    }

    /// <summary>Finds the rows of a CSV file, where a quoted field may hold line ends.</summary>
    /// <exception cref="RecipeException">The file cannot be read, or a quotation mark is never closed.</exception>
    public static RecordIndex OfRows(string path, byte separator)
    {
        var index = new RecordIndex(path);
        var state = new RowState(separator);
        index.Scan(state);
        return state.IsOpen
            ? throw new RecipeException($"In '{path}' the quotation mark opened in line {index._lines[^1]} or behind it is never closed. Close "
                + "it, or double it if it belongs to the text.")
            : index;
    }

    /// <summary>What a record is called in messages.</summary>
    public string Name(int index) => $"{System.IO.Path.GetFileName(Path)} line {_lines[index]}";

    /// <summary>Reads a record, its line end included.</summary>
    /// <exception cref="BadItemException">It is too long, or the file has changed.</exception>
    public byte[] Read(int index)
    {
        long start = _starts[index];
        long length = (index + 1 < _starts.Count ? _starts[index + 1] : Length) - start;
        if (length > MaximumRecordBytes)
            throw new BadItemException(BadItemKind.TextTooLong, $"{Name(index)} has {length} bytes; at most {MaximumRecordBytes} are read.");
        byte[] bytes = new byte[length];
        return RandomAccessReading.TryFill(_file, bytes, start)
            ? bytes
            : throw new BadItemException(BadItemKind.Malformed, $"{Name(index)} cannot be read: the file has become shorter or fails.");
    }

    private void Scan<TState>(TState state)
        where TState : IRecordState
    {
        byte[] buffer = new byte[BufferBytes];
        long position = 0;
        long start = 0;
        int line = 1;
        int startLine = 1;
        bool hasContent = false;
        while (RandomAccessReading.Read(_file, buffer, position, Path) is var read and > 0)
        {
            int first = position == 0 && buffer.AsSpan(0, read).StartsWith("\uFEFF"u8) ? 3 : 0;
            if (first > 0)
                start = first;
            for (int i = first; i < read; i++)
            {
                byte value = buffer[i];
                bool ends = state.Take(value);
                if (!hasContent && value is not ((byte)'\n' or (byte)'\r' or (byte)' ' or (byte)'\t'))
                {
                    hasContent = true;
                    Add(start, startLine);
                }

                line += value == (byte)'\n' ? 1 : 0;
                if (ends)
                    (start, startLine, hasContent) = (position + i + 1, line, false);
            }

            position += read;
        }
    }

    private void Add(long start, int line)
    {
        if (_starts.Count == ExampleSet.MaximumItems)
            throw new RecipeException($"'{Path}' has more than {ExampleSet.MaximumItems} records. Divide it, and name the parts in a mixture.");
        _starts.Add(start);
        _lines.Add(line);
    }

    private interface IRecordState
    {
        /// <summary>Takes the next byte; true if a record ends with it.</summary>
        bool Take(byte value);
    }

    private readonly struct LineState : IRecordState
    {
        public bool Take(byte value) => value == (byte)'\n';
    }

    /// <summary>A quotation mark opens a quoted field at its beginning only; within, a doubled one is text.</summary>
    private sealed class RowState(byte separator) : IRecordState
    {
        private Place _place = Place.FieldStart;

        private enum Place
        {
            FieldStart,
            Plain,
            Quoted,
            QuoteInQuoted,
        }

        /// <summary>Whether the last byte lies in a quoted field.</summary>
        public bool IsOpen => _place == Place.Quoted;

        public bool Take(byte value)
        {
            if (_place == Place.Quoted)
            {
                _place = value == (byte)'"' ? Place.QuoteInQuoted : Place.Quoted;
                return false;
            }

            if (value == (byte)'"' && _place != Place.Plain)
                _place = Place.Quoted;
            else
                _place = value == separator || value == (byte)'\n' ? Place.FieldStart : Place.Plain;
            return value == (byte)'\n';
        }
    }
}

/// <summary>Reads pieces of files.</summary>
internal static class RandomAccessReading
{
    /// <summary>Reads what comes next; 0 at the end.</summary>
    /// <exception cref="RecipeException">The disk fails.</exception>
    public static int Read(SafeFileHandle file, Span<byte> buffer, long position, string path)
    {
        try
        {
            return RandomAccess.Read(file, buffer, position);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RecipeException($"'{path}' cannot be read on: {e.Message}", e);
        }
    }

    /// <summary>Fills a buffer; false if the file ends before or fails.</summary>
    public static bool TryFill(SafeFileHandle file, Span<byte> buffer, long position)
    {
        try
        {
            while (!buffer.IsEmpty)
            {
                int read = RandomAccess.Read(file, buffer, position);
                if (read == 0)
                    return false;
                buffer = buffer[read..];
                position += read;
            }

            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
