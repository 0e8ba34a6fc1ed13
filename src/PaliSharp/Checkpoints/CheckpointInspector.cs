using PaliSharp.Models;

namespace PaliSharp.Checkpoints;

/// <summary>One tensor of a checkpoint, for display.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="CanonicalName">The canonical name it corresponds to; the name in the file where that is the same, or for <c>.npz</c> arrays.</param>
/// <param name="Type">The element type's name in the file.</param>
/// <param name="Shape">Its extents, outermost first.</param>
/// <param name="ByteLength">Its size in bytes.</param>
public sealed record TensorReport(string Name, string CanonicalName, string Type, IReadOnlyList<long> Shape, long ByteLength);

/// <summary>A quantised file beside a checkpoint.</summary>
/// <param name="Path">The file.</param>
/// <param name="Weights"><c>int8</c> or <c>int4</c>.</param>
/// <param name="FileBytes">Its length.</param>
/// <param name="Verified">Whether all its checksums were compared and are right.</param>
public sealed record QuantizedReport(string Path, string Weights, long FileBytes, bool Verified);

/// <summary>What a checkpoint holds and what is wrong with it.</summary>
public sealed record CheckpointReport
{
    /// <summary>The folder or file.</summary>
    public required string Path { get; init; }

    /// <summary>The form it is stored in; null if it is none.</summary>
    public CheckpointFormat? Format { get; init; }

    /// <summary>The geometry; null if it cannot be told.</summary>
    public PaliGemmaConfig? Config { get; init; }

    /// <summary>How pictures become the encoder's input; null if it cannot be told.</summary>
    public ImagePreprocessing? Preprocessing { get; init; }

    /// <summary>The number of parameters of the geometry, the tied table counted once; without a geometry, of all tensors.</summary>
    public long ParameterCount { get; init; }

    /// <summary>The length of the files with weights in bytes.</summary>
    public long FileBytes { get; init; }

    /// <summary>The tensors, in the order of the files.</summary>
    public IReadOnlyList<TensorReport> Tensors { get; init; } = [];

    /// <summary>For each element type the number of tensors and their bytes.</summary>
    public IReadOnlyDictionary<string, (int Tensors, long Bytes)> Types { get; init; } = new Dictionary<string, (int, long)>(StringComparer.Ordinal);

    /// <summary>The quantised files beside it that can be used.</summary>
    public IReadOnlyList<QuantizedReport> Quantized { get; init; } = [];

    /// <summary>The names of the tokenizer files found.</summary>
    public IReadOnlyList<string> TokenizerFiles { get; init; } = [];

    /// <summary>What is odd but harmless.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>What keeps the checkpoint from loading; empty if it loads.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];
}

/// <summary>Looks at a checkpoint without loading it, and reports problems instead of throwing them.</summary>
public static class CheckpointInspector
{
    /// <summary>Inspects what <see cref="Checkpoint.Load"/> would load.</summary>
    /// <param name="path">A folder or file.</param>
    /// <param name="verify">Whether to read quantised files as a whole and compare their checksums.</param>
    /// <returns>The report. A path that holds no checkpoint gives a report with a problem.</returns>
    public static CheckpointReport Inspect(string path, bool verify = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var builder = new Builder(path);
        if (builder.Try(() => CheckpointPath.Resolve(path)) is not { Path: { } location } resolved)
            return builder.Build();
        if (resolved.Format == CheckpointFormat.HuggingFace)
            InspectFolder(location, builder);
        else
            InspectFile(location, builder);
        InspectQuantized(location, verify, builder);
        return builder.Build();
    }

