using PaliSharp.Models;

namespace PaliSharp.Checkpoints;

/// <summary>Loads a Hugging Face folder: configuration, safetensors files, and the check of one against the other.</summary>
internal static class HuggingFaceFolder
{
    /// <summary>Loads a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="CheckpointException">Something is missing, malformed or does not fit.</exception>
    public static Checkpoint Load(string folder)
    {
        var warnings = new List<string>();
        HuggingFaceConfig.Result declared = HuggingFaceConfig.Load(folder, warnings);
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
            return new Checkpoint(folder, CheckpointFormat.HuggingFace, config, preprocessing, matcher.Open(), warnings, files);
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }
}
