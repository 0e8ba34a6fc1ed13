using PaliSharp.Tensors.Cpu.Gradients;
using PaliSharp.Tensors.Cpu.Kernels;
using PaliSharp.Tensors.Cpu.MatMul;

namespace PaliSharp.Tensors.Cpu;

/// <summary>
/// The operations on the processor, in float32, compiled for the vector instructions it has and shared out over a team of threads.
/// Safe to use from several threads; their operations take turns.
/// </summary>
public sealed unsafe class CpuBackend : TensorBackend
{
    private readonly KernelSet _kernels;
    private readonly RotaryTables _rotaryTables = new();

    /// <summary>Chooses the instruction path and starts the threads.</summary>
    /// <param name="options">Threads and path; what is left at its default comes from <see cref="CpuOptions.FromEnvironment"/>.</param>
    /// <exception cref="PlatformNotSupportedException">The options ask for instructions the processor, or the runtime, does not offer.</exception>
    /// <exception cref="ArgumentException">An environment variable that would be used holds an unknown value.</exception>
    public CpuBackend(CpuOptions? options = null)
    {
        options = CpuOptions.FromEnvironment(options);
        Path = InstructionPaths.Choose(options.InstructionPath);
        Team = new ThreadTeam(options.Threads);
        Pool = new TensorPool();
        _kernels = InstructionPaths.CreateKernels(Path, Team, Pool);
        Gradients = InstructionPaths.CreateGradients(Path, Team, Pool);
    }

    /// <summary>The instructions in use; never <see cref="InstructionPath.Auto"/>.</summary>
    public InstructionPath Path { get; }

    /// <summary>The threads that share the work of each operation.</summary>
    public ThreadTeam Team { get; }

    /// <inheritdoc/>
    public override TensorPool Pool { get; }

    /// <inheritdoc/>
    public override int Concurrency => Team.Size;

    /// <summary>The gradients of the operations, for a tape.</summary>
    internal GradientKernels Gradients { get; }

    /// <summary>The rotary table of a head size and base, filled for positions.</summary>
    internal RotaryTable RotaryTable(int headSize, float thetaBase, ReadOnlySpan<int> positions)
    {
        RotaryTable table = _rotaryTables.Get(headSize, thetaBase);
        foreach (int position in positions)
            table.Prepare(position);
        return table;
    }

    /// <inheritdoc/>
    public override void RunParts(int parts, Action<int> part)
    {
        ArgumentNullException.ThrowIfNull(part);
        var job = new PartsJob(part);
        Team.Run(ref job, parts);
    }

    /// <inheritdoc/>
    public override Tensor Linear(Tensor x, Weight weight, Weight? bias = null)
    {
        OperationChecks.Linear(x, weight, bias);
        Tensor y = Pool.Rent(new TensorShape(x.Rows, weight.Shape[0]));
        _kernels.Linear(x.Pointer, x.Rows, weight, bias is null ? null : (float*)bias.Data, y.Pointer);
        GC.KeepAlive(weight);
        GC.KeepAlive(bias);
        return y;
    }

    /// <inheritdoc/>
    public override void LinearTogether(Tensor x, ReadOnlySpan<Weight> weights, ReadOnlySpan<Weight?> biases, Span<Tensor> results)
    {
        bool joins = weights.Length is > 1 and <= JoinedJobs.Most && weights.Length == biases.Length && weights.Length == results.Length;
        foreach (Weight weight in weights)
            joins &= weight?.Type == weights[0]?.Type && weight?.Shape.Count > 0;
        if (!joins)
        {
            base.LinearTogether(x, weights, biases, results);
            return;
        }

        for (int i = 0; i < weights.Length; i++)
            OperationChecks.Linear(x, weights[i], biases[i], "LinearTogether");
        Span<ProductOperands> products = stackalloc ProductOperands[weights.Length];
        for (int i = 0; i < weights.Length; i++)
        {
            int outputs = weights[i].Shape[0];
            results[i] = Pool.Rent(new TensorShape(x.Rows, outputs));
            float* bias = biases[i] is { } given ? (float*)given.Data : null;
            products[i] = new ProductOperands(x.Pointer, x.Rows, weights[i].Data, outputs, x.Columns, bias, results[i].Pointer, outputs);
        }

        _kernels.Linear(weights[0].Type, products);
        for (int i = 0; i < weights.Length; i++)
        {
            GC.KeepAlive(weights[i]);
            GC.KeepAlive(biases[i]);
        }
    }

