using System.Runtime.InteropServices;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Tensors.Cpu.Gradients;

namespace PaliSharp.Training.Autodiff;

/// <summary>
/// What a <see cref="TapeBackend"/> has recorded: nodes for the tensors that a gradient can reach or is computed from, and the operations in
/// order. It holds the tensors that a backward pass reads, and no others.
/// </summary>
/// <remarks>
/// With checkpoints the operations between two blocks form a segment, of which only the inputs are held: the backward pass computes
/// the segment again before it goes through it.
/// </remarks>
internal sealed unsafe class Tape(CpuBackend device, ParameterSet parameters)
{
    private readonly List<Node> _nodes = [];
    private readonly List<TapeOperation> _operations = [];
    private readonly List<Segment> _segments = [];
    private readonly Dictionary<Tensor, (long Lease, int Node)> _byTensor = [];
    private Segment _open = new(0);

    /// <summary>Computes values and gradients.</summary>
    public CpuBackend Device { get; } = device;

    /// <summary>The gradients of single operations.</summary>
    public GradientKernels Kernels => Device.Gradients;

    /// <summary>What is trained.</summary>
    public ParameterSet Parameters { get; } = parameters;

    /// <summary>Whether blocks are computed again instead of held.</summary>
    public bool Checkpoints { get; set; }

    /// <summary>Whether a gradient is to be computed for a tensor.</summary>
    public bool Requires(Tensor tensor) => Find(tensor) is >= 0 and int node && _nodes[node].RequiresGradient;

    /// <summary>Whether a gradient is to be computed for a node.</summary>
    public bool Requires(int node) => _nodes[node].RequiresGradient;

    /// <summary>The node of a tensor; a tensor that is not known becomes a constant.</summary>
    public int NodeOf(Tensor tensor)
    {
        int node = Find(tensor);
        return node >= 0 ? node : Add(tensor, requiresGradient: false, operation: -1);
    }

    /// <summary>Makes a tensor's gradient be computed and kept.</summary>
    public void Watch(Tensor tensor)
    {
        int node = NodeOf(tensor);
        CollectionsMarshal.AsSpan(_nodes)[node].RequiresGradient = true;
        CollectionsMarshal.AsSpan(_nodes)[node].IsWatched = true;
    }

    /// <summary>Takes the gradient of a watched tensor over; null if nothing depends on it.</summary>
    public Tensor? TakeGradient(Tensor tensor)
    {
        int node = Find(tensor);
        if (node < 0)
            return null;
        Tensor? gradient = _nodes[node].Gradient;
        CollectionsMarshal.AsSpan(_nodes)[node].Gradient = null;
        return gradient;
    }

    /// <summary>Records an operation whose output needs a gradient.</summary>
    public void Record(TapeOperation operation, ReadOnlySpan<Tensor> inputs, Tensor output)
    {
        foreach (int saved in operation.Saved)
            Hold(saved, inputs[Array.IndexOf(operation.Inputs, saved)], 1);
        if (Checkpoints)
        {
            for (int i = 0; i < inputs.Length; i++)
            {
                // What comes from outside is held: the segment is computed from it again.
                int node = operation.Inputs[i];
                if (_nodes[node].Operation < _open.Start && _open.Externals.Add(node))
                    Hold(node, inputs[i], 1);
            }
        }

        operation.Output = Add(output, requiresGradient: true, _operations.Count);
        _operations.Add(operation);
    }

    /// <summary>Ends a segment, and begins the next, if there are checkpoints.</summary>
    public void BeginBlock()
    {
        if (!Checkpoints || _operations.Count == _open.Start)
            return;
        _open.End = _operations.Count;
        for (int i = _open.Start; i < _open.End; i++)
        {
            foreach (int saved in _operations[i].Saved)
                Release(saved);
        }

        _segments.Add(_open);
        _open = new Segment(_operations.Count);
    }

    /// <summary>The number of elements of a node.</summary>
    public long CountOf(int node) => _nodes[node].Shape.Count;

    /// <summary>The value of a node that is held.</summary>
    public Tensor Value(int node) => _nodes[node].Value
        ?? throw new InvalidOperationException("The tape does not hold the value of a node that its backward pass reads.");

    /// <summary>Where the gradient of a node goes: a tensor to set, or, if <paramref name="accumulate"/>, to add to.</summary>
    public Tensor Target(int node, out bool accumulate)
    {
        ref Node entry = ref CollectionsMarshal.AsSpan(_nodes)[node];
        accumulate = entry.Gradient is not null;
        if (entry.Gradient is null)
            return entry.Gradient = Device.Rent(entry.Shape);
        if (!entry.Gradient.IsHeldOnce)
        {
            // Shared with another node, which has yet to read it.
            Tensor copy = Device.ConcatenateRows([new RowRun(entry.Gradient)]).Reshape(entry.Shape);
            entry.Gradient.Dispose();
            entry.Gradient = copy;
        }

        return entry.Gradient;
    }

