using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Training.Autodiff;
using PaliSharp.Training.Objectives;

namespace PaliSharp.Training;

/// <summary>
/// A PaliGemma to be trained: the model definition of inference on a tape, some of its weights parameters, the others frozen as they are stored.
/// Not safe for concurrent calls.
/// </summary>
public sealed class TrainableModel : IDisposable
{
    private readonly OutputHead _head;

    /// <summary>Assembles a model.</summary>
    /// <param name="config">The geometry.</param>
    /// <param name="device">Computes; not disposed with this.</param>
    /// <param name="weights">Finds frozen weights, and those that parameters stand for, by canonical name.</param>
    /// <param name="parameters">What is trained: under a canonical name, or the parts of <paramref name="updates"/>.</param>
    /// <param name="updates">Low-rank updates by canonical module path, or none.</param>
    /// <param name="options">Choices where the references differ.</param>
    /// <exception cref="CheckpointException">A weight is missing.</exception>
    public TrainableModel(
        PaliGemmaConfig config,
        CpuBackend device,
        Func<string, Weight?> weights,
        ParameterSet parameters,
        IReadOnlyDictionary<string, LowRankUpdate>? updates = null,
        PaliGemmaModelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(parameters);
        Config = config;
        Tape = new TapeBackend(device, parameters);
        Weight? Find(string name) => parameters.TryGet(name, out Parameter? parameter) ? parameter.Weight : weights(name);
        Model = new PaliGemmaModel(config, Tape, Find, updates, null, options);
        Weight table = Find(TensorNames.Embedding) ?? throw new CheckpointException($"The checkpoint has no tensor '{TensorNames.Embedding}'.");
        _head = new OutputHead(Tape, table, config.Text);
    }

    /// <summary>The geometry.</summary>
    public PaliGemmaConfig Config { get; }

    /// <summary>What is trained.</summary>
    public ParameterSet Parameters => Tape.Parameters;

    /// <summary>Records the forward pass.</summary>
    public TapeBackend Tape { get; }

    /// <summary>The model.</summary>
    public PaliGemmaModel Model { get; }

    /// <summary>Computes the loss of a batch, or of a part of one, and adds its gradients to those of the parameters.</summary>
    /// <param name="pixels">[pictures, channels, size, size] in [−1, 1]; null if the sequences have no pictures. Left to the caller to dispose.</param>
    /// <param name="sequences">The sequences; at least one.</param>
    /// <param name="totals">What to divide by: the counts of the whole batch.</param>
    /// <param name="options">How the loss is computed.</param>
    public LossResult ForwardBackward(Tensor? pixels, IReadOnlyList<TrainingSequence> sequences, LossTotals totals, LossOptions options)
    {
        Tape.IsRecording = true;
        try
        {
            LossResult result = Forward(pixels, sequences, totals, options);
            Tape.Backward();
            return result;
        }
        finally
        {
            Tape.IsRecording = false;
        }
    }

    /// <summary>Computes the loss of a batch without gradients.</summary>
    /// <inheritdoc cref="ForwardBackward" path="/param"/>
    public LossResult Evaluate(Tensor? pixels, IReadOnlyList<TrainingSequence> sequences, LossTotals totals, LossOptions options)
    {
        Tape.IsRecording = false;
        return Forward(pixels, sequences, totals, options);
    }

    /// <summary>Forgets what was recorded. Device and weights are left alone.</summary>
    public void Dispose() => Tape.Dispose();

    private LossResult Forward(Tensor? pixels, IReadOnlyList<TrainingSequence> sequences, LossTotals totals, LossOptions options)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        ArgumentNullException.ThrowIfNull(options);
        Targets targets = Targets.Of(sequences, totals, options.Reduction, Config.ImageTokens);
        if (targets.Ids.Length == 0)
            return new LossResult(0, 0, new double[sequences.Count]);
        using Tensor? images = pixels is null ? null : Model.EncodeImages(pixels);
        using Tensor hidden = Model.Forward([.. sequences.Select(sequence => Input(sequence, images))]);
        using Tensor selected = Model.SelectRows(hidden, targets.Rows);
        double[] losses = new double[targets.Ids.Length];
        _head.Compute(selected, targets.Ids, targets.Weights, options, losses);
        return targets.Summarise(losses, sequences.Count);
    }

    // EOS is learnt but never read: nothing comes after it.
    private SequenceInput Input(TrainingSequence sequence, Tensor? images)
    {
        if (sequence.Pictures.Count > 0 && images is null)
            throw new ArgumentException("A sequence has pictures, but no pixels were given.", nameof(sequence));
        int tokens = Config.ImageTokens;
        RowRun[] runs = [.. sequence.Pictures.Select(picture => new RowRun(images!, picture * tokens, tokens))];
        int[] ids = [.. sequence.Ids.Take(sequence.Ids.Count - 1)];
        return new SequenceInput(ids, (runs.Length * tokens) + sequence.PrefixLength, runs);
    }

    /// <summary>What is learnt in a stack of sequences: the rows that predict, the right tokens, and what each counts.</summary>
    private sealed record Targets(int[] Rows, int[] Ids, float[] Weights, int[] Sequences)
    {
        public static Targets Of(IReadOnlyList<TrainingSequence> sequences, LossTotals totals, LossReduction reduction, int imageTokens)
        {
            var (rows, ids, weights, owners) = (new List<int>(), new List<int>(), new List<float>(), new List<int>());
            int start = 0;
            for (int i = 0; i < sequences.Count; i++)
            {
                TrainingSequence sequence = sequences[i];
                int text = start + (sequence.Pictures.Count * imageTokens);
                double weight = reduction == LossReduction.TokenMean
                    ? 1.0 / Math.Max(1, totals.Tokens)
                    : 1.0 / Math.Max(1, sequence.TargetCount) / Math.Max(1, totals.Examples);
                for (int position = sequence.PrefixLength; position < sequence.Ids.Count; position++)
                {
                    if (sequence.Learnt is { } learnt && !learnt[position - sequence.PrefixLength])
                        continue;
                    rows.Add(text + position - 1);
                    ids.Add(sequence.Ids[position]);
                    weights.Add((float)weight);
                    owners.Add(i);
                }

                start = text + sequence.Ids.Count - 1;
            }

            return new Targets([.. rows], [.. ids], [.. weights], [.. owners]);
        }

        public LossResult Summarise(double[] losses, int sequences)
        {
            double total = 0;
            double[] sums = new double[sequences];
            int[] counts = new int[sequences];
            for (int i = 0; i < losses.Length; i++)
            {
                total += Weights[i] * losses[i];
                sums[Sequences[i]] += losses[i];
                counts[Sequences[i]]++;
            }

            for (int i = 0; i < sequences; i++)
                sums[i] /= Math.Max(1, counts[i]);
            return new LossResult(total, losses.Length, sums);
        }
    }
}
