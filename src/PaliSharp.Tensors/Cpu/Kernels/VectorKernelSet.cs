using PaliSharp.Tensors.Cpu.MatMul;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>The operations compiled for one vector type.</summary>
/// <param name="team">Who does the work.</param>
/// <param name="pool">Lends scratch memory.</param>
internal sealed unsafe class VectorKernelSet<TSimd, TVector>(ThreadTeam team, TensorPool pool) : KernelSet
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public override void Linear(float* x, int rows, Weight weight, float* bias, float* y) =>
        MatrixProduct<TSimd, TVector>.Multiply(team, pool, x, rows, weight, bias, y);

    public override void Linear(WeightType type, ReadOnlySpan<ProductOperands> products) =>
        MatrixProduct<TSimd, TVector>.Multiply(team, pool, type, products);

    public override void LinearRows(float* x, int rows, Weight weight, ReadOnlySpan<int> outputs, float* y) =>
        RowSelection<TSimd, TVector>.Multiply(team, pool, x, rows, weight, outputs, y);

    public override void Add(float* a, float* b, long period, float scale, float* y, long count) =>
        Elementwise<TSimd, TVector>.Binary(team, new AddOperator<TSimd, TVector>(scale), a, b, period, y, count, Partition.StreamingGrain);

    public override void Multiply(float* a, float* b, long period, float* y, long count) =>
        Elementwise<TSimd, TVector>.Binary(team, default(MultiplyOperator<TSimd, TVector>), a, b, period, y, count, Partition.StreamingGrain);

    public override void LayerNorm(float* x, float* scale, float* bias, float epsilon, float* y, int rows, int columns)
    {
        var job = new LayerNormJob<TSimd, TVector>
        {
            X = x,
            Scale = scale,
            Bias = bias,
            Y = y,
            Epsilon = epsilon,
            Rows = rows,
            Columns = columns,
            Parts = Partition.Parts(team, (long)rows * columns, Partition.ArithmeticGrain, rows),
        };
        team.Run(ref job, job.Parts);
    }

    public override void RmsNorm(float* x, float* weight, float epsilon, float* y, int rows, int columns)
    {
        var job = new RmsNormJob<TSimd, TVector>
        {
            X = x,
            Weight = weight,
            Y = y,
            Epsilon = epsilon,
            Rows = rows,
            Columns = columns,
            Parts = Partition.Parts(team, (long)rows * columns, Partition.ArithmeticGrain, rows),
        };
        team.Run(ref job, job.Parts);
    }

    public override void GeluTanh(float* x, float* y, long count) =>
        Elementwise<TSimd, TVector>.Unary(team, default(GeluTanhOperator<TSimd, TVector>), x, y, count);

    public override void GatedGeluTanh(float* gate, float* up, float* y, long count) =>
        Elementwise<TSimd, TVector>.Binary(team, default(GatedGeluTanhOperator<TSimd, TVector>), gate, up, count, y, count, Partition.ArithmeticGrain);

    public override void SoftCap(float* x, float cap, float* y, long count) =>
        Elementwise<TSimd, TVector>.Unary(team, new SoftCapOperator<TSimd, TVector>(cap), x, y, count);

    public override void Rotary(float* x, int* positions, RotaryTable table, int rows, int heads, float* y)
    {
        var job = new RotaryJob<TSimd, TVector>
        {
            X = x,
            Y = y,
            Positions = positions,
            Table = table,
            Rows = rows,
            Heads = heads,
            HeadSize = table.HeadSize,
            Parts = Partition.Parts(team, (long)rows * heads * table.HeadSize, Partition.StreamingGrain, rows),
        };
        team.Run(ref job, job.Parts);
    }

    public override void Attention(float* queries, ReadOnlySpan<AttentionSegment> segments, in AttentionOptions options, float* result) =>
        AttentionKernel<TSimd, TVector>.Run(team, pool, queries, segments, options, result);

    public override void Embedding(int* ids, int count, Weight table, float scale, float* y)
    {
        switch (table.Type)
        {
            case WeightType.Float32:
                Embedding<Float32Element<TSimd, TVector>>(ids, count, table, scale, y);
                break;
            case WeightType.BFloat16:
                Embedding<BFloat16Element<TSimd, TVector>>(ids, count, table, scale, y);
                break;
            case WeightType.Float16:
                Embedding<Float16Element<TSimd, TVector>>(ids, count, table, scale, y);
                break;
            case WeightType.Int8:
            case WeightType.Int4:
                QuantizedEmbedding(ids, count, table, scale, y);
                break;
            default:
                throw new ArgumentException($"'{table.Name}' is stored as {table.Type}, which no embedding is read from.", nameof(table));
        }
    }

    public override void Patches(float* pixels, int pictures, int channels, int height, int width, int patch, float* y)
    {
        long cells = (long)pictures * (height / patch) * (width / patch);
        var job = new PatchesJob
        {
            Pixels = pixels,
            Y = y,
            Pictures = pictures,
            Channels = channels,
            Height = height,
            Width = width,
            Patch = patch,
            Parts = Partition.Parts(team, (long)pictures * channels * height * width, Partition.StreamingGrain, cells),
        };
        team.Run(ref job, job.Parts);
    }

    private void QuantizedEmbedding(int* ids, int count, Weight table, float scale, float* y)
    {
        int width = table.Shape.Columns;
        var job = new QuantizedEmbeddingJob
        {
            Ids = ids,
            Table = table.Data,
            Type = table.Type,
            Y = y,
            Scale = scale,
            Count = count,
            Width = width,
            Parts = Partition.Parts(team, (long)count * width, Partition.ArithmeticGrain, count),
        };
        team.Run(ref job, job.Parts);
    }

    private void Embedding<TElement>(int* ids, int count, Weight table, float scale, float* y)
        where TElement : struct, IWeightElement<TSimd, TVector>
    {
        int width = table.Shape.Columns;
        var job = new EmbeddingJob<TSimd, TVector, TElement>
        {
            Ids = ids,
            Table = table.Data,
            Y = y,
            Scale = scale,
            Count = count,
            Width = width,
            Parts = Partition.Parts(team, (long)count * width, Partition.StreamingGrain, count),
        };
        team.Run(ref job, job.Parts);
    }
}