    private static void InspectFolder(string folder, Builder builder)
    {
        builder.Format = CheckpointFormat.HuggingFace;
        HuggingFaceConfig.Result? declared = builder.Try(() => HuggingFaceConfig.Load(folder, builder.Warnings));
        builder.Config = declared?.Config;

        // A folder whose own weights were deleted after quantising is complete.
        bool onlyQuantized = !ShardedFiles.Exist(folder) && QuantizedFiles.Beside(folder).Any();
        using ShardedFiles? files = onlyQuantized ? null : builder.Try(() => ShardedFiles.Open(folder));
        if (files is not null)
        {
            builder.FileBytes = files.ByteLength;
            builder.Tensors.AddRange(files.Tensors.Select(tensor =>
                new TensorReport(tensor.Name, TensorNames.Canonical(tensor.Name), tensor.Type, tensor.Shape, tensor.ByteLength)));
        }

        if (declared is not null && files is not null)
        {
            var problems = new Problems();
            builder.Config = WeightMatcher.Match(declared, files.Tensors, problems, builder.Warnings).Config;
            builder.Problems.AddRange(problems.Paragraphs);
        }

        if (builder.Config is { } config)
            builder.Preprocessing = builder.Try(() => ImagePreprocessing.Load(folder, config.Vision.ImageSize, builder.Warnings));
    }

    private static void InspectFile(string file, Builder builder)
    {
        builder.Format = CheckpointFormat.BigVision;
        using NpzArchive? archive = builder.Try(() => NpzArchive.Open(file));
        if (archive is null)
            return;
        builder.FileBytes = archive.ByteLength;
        builder.Tensors.AddRange(archive.Arrays.Select(array => new TensorReport(array.Name, array.Name, array.Type, array.Shape, array.ByteLength)));
        var problems = new Problems();
        builder.Config = BigVisionFile.Match(archive, new CheckpointOptions(), problems, builder.Warnings, out _);
        builder.Problems.AddRange(problems.Paragraphs);
        if (builder.Config is { } config)
            builder.Preprocessing = new ImagePreprocessing { Size = config.Vision.ImageSize };
    }

    private static void InspectQuantized(string location, bool verify, Builder builder)
    {
        foreach (string path in QuantizedFiles.Beside(location))
        {
            QuantizedReport? report = builder.Try(() =>
            {
                using QuantizedFile file = builder.Config is { } config
                    ? QuantizedFiles.Open(path, location, new HuggingFaceConfig.Result(config, ImageSizeStated: true, Tied: true), builder.Warnings, out _, out _)
                    : QuantizedFile.Open(path);
                if (verify)
                    file.Verify();
                return new QuantizedReport(path, QuantizationScheme.NameOf(file.Weights), file.ByteLength, verify);
            });
            if (report is not null)
                builder.Quantized.Add(report);
        }
    }

    private sealed class Builder(string path)
    {
        public CheckpointFormat? Format { get; set; }

        public PaliGemmaConfig? Config { get; set; }

        public ImagePreprocessing? Preprocessing { get; set; }

        public long FileBytes { get; set; }

        public List<TensorReport> Tensors { get; } = [];

        public List<QuantizedReport> Quantized { get; } = [];

        public List<string> Warnings { get; } = [];

        public List<string> Problems { get; } = [];

        public T? Try<T>(Func<T> action)
        {
            try
            {
                return action();
            }
            catch (PaliSharpException e)
            {
                Problems.Add(e.Message);
                return default;
            }
        }

        public CheckpointReport Build() => new()
        {
            Path = path,
            Format = Format,
            Config = Config,
            Preprocessing = Preprocessing,
            ParameterCount = Config is { } config
                ? ModelTensors.Of(config).Sum(tensor => tensor.Shape.Count)
                : Tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (product, extent) => product * extent)),
            FileBytes = FileBytes,
            Tensors = Tensors,
            Types = Tensors.GroupBy(tensor => tensor.Type, StringComparer.Ordinal)
                .ToDictionary(group => group.Key, group => (group.Count(), group.Sum(tensor => tensor.ByteLength)), StringComparer.Ordinal),
            TokenizerFiles = CheckpointPath.TokenizerFolder(path) is { } folder ? [.. CheckpointPath.TokenizerFiles(folder)] : [],
            Quantized = Quantized,
            Warnings = Warnings,
            Problems = Problems,
        };
    }
}
