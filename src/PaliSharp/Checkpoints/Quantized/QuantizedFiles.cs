using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Checkpoints;

/// <summary>Finds the quantised files beside a checkpoint and decides which weights a model is loaded with.</summary>
internal static class QuantizedFiles
{
    /// <summary>The size up to which weights are converted in memory instead of asking for a file.</summary>
    private const long LargestInMemory = 1L << 30;

    private static readonly WeightType[] Types = [WeightType.Int8, WeightType.Int4];

    /// <summary>The quantised files there are.</summary>
    /// <param name="location">The folder or the <c>.npz</c> file.</param>
    public static IEnumerable<string> Beside(string location) =>
        Types.Select(type => QuantizedFile.PathBeside(location, type)).Where(File.Exists);

    /// <summary>The quantised file to load; null to load what the checkpoint holds.</summary>
    /// <param name="location">The folder or the <c>.npz</c> file.</param>
    /// <param name="storage">What was asked for.</param>
    public static string? Choose(string location, WeightStorage storage)
    {
        string int8 = QuantizedFile.PathBeside(location, WeightType.Int8);
        string int4 = QuantizedFile.PathBeside(location, WeightType.Int4);
        return storage switch
        {
            WeightStorage.Int8 when File.Exists(int8) => int8,
            WeightStorage.Int4 when File.Exists(int4) => int4,
            WeightStorage.Auto when File.Exists(int8) => int8,
            WeightStorage.Auto when File.Exists(int4) && SourceBytes(location) == 0 => int4,
            _ => null,
        };
    }

    /// <summary>Opens a quantised file as the weights of a configuration.</summary>
    /// <param name="path">The quantised file.</param>
    /// <param name="location">The folder or the <c>.npz</c> file it belongs to.</param>
    /// <param name="declared">The configuration.</param>
    /// <param name="warnings">Receives what is odd but harmless.</param>
    /// <param name="config">The configuration as the weights complete it.</param>
    /// <param name="weights">The weights, valid as long as the file is open.</param>
    /// <exception cref="CheckpointException">It does not fit the configuration, or was made from other weights.</exception>
    public static QuantizedFile Open(
        string path, string location, HuggingFaceConfig.Result declared, List<string> warnings, out PaliGemmaConfig config, out WeightSet weights)
    {
        QuantizedFile file = QuantizedFile.Open(path);
        try
        {
            long sourceBytes = SourceBytes(location);
            if (sourceBytes != 0 && file.SourceBytes is { } recorded && recorded != sourceBytes)
            {
                throw new CheckpointException(
                    $"'{path}' was made from weights of {recorded} bytes, but '{location}' now holds {sourceBytes}. Run palisharp quantize again.");
            }

            var problems = new Problems();
            WeightMatcher matcher = WeightMatcher.Match(declared, file.Tensors, problems, warnings);
            problems.ThrowIfAny($"The tensors of '{path}' do not fit the configuration of '{location}'", "Run palisharp quantize again.");
            (config, weights) = (matcher.Config, matcher.Open());
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The weights of a checkpoint in the storage asked for, where there is no quantised file.</summary>
    /// <param name="location">The folder or the <c>.npz</c> file.</param>
    /// <param name="weights">What the checkpoint holds.</param>
    /// <param name="options">What was asked for.</param>
    /// <exception cref="CheckpointException">The weights are too large to be converted at every start.</exception>
    public static WeightSet Convert(string location, WeightSet weights, CheckpointOptions options)
    {
        WeightStorage storage = options.Weights;
        if (storage is WeightStorage.Int8 or WeightStorage.Int4 && weights.ByteLength > LargestInMemory)
        {
            string name = QuantizationScheme.NameOf(storage == WeightStorage.Int8 ? WeightType.Int8 : WeightType.Int4);
            throw new CheckpointException(
                $"'{location}' has no file of {name} weights, and is too large to be quantised at every start. "
                + $"Make the file once: palisharp quantize {location} --weights {name}");
        }

        return storage switch
        {
            WeightStorage.Float32 => Convert(weights, WeightType.Float32),
            WeightStorage.BFloat16 => Convert(weights, WeightType.BFloat16),
            WeightStorage.Int8 => QuantizationScheme.Apply(weights, WeightType.Int8, options.QuantizeEverything),
            WeightStorage.Int4 => QuantizationScheme.Apply(weights, WeightType.Int4, options.QuantizeEverything),
            _ => weights,
        };
    }

    /// <summary>The length of the files that hold a checkpoint's own weights; 0 if there are none.</summary>
    /// <param name="location">The folder or the <c>.npz</c> file.</param>
    public static long SourceBytes(string location)
    {
        if (!Directory.Exists(location))
            return File.Exists(location) ? new FileInfo(location).Length : 0;
        return ShardedFiles.Exist(location)
            ? Directory.EnumerateFiles(location, "*.safetensors").Except(Beside(location), StringComparer.Ordinal).Sum(file => new FileInfo(file).Length)
            : 0;
    }

    private static WeightSet Convert(WeightSet weights, WeightType type) => new([.. weights.Select(weight =>
        weight.Type == type || ModelTensors.IsWidened(weight.Name, weight.Shape) ? weight : WholeWeights.CopyAs(weight, type))]);
}
