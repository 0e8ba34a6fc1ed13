using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tests.Checkpoints;

/// <summary>Finds the checkpoints of the reference data by what lies there.</summary>
internal static class GoldenFolders
{
    /// <summary>The folders below a topic that hold a Hugging Face checkpoint, at any depth.</summary>
    public static IEnumerable<string> HuggingFace(string topic) => GoldenData.Topic(topic)
        .SelectMany(root => Directory.EnumerateFiles(root, "config.json", SearchOption.AllDirectories))
        .Select(file => Path.GetDirectoryName(file)!)
        .Where(folder => File.Exists(Path.Combine(folder, "model.safetensors")) || File.Exists(Path.Combine(folder, "model.safetensors.index.json")))
        .Order(StringComparer.Ordinal);

    /// <summary>The big_vision files below a topic.</summary>
    public static IEnumerable<string> BigVision(string topic) => GoldenData.Topic(topic)
        .SelectMany(root => Directory.EnumerateFiles(root, "params_*.npz", SearchOption.AllDirectories))
        .Order(StringComparer.Ordinal);

    /// <summary>The adapter folders below a topic.</summary>
    public static IEnumerable<string> Adapters(string topic) => GoldenData.Topic(topic)
        .SelectMany(root => Directory.EnumerateFiles(root, "adapter_config.json", SearchOption.AllDirectories))
        .Select(file => Path.GetDirectoryName(file)!)
        .Order(StringComparer.Ordinal);

    /// <summary>
    /// The cases of one test. A topic that is absent altogether skips the test, unless PALISHARP_GOLDEN says that it must be there; a topic
    /// that holds models but no case of this test's kind (a layout, an adapter) skips it too.
    /// </summary>
    public static List<string> Require(string topic, IEnumerable<string> cases)
    {
        List<string> models = [.. HuggingFace(topic), .. BigVision(topic)];
        if (GoldenData.Explicit is not null || models.Count > 0)
            GoldenData.RequireCases(topic, models);
        List<string> found = [.. cases];
        Skip.If(found.Count == 0, $"The golden topic '{topic}' holds no case of this test.");
        return found;
    }
}
