using PaliSharp.Models;

namespace PaliSharp.Checkpoints;

/// <summary>Loads a Hugging Face folder: configuration, safetensors files, and the check of one against the other.</summary>
internal static class HuggingFaceFolder
{
    /// <summary>Loads a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">How matrices are to be held.</param>
    /// <exception cref="CheckpointException">Something is missing, malformed or does not fit.</exception>
    public static Checkpoint Load(string folder, CheckpointOptions options)
    {
        var warnings = new List<string>();
        HuggingFaceConfig.Result declared = HuggingFaceConfig.Load(folder, warnings);
        return QuantizedFiles.Choose(folder, options.Weights) is { } quantized
            ? LoadQuantized(folder, quantized, declared, warnings)
            : LoadStored(folder, options, declared, warnings);
    }

    private static Checkpoint LoadQuantized(string folder, string path, HuggingFaceConfig.Result declared, List<string> warnings)
    {
        QuantizedFile file = QuantizedFiles.Open(path, folder, declared, warnings, out PaliGemmaConfig config, out WeightSet weights);
        try
        {
            ImagePreprocessing preprocessing = ImagePreprocessing.Load(folder, config.Vision.ImageSize, warnings);
            return new Checkpoint(folder, CheckpointFormat.HuggingFace, config, preprocessing, weights, warnings, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static Checkpoint LoadStored(string folder, CheckpointOptions options, HuggingFaceConfig.Result declared, List<string> warnings)
    {
        ShardedFiles files = ShardedFiles.Open(folder);
        try
        {
            var problems = new Problems();
            WeightMatcher matcher = WeightMatcher.Match(declared, files.Tensors, problems, warnings);
            problems.ThrowIfAny(
                $"The tensors of '{folder}' do not fit its config.json",
                "Check that config.json and the weights belong together, or download the checkpoint again.");
            PaliGemmaConfig config = matcher.Config;
            ImagePreprocessing preprocessing = ImagePreprocessing.Load(folder, config.Vision.ImageSize, warnings);
            return new Checkpoint(folder, CheckpointFormat.HuggingFace, config, preprocessing, QuantizedFiles.Convert(folder, matcher.Open(), options), warnings, files);
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }
}