    /// <inheritdoc/>
    public override Tensor LinearRows(Tensor x, Weight weight, ReadOnlySpan<int> rows)
    {
        OperationChecks.LinearRows(x, weight, rows);
        Tensor y = Pool.Rent(new TensorShape(x.Rows, rows.Length));
        _kernels.LinearRows(x.Pointer, x.Rows, weight, rows, y.Pointer);
        GC.KeepAlive(weight);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Add(Tensor a, Tensor b, float scale = 1)
    {
        OperationChecks.Add(a, b);
        Tensor y = Pool.Rent(a.Shape);
        if (a.Shape.Count > 0)
            _kernels.Add(a.Pointer, b.Pointer, b.Shape.Count, scale, y.Pointer, a.Shape.Count);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Add(Tensor a, Weight weight)
    {
        OperationChecks.Add(a, weight);
        Tensor y = Pool.Rent(a.Shape);
        if (a.Shape.Count > 0)
            _kernels.Add(a.Pointer, (float*)weight.Data, weight.Shape.Count, 1, y.Pointer, a.Shape.Count);
        GC.KeepAlive(weight);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Multiply(Tensor x, Weight weight)
    {
        OperationChecks.RowWeight("Multiply", x, weight);
        Tensor y = Pool.Rent(x.Shape);
        if (x.Shape.Count > 0)
            _kernels.Multiply(x.Pointer, (float*)weight.Data, x.Columns, y.Pointer, x.Shape.Count);
        GC.KeepAlive(weight);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor LayerNorm(Tensor x, Weight scale, Weight bias, float epsilon)
    {
        OperationChecks.RowWeight("LayerNorm", x, scale);
        OperationChecks.RowWeight("LayerNorm", x, bias);
        Tensor y = Pool.Rent(x.Shape);
        _kernels.LayerNorm(x.Pointer, (float*)scale.Data, (float*)bias.Data, epsilon, y.Pointer, x.Rows, x.Columns);
        GC.KeepAlive(scale);
        GC.KeepAlive(bias);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor RmsNorm(Tensor x, Weight weight, float epsilon)
    {
        OperationChecks.RowWeight("RmsNorm", x, weight);
        Tensor y = Pool.Rent(x.Shape);
        _kernels.RmsNorm(x.Pointer, (float*)weight.Data, epsilon, y.Pointer, x.Rows, x.Columns);
        GC.KeepAlive(weight);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor GeluTanh(Tensor x)
    {
        OperationChecks.Live(x);
        Tensor y = Pool.Rent(x.Shape);
        _kernels.GeluTanh(x.Pointer, y.Pointer, x.Shape.Count);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor GatedGeluTanh(Tensor gate, Tensor up)
    {
        OperationChecks.SameShape("GatedGeluTanh", gate, up);
        Tensor y = Pool.Rent(gate.Shape);
        if (gate.Shape.Count > 0)
            _kernels.GatedGeluTanh(gate.Pointer, up.Pointer, y.Pointer, gate.Shape.Count);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor SoftCap(Tensor x, float cap)
    {
        OperationChecks.SoftCap(x, cap);
        Tensor y = Pool.Rent(x.Shape);
        _kernels.SoftCap(x.Pointer, cap, y.Pointer, x.Shape.Count);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor RotaryEmbedding(Tensor x, ReadOnlySpan<int> positions, int headSize, float thetaBase)
    {
        OperationChecks.Rotary(x, positions, headSize, thetaBase);
        RotaryTable table = RotaryTable(headSize, thetaBase, positions);
        Tensor y = Pool.Rent(x.Shape);
        fixed (int* positionPointer = positions)
            _kernels.Rotary(x.Pointer, positionPointer, table, x.Rows, x.Columns / headSize, y.Pointer);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Attention(Tensor queries, ReadOnlySpan<AttentionSegment> segments, in AttentionOptions options)
    {
        OperationChecks.Attention(queries, segments, options);
        Tensor y = Pool.Rent(new TensorShape(queries.Rows, queries.Columns));
        _kernels.Attention(queries.Pointer, segments, options, y.Pointer);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Embedding(ReadOnlySpan<int> ids, Weight table, float scale)
    {
        OperationChecks.Embedding(ids, table);
        Tensor y = Pool.Rent(new TensorShape(ids.Length, table.Shape[1]));
        fixed (int* idPointer = ids)
            _kernels.Embedding(idPointer, ids.Length, table, scale, y.Pointer);
        GC.KeepAlive(table);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Patches(Tensor pixels, int patch)
    {
        OperationChecks.Patches(pixels, patch);
        TensorShape shape = pixels.Shape;
        int cells = checked(shape[0] * (shape[2] / patch) * (shape[3] / patch));
        Tensor y = Pool.Rent(new TensorShape(cells, checked(shape[1] * patch * patch)));
        _kernels.Patches(pixels.Pointer, shape[0], shape[1], shape[2], shape[3], patch, y.Pointer);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor ConcatenateRows(ReadOnlySpan<RowRun> runs)
    {
        OperationChecks.ConcatenateRows(runs);
        int rows = 0;
        foreach (ref readonly RowRun run in runs)
            rows = checked(rows + run.Count);
        int columns = runs[0].Source.Columns;
        Tensor y = Pool.Rent(new TensorShape(rows, columns));
        float* destination = y.Pointer;
        foreach (ref readonly RowRun run in runs)
        {
            // Copies of rows are short beside what produced them, and one thread reaches most of the memory's bandwidth.
            long count = (long)run.Count * columns;
            Buffer.MemoryCopy(run.Source.Pointer + ((long)run.Start * columns), destination, count * sizeof(float), count * sizeof(float));
            destination += count;
        }

        return y;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        Team.Dispose();
        _rotaryTables.Dispose();
        Pool.Dispose();
    }

    private readonly struct PartsJob(Action<int> part) : IParallelJob
    {
        public void Execute(int number) => part(number);
    }
}
