using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;

namespace PaliSharp.Tests.Models;

/// <summary>A checkpoint loaded on its own backend, with the batches of the reference data as it takes them.</summary>
internal sealed class ModelUnderTest : IDisposable
{
    private readonly Checkpoint _checkpoint;

    public ModelUnderTest(
        string path,
        CheckpointOptions? checkpointOptions = null,
        PaliGemmaModelOptions? modelOptions = null,
        CpuOptions? cpu = null,
        string? adapter = null,
        bool mergeAdapter = false,
        Func<PaliGemmaConfig, PaliGemmaConfig>? configure = null)
    {
        _checkpoint = Checkpoint.Load(path, checkpointOptions);
        Config = configure?.Invoke(_checkpoint.Config) ?? _checkpoint.Config;
        Backend = new CpuBackend(cpu);
        LoraAdapter? lora = adapter is null ? null : LoraAdapter.Load(adapter, _checkpoint.Weights);
        WeightSet weights = mergeAdapter ? lora!.Merge(_checkpoint.Weights) : _checkpoint.Weights;
        Model = new PaliGemmaModel(
            Config,
            Backend,
            name => weights.TryGet(name, out Weight? weight) ? weight : null,
            mergeAdapter ? null : lora?.Updates,
            mergeAdapter ? null : lora?.Replacements,
            modelOptions);
    }

    /// <summary>Where the checkpoint came from.</summary>
    public string Path => _checkpoint.Path;

    public CpuBackend Backend { get; }

    public PaliGemmaModel Model { get; }

    public PaliGemmaConfig Config { get; }

    public int Vocabulary => Config.Text.VocabularySize;

    public Tensor Tensor(TensorShape shape, ReadOnlySpan<float> values)
    {
        Tensor tensor = Backend.Rent(shape);
        values.CopyTo(tensor.Span);
        return tensor;
    }

    /// <summary>Projected rows of pictures given as [pictures, 3, size, size].</summary>
    public Tensor Encode(ReadOnlySpan<float> pixels, IForwardProbe? probe = null)
    {
        int size = Config.Vision.ImageSize;
        using Tensor input = Tensor(new TensorShape(pixels.Length / (3 * size * size), 3, size, size), pixels);
        return Model.EncodeImages(input, probe);
    }

    /// <summary>The run of one picture's rows, or of several that follow one another.</summary>
    public RowRun[] Images(Tensor rows, int first, int count) =>
        count == 0 ? [] : [new RowRun(rows, first * Config.ImageTokens, count * Config.ImageTokens)];

    /// <summary>All logits of the sequences' new positions, [positions, vocabulary].</summary>
    public float[] Logits(ReadOnlySpan<SequenceInput> sequences, IForwardProbe? probe = null, bool softCap = true)
    {
        using Tensor hidden = Model.Forward(sequences, probe);
        using Tensor logits = Model.Logits(hidden, softCap);
        return logits.Span.ToArray();
    }

    public void Dispose()
    {
        Backend.Dispose();
        _checkpoint.Dispose();
    }
}

/// <summary>A padded batch of the reference data: which columns are valid and which belong to the suffix.</summary>
internal sealed record PaddedBatch(int[][] Ids, int[][] Valid, int[][] IsSuffix)
{
    public int Rows => Ids.Length;

    public int Columns => Ids[0].Length;

    /// <summary>The sequences without their padding; pictures are handed out in order, as many as a row has image tokens for.</summary>
    public SequenceInput[] Sequences(ModelUnderTest model, Tensor? imageRows)
    {
        var sequences = new SequenceInput[Rows];
        int nextPicture = 0;
        for (int row = 0; row < Rows; row++)
        {
            int[] valid = ValidColumns(row);
            int imageTokens = valid.Count(column => Ids[row][column] == model.Config.ImageTokenId);
            int pictures = imageTokens / model.Config.ImageTokens;
            int[] text = [.. valid.Select(column => Ids[row][column]).Where(id => id != model.Config.ImageTokenId)];
            int prefix = valid.Count(column => IsSuffix[row][column] == 0);
            sequences[row] = new SequenceInput(text, prefix, pictures == 0 ? default : model.Images(imageRows!, nextPicture, pictures));
            nextPicture += pictures;
        }

        return sequences;
    }

    public int[] ValidColumns(int row) => [.. Enumerable.Range(0, Columns).Where(column => Valid[row][column] != 0)];

    /// <summary>The rows of a padded [rows, columns, width] array that are valid, one after another.</summary>
    public float[] ValidRows(ReadOnlySpan<float> padded, int width)
    {
        var result = new List<float>();
        for (int row = 0; row < Rows; row++)
        {
            foreach (int column in ValidColumns(row))
                result.AddRange(padded.Slice(((row * Columns) + column) * width, width));
        }

        return [.. result];
    }
}

/// <summary>Keeps a copy of every stage.</summary>
internal sealed class RecordingProbe : IForwardProbe
{
    public Dictionary<string, float[]> Stages { get; } = [];

    public void Record(string name, Tensor value) => Stages.Add(name, value.Span.ToArray());
}
