using System.Text.Json;
using PaliSharp.Imaging;
using PaliSharp.Jobs;
using PaliSharp.Results;

namespace PaliSharp.Training.Data;

/// <summary>An item to be written.</summary>
/// <param name="Item">Its texts or things.</param>
/// <param name="Sizes">What its pictures' files say of themselves.</param>
internal sealed record ConvertedItem(DataItem Item, IReadOnlyList<ImageInfo> Sizes)
{
    /// <summary>What is to be learnt, as text.</summary>
    public string Suffix => Item.Objects?.ToText(Item.Origin) ?? Item.Suffix;
}

/// <summary>Writes examples in one format.</summary>
/// <param name="folder">Where files are written.</param>
/// <param name="output">Where they will lie in the end: pictures are named from there.</param>
internal abstract class DatasetWriter(string folder, string output) : IDisposable
{
    private readonly Dictionary<string, FileStream> _files = new(StringComparer.Ordinal);

    /// <summary>Writes an example; false if the format has no form for it.</summary>
    /// <exception cref="BadItemException">It cannot be used.</exception>
    public abstract bool Write(ConvertedItem item);

    /// <summary>Ends the files and brings them to the disk.</summary>
    /// <returns>Their names.</returns>
    public IReadOnlyList<string> Complete()
    {
        Finish();
        foreach (FileStream file in _files.Values)
            file.Flush(flushToDisk: true);
        return [.. _files.Keys.Order(StringComparer.Ordinal)];
    }

    /// <summary>Closes the files.</summary>
    public virtual void Dispose()
    {
        foreach (FileStream file in _files.Values)
            file.Dispose();
    }

    /// <summary>Closes a writer without what it has not written: that is nothing, or the disk is full and would fail again.</summary>
    internal static void Close(Utf8JsonWriter writer)
    {
        writer.Reset();
        writer.Dispose();
    }

    /// <summary>Writes what stands at the ends of files.</summary>
    protected virtual void Finish()
    {
    }

    /// <summary>Creates a file.</summary>
    protected Stream Create(string name)
    {
        var stream = new FileStream(Path.Combine(folder, name), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
        _files.Add(name, stream);
        return stream;
    }

    /// <summary>A picture's name from the output folder, with slashes on every system.</summary>
    protected string Relative(string picture) => Path.GetRelativePath(output, Path.GetFullPath(picture)).Replace(Path.DirectorySeparatorChar, '/');
}

/// <summary>Writes JSON lines.</summary>
internal sealed class JsonLinesWriter : DatasetWriter
{
    private readonly Stream _stream;

    public JsonLinesWriter(string folder, string output)
        : base(folder, output) => _stream = Create("examples.jsonl");

    public override bool Write(ConvertedItem item)
    {
        string suffix = item.Suffix;
        using (var writer = new Utf8JsonWriter(_stream, ResultJson.WriterOptions))
        {
            writer.WriteStartObject();
            if (item.Item.Images is [{ } only])
            {
                writer.WriteString("image", Relative(only));
            }
            else if (item.Item.Images.Count > 1)
            {
                writer.WriteStartArray("image");
                foreach (string image in item.Item.Images)
                    writer.WriteStringValue(Relative(image));
                writer.WriteEndArray();
            }

            writer.WriteString("prefix", item.Item.Prefix);
            writer.WriteString("suffix", suffix);
            writer.WriteEndObject();
        }

        _stream.Write("\n"u8);
        return true;
    }
}

/// <summary>Writes CSV; examples with several pictures have no form there.</summary>
internal sealed class CsvExamplesWriter : DatasetWriter
{
    private readonly Stream _stream;

    public CsvExamplesWriter(string folder, string output)
        : base(folder, output)
    {
        _stream = Create("examples.csv");
        _stream.Write(CsvText.Line(["image", "prefix", "suffix"]));
    }

    public override bool Write(ConvertedItem item)
    {
        if (item.Item.Images.Count > 1)
            return false;
        _stream.Write(CsvText.Line([item.Item.Images is [{ } only] ? Relative(only) : string.Empty, item.Item.Prefix, item.Suffix]));
        return true;
    }
}

/// <summary>Writes questions and answers; prompts other than <c>answer LANGUAGE QUESTION</c> have no form there.</summary>
internal sealed class VqaWriter : DatasetWriter
{
    private readonly Utf8JsonWriter _questions;
    private readonly Utf8JsonWriter _annotations;
    private readonly Dictionary<string, long> _images = new(StringComparer.Ordinal);
    private long _count;

    public VqaWriter(string folder, string output)
        : base(folder, output)
    {
        _questions = Begin(Create("questions.json"), "questions");
        _annotations = Begin(Create("annotations.json"), "annotations");
    }

    public override bool Write(ConvertedItem item)
    {
        string[] words = item.Item.Prefix.Split(' ', 3);
        if (item.Item.Images.Count != 1 || item.Item.Objects is not null || words is not ["answer", _, { Length: > 0 } question])
            return false;
        string picture = Relative(item.Item.Images[0]);
        if (!_images.TryGetValue(picture, out long image))
            _images.Add(picture, image = _images.Count + 1);
        _count++;
        Numbers(_questions, image);
        _questions.WriteString("image", picture); // the format itself knows pictures by number only
        _questions.WriteString("question", question.Trim());
        _questions.WriteEndObject();
        _questions.Flush();
        Numbers(_annotations, image);
        _annotations.WriteString("multiple_choice_answer", item.Item.Suffix);
        _annotations.WriteStartArray("answers");
        _annotations.WriteStartObject();
        _annotations.WriteNumber("answer_id", 1);
        _annotations.WriteString("answer", item.Item.Suffix);
        _annotations.WriteEndObject();
        _annotations.WriteEndArray();
        _annotations.WriteEndObject();
        _annotations.Flush();
        return true;
    }

    public override void Dispose()
    {
        Close(_questions);
        Close(_annotations);
        base.Dispose();
    }

    protected override void Finish()
    {
        foreach (Utf8JsonWriter writer in (ReadOnlySpan<Utf8JsonWriter>)[_questions, _annotations])
        {
            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.Flush();
        }
    }

    private static Utf8JsonWriter Begin(Stream stream, string array)
    {
        var writer = new Utf8JsonWriter(stream, ResultJson.WriterOptions);
        writer.WriteStartObject();
        writer.WriteStartArray(array);
        return writer;
    }

    private void Numbers(Utf8JsonWriter writer, long image)
    {
        writer.WriteStartObject();
        writer.WriteNumber("question_id", _count);
        writer.WriteNumber("image_id", image);
    }
}
