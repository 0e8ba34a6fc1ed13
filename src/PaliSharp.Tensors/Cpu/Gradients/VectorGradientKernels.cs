using PaliSharp.Tensors.Cpu.Kernels;
using PaliSharp.Tensors.Cpu.MatMul;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Gradients;

/// <summary>The gradients compiled for one vector type.</summary>
/// <param name="team">Who does the work.</param>
/// <param name="pool">Lends scratch memory.</param>
internal sealed unsafe class VectorGradientKernels<TSimd, TVector>(ThreadTeam team, TensorPool pool) : GradientKernels
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public override void LinearInput(float* dy, int rows, Weight weight, float* dx, bool accumulate)
    {
        var operands = new BackwardOperands(
            (nint)dy, weight.Shape.Rows, false, (nint)weight.Data, (nint)dx, rows, weight.Shape.Columns, weight.Shape.Rows, accumulate);
        switch (weight.Type)
        {
            case WeightType.Float32:
                BackwardProduct<TSimd, TVector, Float32Element<TSimd, TVector>>.Multiply(team, pool, operands);
                break;
            case WeightType.BFloat16:
                BackwardProduct<TSimd, TVector, BFloat16Element<TSimd, TVector>>.Multiply(team, pool, operands);
                break;
            case WeightType.Float16:
                BackwardProduct<TSimd, TVector, Float16Element<TSimd, TVector>>.Multiply(team, pool, operands);
                break;
            case WeightType.Int8:
            case WeightType.Int4:
                LinearInputQuantized(dy, rows, weight, dx, accumulate);
                break;
            default:
                throw new ArgumentException($"'{weight.Name}' is stored as {weight.Type}, which has no matrix product.", nameof(weight));
        }

        GC.KeepAlive(weight);
    }

    public override void LinearWeight(float* dy, float* x, int rows, int outputs, int inputs, float* dw) =>
        BackwardProduct<TSimd, TVector, Float32Element<TSimd, TVector>>.Multiply(
            team, pool, new BackwardOperands((nint)dy, outputs, true, (nint)x, (nint)dw, outputs, inputs, rows, true));

    public override void Fold(float* source, long count, long period, float scale, float* target)
    {
        var job = new FoldJob<TSimd, TVector> { A = source, B = null, Target = target, Count = count, Period = period, Scale = scale };
        RunFold(ref job);
    }

    public override void FoldProduct(float* a, float* b, long count, long period, float* target)
    {
        var job = new FoldJob<TSimd, TVector> { A = a, B = b, Target = target, Count = count, Period = period, Scale = 1 };
        RunFold(ref job);
    }

    public override void Multiply(float* a, float* weight, long period, float* target, long count, bool accumulate)
    {
        var job = new MultiplyGradientJob<TSimd, TVector>
        {
            A = a,
            Weight = weight,
            Period = (int)period,
            Target = target,
            Rows = count / period,
            Accumulate = accumulate,
            Parts = Partition.Parts(team, count, Partition.StreamingGrain, count / period),
        };
        team.Run(ref job, job.Parts);
    }

    public override void LayerNorm(
        float* dy, float* x, float* scale, float epsilon, float* dx, bool accumulate, float* dscale, float* dbias, int rows, int columns) =>
        RunNorm(dy, x, scale, epsilon, dx, accumulate, dscale, dbias, rows, columns, isLayerNorm: true);

    public override void RmsNorm(float* dy, float* x, float* weight, float epsilon, float* dx, bool accumulate, float* dweight, int rows, int columns) =>
        RunNorm(dy, x, weight, epsilon, dx, accumulate, dweight, null, rows, columns, isLayerNorm: false);

    public override void GeluTanh(float* dy, float* x, float* dx, long count, bool accumulate) =>
        RunElements(new ElementGradientJob<TSimd, TVector, GeluTanhGradient<TSimd, TVector>> { Dy = dy, X = x, Dx = dx, Accumulate = accumulate }, count);

    public override void GatedGeluTanh(float* dy, float* gate, float* up, float* dgate, float* dup, long count)
    {
        var job = new GatedGeluGradientJob<TSimd, TVector>
        {
            Dy = dy,
            Gate = gate,
            Up = up,
            Dgate = dgate,
            Dup = dup,
            Count = count,
            Parts = Partition.Parts(team, count, Partition.ArithmeticGrain),
        };
        team.Run(ref job, job.Parts);
    }

    public override void SoftCap(float* dy, float* x, float cap, float* dx, long count, bool accumulate)
    {
        var job = new ElementGradientJob<TSimd, TVector, SoftCapGradient<TSimd, TVector>>
        {
            Function = new SoftCapGradient<TSimd, TVector>(cap),
            Dy = dy,
            X = x,
            Dx = dx,
            Accumulate = accumulate,
        };
        RunElements(job, count);
    }

    public override void Rotary(float* dy, int* positions, RotaryTable table, int rows, int heads, float* dx, bool accumulate)
    {
        var job = new RotaryGradientJob<TSimd, TVector>
        {
            Dy = dy,
            Dx = dx,
            Positions = positions,
            Table = table,
            Rows = rows,
            Heads = heads,
            HeadSize = table.HeadSize,
            Accumulate = accumulate,
            Parts = Partition.Parts(team, (long)rows * heads * table.HeadSize, Partition.StreamingGrain, rows),
        };
        team.Run(ref job, job.Parts);
    }

    public override void Attention(
        float* dy, float* queries, ReadOnlySpan<AttentionSegment> segments, in AttentionOptions options, float* dq, float* dk, float* dv) =>
        AttentionGradient<TSimd, TVector>.Run(team, pool, dy, queries, segments, options, dq, dk, dv);

    public override void Embedding(float* dy, int* ids, int count, int width, float scale, float* table)
    {
        var job = new EmbeddingGradientJob<TSimd, TVector> { Dy = dy, Ids = ids, Count = count, Width = width, Scale = scale, Table = table };
        job.Parts = Partition.Parts(team, (long)count * width, Partition.StreamingGrain, (width + 15) / 16);
        team.Run(ref job, job.Parts);
    }

    public override void Patches(float* dy, int pictures, int channels, int height, int width, int patch, float* dx)
    {
        int across = width / patch;
        int down = height / patch;
        for (int picture = 0; picture < pictures; picture++)
        {
            for (int cell = 0; cell < across * down; cell++)
            {
                for (int line = 0; line < channels * patch; line++)
                {
                    (int channel, int row) = Math.DivRem(line, patch);
                    long y = ((long)((picture * channels) + channel) * height) + (cell / across * patch) + row;
                    Buffer.MemoryCopy(dy, dx + (y * width) + (cell % across * patch), patch * sizeof(float), patch * sizeof(float));
                    dy += patch;
                }
            }
        }
    }

    public override void CrossEntropy(
        float* logits, int* targets, float* weights, int rows, int columns, in CrossEntropyOptions options, double* losses)
    {
        var job = new CrossEntropyJob<TSimd, TVector>
        {
            Logits = logits,
            Targets = targets,
            Weights = weights,
            Rows = rows,
            Columns = columns,
            Options = options,
            Losses = losses,
        };
        team.Run(ref job, rows);
    }

    // Quantised rows are widened a run at a time; each run is a part of the inner dimension.
    private void LinearInputQuantized(float* dy, int rows, Weight weight, float* dx, bool accumulate)
    {
        const int Run = 512;
        (int outputs, int inputs) = (weight.Shape.Rows, weight.Shape.Columns);
        using Tensor widened = pool.Rent(new TensorShape(Math.Min(Run, outputs), inputs));
        for (int start = 0; start < outputs; start += Run)
        {
            int count = Math.Min(Run, outputs - start);
            var job = new WidenJob { Weight = weight, Start = start, Target = widened.Pointer };
            team.Run(ref job, count);
            var operands = new BackwardOperands(
                (nint)(dy + start), outputs, false, (nint)widened.Pointer, (nint)dx, rows, inputs, count, accumulate || start > 0);
            BackwardProduct<TSimd, TVector, Float32Element<TSimd, TVector>>.Multiply(team, pool, operands);
        }
    }

    private struct WidenJob : IParallelJob
    {
        public Weight Weight;
        public int Start;
        public float* Target;

        public readonly void Execute(int part)
        {
            int inputs = Weight.Shape.Columns;
            Weight.CopyTo((long)(Start + part) * inputs, inputs, new Span<float>(Target + ((long)part * inputs), inputs));
        }
    }

    private void RunFold(ref FoldJob<TSimd, TVector> job)
    {
        // Parts are ranges of the target, so that no two threads add to the same place.
        job.Parts = Partition.Parts(team, job.Count, Partition.StreamingGrain, (job.Period + FoldJob<TSimd, TVector>.Granule - 1) / FoldJob<TSimd, TVector>.Granule);
        team.Run(ref job, job.Parts);
    }

    private void RunElements<TGradient>(ElementGradientJob<TSimd, TVector, TGradient> job, long count)
        where TGradient : struct, IElementGradient<TVector>
    {
        job.Count = count;
        job.Parts = Partition.Parts(team, count, Partition.ArithmeticGrain);
        team.Run(ref job, job.Parts);
    }

    private void RunNorm(
        float* dy, float* x, float* scale, float epsilon, float* dx, bool accumulate, float* dscale, float* dbias, int rows, int columns, bool isLayerNorm)
    {
        int parts = Partition.Parts(team, (long)rows * columns, Partition.ArithmeticGrain, rows);
        using Tensor partial = pool.Rent(new TensorShape(parts, 2, columns));
        var job = new NormGradientJob<TSimd, TVector>
        {
            Dy = dy,
            X = x,
            Scale = scale,
            Epsilon = epsilon,
            Dx = dx,
            Accumulate = accumulate,
            WantsScale = dscale != null,
            WantsBias = dbias != null,
            Partial = partial.Pointer,
            Rows = rows,
            Columns = columns,
            IsLayerNorm = isLayerNorm,
            Parts = parts,
        };
        team.Run(ref job, parts);
        for (int part = 0; part < parts; part++)
        {
            float* sums = partial.Pointer + ((long)part * 2 * columns);
            AddTo(sums, dscale, columns);
            AddTo(sums + columns, dbias, columns);
        }
    }

    private static void AddTo(float* source, float* target, int count)
    {
        if (target == null)
            return;
        for (int i = 0; i < count; i++)
            target[i] += source[i];
    }
}
