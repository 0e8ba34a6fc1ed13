using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Training.Autodiff.Operations;

namespace PaliSharp.Training.Autodiff;

/// <summary>
/// A backend that lets another compute and records what is needed to go back: reverse-mode differentiation of any code written on
/// <see cref="TensorBackend"/>. What no trained parameter has a part in is not recorded and costs nothing.
/// </summary>
/// <remarks>
/// One backward pass belongs to one forward pass. Gradients of parameters add up until they are cleared. Not safe for concurrent calls.
/// The device is not disposed with this.
/// </remarks>
public sealed unsafe class TapeBackend : TensorBackend
{
    private readonly Tape _tape;
    private ulong _dropoutCounter;

    /// <summary>Creates an empty tape.</summary>
    /// <param name="device">Computes.</param>
    /// <param name="parameters">The weights that are trained; all others are constants.</param>
    public TapeBackend(CpuBackend device, ParameterSet parameters)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(parameters);
        _tape = new Tape(device, parameters);
    }

    /// <inheritdoc/>
    public override TensorPool Pool => Device.Pool;

    /// <summary>What computes.</summary>
    public CpuBackend Device => _tape.Device;

    /// <summary>The weights that are trained.</summary>
    public ParameterSet Parameters => _tape.Parameters;

    /// <summary>False to compute without recording, as in evaluation.</summary>
    public bool IsRecording { get; set; } = true;

    /// <summary>
    /// Whether only the inputs of blocks are held and each block is computed again on the way back: about a third more time, and the memory of
    /// one block instead of all.
    /// </summary>
    public bool UsesCheckpoints
    {
        get => _tape.Checkpoints;
        set => _tape.Checkpoints = value;
    }

    /// <summary>The part of the decoder's branches that is dropped in training, 0 to below 1.</summary>
    public float DropoutRate { get; set; }

    /// <summary>Where the random numbers of dropout start; the trainer sets it anew in each step, so that a resumed run drops the same.</summary>
    public ulong DropoutSeed { get; set; }

    /// <inheritdoc/>
    public override bool DropsOut => IsRecording && DropoutRate > 0;

    /// <summary>Makes the gradient of an input be computed too.</summary>
    /// <param name="tensor">The input.</param>
    public void Watch(Tensor tensor) => _tape.Watch(tensor);

    /// <summary>The gradient of a watched input after <see cref="Backward"/>, to be disposed; null if the loss does not depend on it.</summary>
    /// <param name="tensor">The input.</param>
    public Tensor? TakeGradient(Tensor tensor) => _tape.TakeGradient(tensor);

    /// <summary>Whether a gradient is to be computed for a tensor.</summary>
    /// <param name="tensor">The tensor.</param>
    public bool RequiresGradient(Tensor tensor) => _tape.Requires(tensor);

    /// <summary>Says what the gradient of a result is: where the backward pass begins.</summary>
    /// <param name="output">The result.</param>
    /// <param name="gradient">Its gradient, of the same shape; taken over.</param>
    public void Seed(Tensor output, Tensor gradient) => _tape.Seed(output, gradient);

    /// <summary>Goes back from the seeds to all parameters, adding to their gradients, and forgets what was recorded.</summary>
    public void Backward() => _tape.Backward();

    /// <summary>Forgets what was recorded.</summary>
    public void Forget() => _tape.Forget();

    /// <inheritdoc/>
    public override void BeginBlock(Tensor residual) => _tape.BeginBlock();

    /// <inheritdoc/>
    public override Tensor Dropout(Tensor x) => Drop(x, DropoutRate);

    /// <inheritdoc/>
    public override Tensor Linear(Tensor x, Weight weight, Weight? bias = null)
    {
        if (IsRecording && Parameters.Of(weight) is { InputDropout: > 0 } parameter)
        {
            using Tensor dropped = Drop(x, parameter.InputDropout);
            return LinearOf(dropped, weight, bias);
        }

        return LinearOf(x, weight, bias);
    }

    /// <inheritdoc/>
    public override Tensor LinearRows(Tensor x, Weight weight, ReadOnlySpan<int> rows)
    {
        Tensor y = Device.LinearRows(x, weight, rows);
        if (Needs(x) || Needs(weight))
            _tape.Record(new LinearRowsOperation(_tape.NodeOf(x), weight, rows.ToArray(), Parameters.Of(weight)), [x], y);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Add(Tensor a, Tensor b, float scale = 1)
    {
        Tensor y = Device.Add(a, b, scale);
        if (Needs(a) || Needs(b))
            _tape.Record(new AddOperation(_tape.NodeOf(a), _tape.NodeOf(b), scale), [a, b], y);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Add(Tensor a, Weight weight)
    {
        Tensor y = Device.Add(a, weight);
        if (Needs(a) || Needs(weight))
            _tape.Record(new AddWeightOperation(_tape.NodeOf(a), weight, Parameters.Of(weight)), [a], y);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Multiply(Tensor x, Weight weight)
    {
        Tensor y = Device.Multiply(x, weight);
        if (Needs(x) || Needs(weight))
            _tape.Record(new MultiplyOperation(_tape.NodeOf(x), weight, Parameters.Of(weight)), [x], y);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor LayerNorm(Tensor x, Weight scale, Weight bias, float epsilon)
    {
        Tensor y = Device.LayerNorm(x, scale, bias, epsilon);
        if (Needs(x) || Needs(scale) || Needs(bias))
            _tape.Record(new NormOperation(_tape.NodeOf(x), scale, bias, epsilon, Parameters.Of(scale), Parameters.Of(bias)), [x], y);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor RmsNorm(Tensor x, Weight weight, float epsilon)
    {
        Tensor y = Device.RmsNorm(x, weight, epsilon);
        if (Needs(x) || Needs(weight))
            _tape.Record(new NormOperation(_tape.NodeOf(x), weight, null, epsilon, Parameters.Of(weight), null), [x], y);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor GeluTanh(Tensor x)
    {
        Tensor y = Device.GeluTanh(x);
        if (Needs(x))
            _tape.Record(new GeluTanhOperation(_tape.NodeOf(x)), [x], y);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor GatedGeluTanh(Tensor gate, Tensor up)
    {
        Tensor y = Device.GatedGeluTanh(gate, up);
        if (Needs(gate) || Needs(up))
            _tape.Record(new GatedGeluTanhOperation(_tape.NodeOf(gate), _tape.NodeOf(up)), [gate, up], y);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor SoftCap(Tensor x, float cap)
    {
        Tensor y = Device.SoftCap(x, cap);
        if (Needs(x))
            _tape.Record(new SoftCapOperation(_tape.NodeOf(x), cap), [x], y);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor RotaryEmbedding(Tensor x, ReadOnlySpan<int> positions, int headSize, float thetaBase)
    {
        Tensor y = Device.RotaryEmbedding(x, positions, headSize, thetaBase);
        if (Needs(x))
            _tape.Record(new RotaryOperation(_tape.NodeOf(x), positions.ToArray(), headSize, thetaBase), [x], y);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Attention(Tensor queries, ReadOnlySpan<AttentionSegment> segments, in AttentionOptions options)
    {
        Tensor y = Device.Attention(queries, segments, options);
        if (segments.IsEmpty)
            return y;
        (Tensor keys, Tensor values) = (segments[0].Keys, segments[0].Values);
        if (!Needs(queries) && !Needs(keys) && !Needs(values))
            return y;
        foreach (ref readonly AttentionSegment segment in segments)
        {
            if (segment.Keys != keys || segment.Values != values)
                throw new InvalidOperationException("Gradients of attention need the keys and values of all sequences in one tensor: train without caches.");
        }

        _tape.Record(
            new AttentionOperation(_tape.NodeOf(queries), _tape.NodeOf(keys), _tape.NodeOf(values), segments, options), [queries, keys, values], y);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Embedding(ReadOnlySpan<int> ids, Weight table, float scale)
    {
        Tensor y = Device.Embedding(ids, table, scale);
        if (IsRecording && Parameters.Of(table) is { } parameter)
            _tape.Record(new EmbeddingOperation(ids.ToArray(), table, parameter, scale), [], y);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Patches(Tensor pixels, int patch)
    {
        Tensor y = Device.Patches(pixels, patch);
        if (Needs(pixels))
            _tape.Record(new PatchesOperation(_tape.NodeOf(pixels), pixels.Shape, patch), [pixels], y);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor ConcatenateRows(ReadOnlySpan<RowRun> runs)
    {
        Tensor y = Device.ConcatenateRows(runs);
        bool needed = false;
        foreach (ref readonly RowRun run in runs)
            needed |= Needs(run.Source);
        if (!needed)
            return y;
        var sources = new Tensor[runs.Length];
        var nodes = new int[runs.Length];
        var parts = new (int Start, int Count)[runs.Length];
        for (int i = 0; i < runs.Length; i++)
        {
            sources[i] = runs[i].Source;
            nodes[i] = _tape.NodeOf(runs[i].Source);
            parts[i] = (runs[i].Start, runs[i].Count);
        }

        _tape.Record(new ConcatenateOperation(nodes, parts), sources, y);
        return y;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _tape.Forget();
    }

    private Tensor LinearOf(Tensor x, Weight weight, Weight? bias)
    {
        Tensor y = Device.Linear(x, weight, bias);
        if (Needs(x) || Needs(weight) || Needs(bias))
            _tape.Record(new LinearOperation(_tape.NodeOf(x), weight, bias, Parameters.Of(weight), Parameters.Of(bias)), [x], y);
        return y;
    }

    private Tensor Drop(Tensor x, float rate)
    {
        ulong seed = Dropping.Mix(DropoutSeed + _dropoutCounter++);
        Tensor y = Dropping.Apply(Device, x, rate, seed);
        if (Needs(x))
            _tape.Record(new DropoutOperation(_tape.NodeOf(x), rate, seed), [x], y);
        return y;
    }

    private bool Needs(Tensor x) => IsRecording && _tape.Requires(x);

    private bool Needs(Weight? weight) => IsRecording && Parameters.Of(weight) is not null;

    /// <summary>Starts the random numbers of dropout for a step.</summary>
    /// <param name="seed">Determines them.</param>
    internal void RestartDropout(ulong seed)
    {
        DropoutSeed = seed;
        _dropoutCounter = 0;
    }
}