    /// <summary>Adds a gradient to a node's, taking over the caller's hold of it.</summary>
    public void Give(int node, Tensor gradient)
    {
        if (_nodes[node].Gradient is null)
        {
            CollectionsMarshal.AsSpan(_nodes)[node].Gradient = gradient;
            return;
        }

        using (gradient)
        {
            Tensor target = Target(node, out _);
            Kernels.Fold(gradient.Pointer, gradient.Shape.Count, gradient.Shape.Count, 1, target.Pointer);
        }
    }

    /// <summary>Sets the gradient the backward pass starts from, taking over the caller's hold of it.</summary>
    public void Seed(Tensor output, Tensor gradient) => Give(NodeOf(output), gradient);

    /// <summary>Goes back through all that was recorded; afterwards only gradients of watched tensors are held.</summary>
    public void Backward()
    {
        GoBack(_open, _operations.Count);
        for (int i = _segments.Count - 1; i >= 0; i--)
        {
            Recompute(_segments[i]);
            GoBack(_segments[i], _segments[i].End);
        }

        Forget(keepWatched: true);
    }

    /// <summary>Drops what was recorded.</summary>
    public void Forget(bool keepWatched = false)
    {
        for (int i = 0; i < _nodes.Count; i++)
        {
            Node node = _nodes[i];
            node.Value?.Dispose();
            node.Value = null;
            if (!node.IsWatched || !keepWatched)
            {
                node.Gradient?.Dispose();
                node.Gradient = null;
            }

            _nodes[i] = node;
        }

        _operations.Clear();
        _segments.Clear();
        _open = new Segment(0);
        if (keepWatched && _nodes.Exists(node => node.Gradient is not null))
            return;
        _nodes.Clear();
        _byTensor.Clear();
    }

    private int Find(Tensor tensor) => _byTensor.TryGetValue(tensor, out (long Lease, int Node) entry) && entry.Lease == tensor.Lease ? entry.Node : -1;

    private int Add(Tensor tensor, bool requiresGradient, int operation)
    {
        _nodes.Add(new Node { Shape = tensor.Shape, RequiresGradient = requiresGradient, Operation = operation });
        _byTensor[tensor] = (tensor.Lease, _nodes.Count - 1);
        return _nodes.Count - 1;
    }

    private void Hold(int node, Tensor tensor, int times)
    {
        ref Node entry = ref CollectionsMarshal.AsSpan(_nodes)[node];
        entry.Value ??= tensor.Retain();
        entry.Holds += times;
    }

    private void Release(int node)
    {
        ref Node entry = ref CollectionsMarshal.AsSpan(_nodes)[node];
        if (--entry.Holds > 0)
            return;
        entry.Value?.Dispose();
        entry.Value = null;
    }

    private void GoBack(Segment segment, int end)
    {
        for (int i = end - 1; i >= segment.Start; i--)
        {
            TapeOperation operation = _operations[i];
            Tensor? gradient = _nodes[operation.Output].Gradient;
            if (gradient is not null)
            {
                operation.Backward(this, gradient);
                if (!_nodes[operation.Output].IsWatched)
                {
                    gradient.Dispose();
                    CollectionsMarshal.AsSpan(_nodes)[operation.Output].Gradient = null;
                }
            }

            foreach (int saved in operation.Saved)
                Release(saved);
        }

        foreach (int node in segment.Externals)
            Release(node);
    }

    private void Recompute(Segment segment)
    {
        // Each value is held once for every operation that reads it here, and once for every backward step that will.
        var uses = new Dictionary<int, int>();
        for (int i = segment.Start; i < segment.End; i++)
        {
            foreach (int node in _operations[i].Inputs)
                uses[node] = uses.GetValueOrDefault(node) + 1;
            foreach (int node in _operations[i].Saved)
                uses[node] = uses.GetValueOrDefault(node) + 1;
        }

        foreach (int node in segment.Externals)
            CollectionsMarshal.AsSpan(_nodes)[node].Holds += uses.GetValueOrDefault(node);
        for (int i = segment.Start; i < segment.End; i++)
        {
            TapeOperation operation = _operations[i];
            using Tensor output = operation.Forward(this);
            if (uses.TryGetValue(operation.Output, out int count))
                Hold(operation.Output, output, count);
            foreach (int node in operation.Inputs)
                Release(node);
        }
    }

    private struct Node
    {
        public TensorShape Shape;
        public bool RequiresGradient;
        public bool IsWatched;
        public int Operation; // the one that computes it, −1 for a constant
        public Tensor? Value;
        public int Holds;
        public Tensor? Gradient;
    }

    private sealed class Segment(int start)
    {
        public int Start { get; } = start;

        public int End { get; set; }

        public HashSet<int> Externals { get; } = [];
    }
}
