using System.Text.Json;
using System.Text.Json.Serialization;

namespace PaliSharp.Training.Data;

/// <summary>What kind of data a source is.</summary>
public enum SourceKind
{
    /// <summary>A file of JSON lines with <c>image</c>, <c>prefix</c> and <c>suffix</c>.</summary>
    Jsonl,

    /// <summary>A CSV file with a row that names the columns; tabs in <c>.tsv</c>.</summary>
    Csv,

    /// <summary>A folder of pictures with texts beside them, or in folders named by class.</summary>
    Folder,

    /// <summary>A COCO file of captions: <c>caption en</c>, one of the captions of a picture at a time.</summary>
    CocoCaptions,

    /// <summary>A COCO file of boxes: <c>detect a ; b</c>.</summary>
    CocoDetection,

    /// <summary>A COCO file of masks: <c>segment a ; b</c>; needs a mask codec.</summary>
    CocoInstances,

    /// <summary>A VQA file of questions with a file of annotations: <c>answer en QUESTION</c>.</summary>
    Vqa,
}

/// <summary>The order in which the things of a picture are written.</summary>
public enum ObjectOrder
{
    /// <summary>Drawn anew for each visit.</summary>
    Random,

    /// <summary>As in the file.</summary>
    File,

    /// <summary>From top to bottom, then from left to right, by the upper left corner.</summary>
    Raster,
}

/// <summary>Which of several answers is learnt.</summary>
public enum VqaAnswers
{
    /// <summary>The most frequent one.</summary>
    Frequent,

    /// <summary>Each in turn, in an order shuffled for the item.</summary>
    Each,
}

/// <summary>One source of a mixture.</summary>
public sealed record SourceDescription
{
    /// <summary>A short name for messages; the file's name if empty.</summary>
    public string Name { get; init; } = "";

    /// <summary>What kind of data it is; null to tell from the path: <c>.jsonl</c>, <c>.csv</c>, <c>.tsv</c>, or a folder.</summary>
    public SourceKind? Kind { get; init; }

    /// <summary>The file or folder. Relative paths start from the folder of the mixture or recipe.</summary>
    public required string Path { get; init; }

    /// <summary>VQA: the file of annotations.</summary>
    public string? Annotations { get; init; }

    /// <summary>The folder of the pictures; null for the folder of the file.</summary>
    public string? Images { get; init; }

    /// <summary>
    /// VQA: the name of a picture's file, in which <c>{id}</c> is the number of the picture and <c>{id:12}</c> the same with at least twelve digits;
    /// null where each question has an <c>image</c>.
    /// </summary>
    public string? ImageName { get; init; }

    /// <summary>
    /// How often it is drawn in proportion to the others, at least 0; all sources have one, or none, which means by their number of examples.
    /// </summary>
    public double? Weight { get; init; }

    /// <summary>
    /// The prompt; <c>{prefix}</c> is the item's own text: its prefix, question, or things separated by <c> ; </c>. Null for the custom of the kind.
    /// </summary>
    public string? Prefix { get; init; }

    /// <summary>Whether suffixes are written in lower case, as the papers do for some tasks.</summary>
    public bool Lowercase { get; init; }

    /// <summary>The most characters of prompt and suffix together; longer examples are skipped and counted.</summary>
    public int MaxCharacters { get; init; } = 1 << 16;

    /// <summary>Whether each pass has an order of its own; false for the order of the file.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>JSON lines and CSV: what the columns are called.</summary>
    public ColumnNames Columns { get; init; } = new();

    /// <summary>Folders: where the texts are.</summary>
    public FolderTexts Texts { get; init; }

    /// <summary>COCO boxes and masks: the order of the things.</summary>
    public ObjectOrder Order { get; init; }

    /// <summary>VQA: which answer.</summary>
    public VqaAnswers Answers { get; init; }

    /// <summary>COCO masks: the mask codec, a file in the layout of <c>vae-oid.npz</c>.</summary>
    public string? Codec { get; init; }

    /// <summary>What is done to its pictures; null for what the mixture says.</summary>
    public AugmentationOptions? Augment { get; init; }
}

/// <summary>Sources that are drawn from by weight, as a versioned file.</summary>
public sealed record MixtureDescription
{
    /// <summary>The version of the file's form that this library reads.</summary>
    public const int CurrentVersion = 1;

    /// <summary>The version of the file's form.</summary>
    public required int Version { get; init; }

    /// <summary>The sources; at least one.</summary>
    public required IReadOnlyList<SourceDescription> Sources { get; init; }

