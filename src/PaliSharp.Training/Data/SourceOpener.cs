using PaliSharp.Segmentation;

namespace PaliSharp.Training.Data;

/// <summary>Opens what descriptions of data describe.</summary>
internal static class SourceOpener
{
    private const int DefaultAhead = 8;
    private const int DefaultThreads = 2;

    /// <summary>Opens a mixture.</summary>
    /// <exception cref="RecipeException">A source cannot be opened, or holds nothing to learn.</exception>
    public static ITrainingSource Open(MixtureDescription mixture, string baseFolder, ulong seed)
    {
        ExampleSet[] sets = [.. mixture.Sources.Select(source => OpenSet(source, baseFolder))];
        double[] weights = [.. mixture.Sources.Zip(sets, (source, set) => source.Weight ?? set.Count)];
        double total = weights.Sum();
        var sources = new ITrainingSource[sets.Length];
        for (int i = 0; i < sources.Length; i++)
        {
            SourceDescription description = mixture.Sources[i];
            description = description with { Augment = description.Augment ?? mixture.Augment };
            int ahead = Math.Max(1, (int)Math.Ceiling(mixture.Ahead * weights[i] / total));
            sources[i] = Open(sets[i], description, seed + (ulong)i, new PrefetchOptions(ahead, mixture.Threads));
        }

        return sources.Length == 1 ? sources[0] : new MixtureSource(sources, weights, seed);
    }

    /// <summary>Opens one source.</summary>
    /// <exception cref="RecipeException">It cannot be opened, or holds nothing to learn.</exception>
    public static ITrainingSource Open(SourceDescription description, string baseFolder, ulong seed) =>
        Open(OpenSet(description, baseFolder), description, seed, new PrefetchOptions(DefaultAhead, DefaultThreads));

    /// <summary>Opens the items of a source.</summary>
    /// <exception cref="RecipeException">It cannot be opened, or holds nothing to learn.</exception>
    public static ExampleSet OpenSet(SourceDescription description, string baseFolder)
    {
        string path = Path.Combine(baseFolder, description.Path);
        var pictures = new PicturePaths(description.Images is null ? FolderOf(path) : Path.Combine(baseFolder, description.Images));
        SourceKind kind = description.Kind ?? Guess(path);
        if (kind != SourceKind.Folder && !File.Exists(path))
            throw new RecipeException($"The data '{path}' does not exist.");
        return kind switch
        {
            SourceKind.Jsonl => new JsonLinesSet(path, description.Columns, pictures),
            SourceKind.Csv => new CsvSet(path, description.Columns, pictures),
            SourceKind.Folder => new FolderSet(path, description.Texts),
            SourceKind.Vqa => new VqaSet(path, VqaFiles(description, path, baseFolder), description.Answers),
            SourceKind.CocoCaptions => new CocoCaptionSet(path, pictures),
            SourceKind.CocoDetection => new CocoObjectSet(path, pictures, description.Order, hasMasks: false, codec: null),
            SourceKind.CocoInstances => new CocoObjectSet(path, pictures, description.Order, hasMasks: true, Codec(description, path, baseFolder)),
            _ => throw new RecipeException($"Data of the kind {kind} is not known."),
        };
    }

    /// <summary>What makes examples of the items of a source.</summary>
    public static ExampleLoader Loader(SourceDescription description) => new(
        description.Prefix ?? Custom(description.Kind),
        description.Lowercase,
        description.MaxCharacters,
        description.Augment is { } augment ? new Augmentation(augment) : null);

    private static DatasetSource Open(ExampleSet set, SourceDescription description, ulong seed, PrefetchOptions prefetch) =>
        new(set, Loader(description), seed, description.Shuffle, prefetch);

    // The prompts of the papers.
    private static string? Custom(SourceKind? kind) => kind switch
    {
        SourceKind.CocoCaptions => "caption en",
        SourceKind.CocoDetection => $"detect {ExampleLoader.PrefixPlace}",
        SourceKind.CocoInstances => $"segment {ExampleLoader.PrefixPlace}",
        SourceKind.Vqa => $"answer en {ExampleLoader.PrefixPlace}",
        _ => null,
    };

    private static VqaFiles VqaFiles(SourceDescription description, string path, string baseFolder) => new(
        description.Annotations is { } annotations
            ? Path.Combine(baseFolder, annotations)
            : throw new RecipeException($"The questions '{path}' have no answers: name the file of annotations in \"annotations\"."),
        new PictureNames(description.Images is null ? FolderOf(path) : Path.Combine(baseFolder, description.Images), description.ImageName));

    private static MaskCodec Codec(SourceDescription description, string path, string baseFolder) => description.Codec is { } codec
        ? MaskCodec.Load(Path.Combine(baseFolder, codec))
        : throw new RecipeException($"The masks of '{path}' cannot be written as <seg> text without a mask codec: name one in \"codec\", such as "
            + "the vae-oid.npz of PaliGemma.");

    private static string FolderOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path)) ?? path;

    private static SourceKind Guess(string path) => Directory.Exists(path) ? SourceKind.Folder : Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".jsonl" or ".ndjson" => SourceKind.Jsonl,
        ".csv" or ".tsv" => SourceKind.Csv,
        _ => File.Exists(path)
            ? throw new RecipeException($"What '{path}' holds cannot be told from its name. Name its kind in a description: {{\"kind\": "
                + $"\"coco-captions\", \"path\": \"{Path.GetFileName(path)}\"}}.")
            : throw new RecipeException($"The data '{path}' does not exist."),
    };
}
