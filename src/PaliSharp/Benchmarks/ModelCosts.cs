using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Benchmarks;

/// <summary>What the stages of a model cost at least: arithmetic where many rows share a weight, memory traffic where one row needs them all.</summary>
internal static class ModelCosts
{
    /// <summary>Floating-point operations to encode and project one picture, two for each multiply-add of products and attention.</summary>
    public static double VisionOperations(PaliGemmaConfig config)
    {
        SigLipConfig vision = config.Vision;
        double patches = vision.PatchCount;
        double products = patches * Matrices(config).Where(tensor => !IsText(tensor.Name)).Sum(tensor => (double)tensor.Shape.Count);
        double attention = 2.0 * patches * patches * vision.Width * vision.Layers;
        return 2 * (products + attention);
    }

    /// <summary>Floating-point operations of a prompt whose positions all see one another, the logits of its last position included.</summary>
    public static double PrefillOperations(PaliGemmaConfig config, int positions)
    {
        GemmaConfig text = config.Text;
        double products = Matrices(config).Where(tensor => IsText(tensor.Name)).Sum(
            tensor => (double)tensor.Shape.Count * (tensor.Name == TensorNames.Embedding ? 1 : positions));
        double attention = 2.0 * positions * positions * text.Heads * text.HeadSize * text.Layers;
        return 2 * (products + attention);
    }

    /// <summary>Bytes that one token reads: every weight of the decoder once, and the keys and values so far.</summary>
    public static double DecodeBytes(PaliGemmaConfig config, WeightSet weights, int positions) =>
        weights.Where(weight => IsText(weight.Name)).Sum(weight => (double)weight.ByteLength) + KvCache.ByteSize(config.Text, positions);

    private static IEnumerable<(string Name, TensorShape Shape)> Matrices(PaliGemmaConfig config) =>
        ModelTensors.Of(config).Where(tensor => !ModelTensors.IsWidened(tensor.Name, tensor.Shape));

    private static bool IsText(string name) => name.StartsWith("language_model.", StringComparison.Ordinal);
}