    /// <summary>What is done to the pictures of sources that say nothing of their own; null for nothing.</summary>
    public AugmentationOptions? Augment { get; init; }

    /// <summary>The most examples loaded ahead, all sources together; their decoded pictures are in memory.</summary>
    public int Ahead { get; init; } = 8;

    /// <summary>The most examples of a source loaded at once.</summary>
    public int Threads { get; init; } = 2;
}

/// <summary>Reads and writes mixtures.</summary>
public static class MixtureFile
{
    private const long MaximumBytes = 1 << 20;
    private const int MaximumSources = 1024;

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false) },
    };

    /// <summary>Reads a mixture.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="RecipeException">It is missing, malformed, of another version, or a value is not allowed.</exception>
    public static MixtureDescription Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            var file = new FileInfo(path);
            if (file.Exists && file.Length > MaximumBytes)
                throw new RecipeException($"'{path}' is larger than {MaximumBytes} bytes, which no mixture is. Name the kind of data in a "
                    + $"mixture file: {{\"version\": 1, \"sources\": [{{\"kind\": \"coco-captions\", \"path\": …}}]}}.");
            return Parse(File.ReadAllBytes(path), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RecipeException($"The mixture '{path}' cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Reads a mixture.</summary>
    /// <param name="json">The content, UTF-8.</param>
    /// <param name="source">Where it is from, for messages.</param>
    /// <exception cref="RecipeException">It is malformed, of another version, or a value is not allowed.</exception>
    public static MixtureDescription Parse(ReadOnlySpan<byte> json, string source) => Checked(Deserialize<MixtureDescription>(json, source), source);

    /// <summary>Writes a mixture.</summary>
    /// <param name="mixture">The mixture.</param>
    public static string Write(MixtureDescription mixture) => JsonSerializer.Serialize(mixture, Options);

    /// <summary>Reads one source.</summary>
    internal static SourceDescription ParseSource(JsonElement json, string source)
    {
        SourceDescription description = Deserialize<SourceDescription>(System.Text.Encoding.UTF8.GetBytes(json.GetRawText()), source);
        Check(description, source);
        return description;
    }

    private static T Deserialize<T>(ReadOnlySpan<byte> json, string source)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, Options) ?? throw new RecipeException($"{source} holds null instead of a description of data.");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or ArgumentException or InvalidOperationException)
        {
            throw new RecipeException($"{source} is no description of data: {e.Message}", e);
        }
    }

    private static MixtureDescription Checked(MixtureDescription mixture, string source)
    {
        if (mixture.Version != MixtureDescription.CurrentVersion)
            throw new RecipeException($"{source}: version is {mixture.Version}; expected: {MixtureDescription.CurrentVersion}, the only one this "
                + "library reads.");
        if (mixture.Sources is not { Count: >= 1 and <= MaximumSources })
            throw new RecipeException($"{source} has {mixture.Sources?.Count ?? 0} sources; expected: 1 to {MaximumSources}.");
        if (mixture.Ahead is < 1 or > 4096 || mixture.Threads is < 1 or > 256)
            throw new RecipeException($"{source}: ahead is {mixture.Ahead} and threads {mixture.Threads}; expected: 1 to 4096, and 1 to 256.");
        foreach ((int index, SourceDescription description) in mixture.Sources.Index())
            Check(description ?? throw new RecipeException($"{source}: source {index + 1} is null."), $"{source}, source {index + 1}");
        int weighted = mixture.Sources.Count(description => description.Weight is not null);
        if (weighted != 0 && weighted != mixture.Sources.Count)
            throw new RecipeException($"{source}: {weighted} of {mixture.Sources.Count} sources have a weight. Give all of them one, or none "
                + "(then their sizes count).");
        if (weighted != 0 && mixture.Sources.Sum(description => description.Weight) is not > 0)
            throw new RecipeException($"{source}: all weights are 0. Give at least one source a weight above 0.");
        mixture.Augment?.Check(source);
        return mixture;
    }

    private static void Check(SourceDescription description, string source)
    {
        if (string.IsNullOrEmpty(description.Path))
            throw new RecipeException($"{source} has no path.");
        if (description.Weight is { } weight && !(weight >= 0 && weight <= 1e12))
            throw new RecipeException($"{source}: weight is {weight}; expected: 0 to 1e12.");
        if (description.MaxCharacters is < 1 or > 1 << 24)
            throw new RecipeException($"{source}: maxCharacters is {description.MaxCharacters}; expected: 1 to {1 << 24}.");
        description.Augment?.Check(source);
    }
}
