using PaliSharp.Tensors;

namespace PaliSharp.Models;

/// <summary>
/// How a pass of several sequences or pictures is divided among threads. Usually it is not: threads share each operation. But the operations of
/// a small model are so short that meeting at each of them, some twenty a layer, costs more than the second thread gains. Then each thread
/// takes some of the sequences through the layers alone.
/// </summary>
internal static class PassShares
{
    // 1 MiB in two bytes each, about what one core's second-level cache holds: a thread alone does not wait for the weights of such a layer.
    private const long SmallLayer = 1 << 19;

    /// <summary>In how many shares a pass is computed.</summary>
    /// <param name="ops">The device.</param>
    /// <param name="layerElements">The weights of a layer.</param>
    /// <param name="units">The sequences or pictures.</param>
    public static int Count(TensorBackend ops, long layerElements, int units) =>
        layerElements <= SmallLayer ? Math.Clamp(units, 1, ops.Concurrency) : 1;

    /// <summary>The weights of a decoder layer.</summary>
    public static long LayerElements(GemmaConfig config) =>
        (long)config.Width * ((2L * (config.Heads + config.KeyValueHeads) * config.HeadSize) + (3L * config.MlpWidth));

    /// <summary>The weights of an encoder layer.</summary>
    public static long LayerElements(SigLipConfig config) => (long)config.Width * ((4L * config.Width) + (2L * config.MlpWidth));
}
