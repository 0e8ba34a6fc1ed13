using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.TestSupport;
using PaliSharp.Training.Autodiff;

namespace PaliSharp.Training.Tests;

/// <summary>A model of the training reference data, some or all of its weights trained.</summary>
internal sealed class GoldenModel : IDisposable
{
    public GoldenModel(string folder, Func<string, bool>? isTrained = null, PaliGemmaModelOptions? options = null, int threads = 2)
    {
        Checkpoint = Checkpoint.Load(folder);
        Device = new CpuBackend(new CpuOptions { Threads = threads });
        Parameters = new ParameterSet(Checkpoint.Weights.Where(weight => isTrained is null || isTrained(weight.Name)).Select(Parameter.CopyOf));
        Model = new TrainableModel(
            Checkpoint.Config, Device, name => Checkpoint.Weights.TryGet(name, out Weight? weight) ? weight : null, Parameters, null, options);
    }

    /// <summary>The folders of models: those with losses.</summary>
    public static List<string> Folders
    {
        get
        {
            List<string> folders = [.. GoldenData.Topic("training").SelectMany(Directory.EnumerateDirectories)
                .Where(folder => File.Exists(Path.Combine(folder, "losses.json")))];
            GoldenData.RequireCases("training", folders);
            return folders;
        }
    }

    public Checkpoint Checkpoint { get; }

    public CpuBackend Device { get; }

    public ParameterSet Parameters { get; }

    public TrainableModel Model { get; }

    /// <summary>Reads a padded batch as sequences without padding.</summary>
    public (Tensor Pixels, List<TrainingSequence> Sequences) Batch(IReadOnlyDictionary<string, GoldenTensor> file, string prefix = "") =>
        ReadBatch(Device, Checkpoint.Config, file, prefix);

    /// <summary>Reads a padded batch as sequences without padding.</summary>
    public static (Tensor Pixels, List<TrainingSequence> Sequences) ReadBatch(
        TensorBackend device, PaliGemmaConfig config, IReadOnlyDictionary<string, GoldenTensor> file, string prefix)
    {
        GoldenTensor ids = file[$"{prefix}input_ids"];
        (int examples, int length) = (ids.Shape[0], ids.Shape[1]);
        int[] tokens = ids.Ints();
        int[] mask = file[$"{prefix}attention_mask"].Ints();
        int[] types = file[$"{prefix}token_type_ids"].Ints();
        var sequences = new List<TrainingSequence>();
        for (int example = 0; example < examples; example++)
        {
            int[] kept = [.. Enumerable.Range(example * length, length).Where(i => mask[i] == 1).Skip(config.ImageTokens)];
            sequences.Add(new TrainingSequence([.. kept.Select(i => tokens[i])], kept.Count(i => types[i] == 0), [example]));
        }

        GoldenTensor pixels = file[$"{prefix}pixel_values"];
        return (device.ToTensor(TensorShape.From(pixels.Shape), pixels.Floats()), sequences);
    }

    public void Dispose()
    {
        Model.Dispose();
        Device.Dispose();
        Checkpoint.Dispose();
    }
}
