namespace PaliSharp.Tensors;

/// <summary>
/// The operations a model is written in: the one seam between models and devices. A device adds a subclass and touches no model;
/// a gradient tape is a subclass that records what it forwards to another.
/// </summary>
/// <remarks>
/// Every operation returns a new tensor of the backend's <see cref="Pool"/> and leaves its inputs alone; the caller disposes the result.
/// Shapes are written <c>[rows, columns]</c>; an operation on rows reads any rank as a matrix of its innermost extent.
/// Shapes that do not fit are an <see cref="ArgumentException"/> that names both.
/// </remarks>
public abstract class TensorBackend : IDisposable
{
    /// <summary>Lends the memory of results.</summary>
    public abstract TensorPool Pool { get; }

    /// <summary>A tensor of undefined content, to be filled by the caller.</summary>
    /// <param name="shape">The extents.</param>
    public Tensor Rent(TensorShape shape) => Pool.Rent(shape);

    /// <summary>y = x·Wᵀ + b.</summary>
    /// <param name="x">[rows, inputs].</param>
    /// <param name="weight">[outputs, inputs], in any storage type.</param>
    /// <param name="bias">[outputs] in float32, or none.</param>
    /// <returns>[rows, outputs].</returns>
    public abstract Tensor Linear(Tensor x, Weight weight, Weight? bias = null);

    /// <summary>
    /// Several products of the same x, such as queries, keys and values: <c>results[i] = x·weights[i]ᵀ + biases[i]</c>, each as <see cref="Linear"/> gives
    /// it. A device may prepare x once and share the work out as one.
    /// </summary>
    /// <param name="x">[rows, inputs].</param>
    /// <param name="weights">[outputs, inputs] each, in any storage type.</param>
    /// <param name="biases">[outputs] in float32, or none, for each weight.</param>
    /// <param name="results">Receives [rows, outputs] for each weight.</param>
    /// <exception cref="ArgumentException">The spans differ in length.</exception>
    public virtual void LinearTogether(Tensor x, ReadOnlySpan<Weight> weights, ReadOnlySpan<Weight?> biases, Span<Tensor> results)
    {
        if (weights.Length != biases.Length || weights.Length != results.Length)
            throw new ArgumentException($"LinearTogether: {weights.Length} weights, {biases.Length} biases and {results.Length} results; as many of each are needed.");
        for (int i = 0; i < weights.Length; i++)
            results[i] = Linear(x, weights[i], biases[i]);
    }

    /// <summary>Some of the columns of x·Wᵀ: column i of the result belongs to row rows[i] of the weight. Costs what reading those rows costs.</summary>
    /// <param name="x">[rows, inputs].</param>
    /// <param name="weight">[outputs, inputs], in any storage type.</param>
    /// <param name="rows">Rows of the weight, in any order; runs of adjacent rows are read where they lie.</param>
    /// <returns>[rows, as many as <paramref name="rows"/>].</returns>
    /// <exception cref="ArgumentOutOfRangeException">One of <paramref name="rows"/> is not a row of the weight.</exception>
    public abstract Tensor LinearRows(Tensor x, Weight weight, ReadOnlySpan<int> rows);

    /// <summary>y = a + scale·b. Where b has fewer rows than a, its rows repeat: row i of a meets row i mod rows(b).</summary>
    /// <param name="a">[rows, columns].</param>
    /// <param name="b">[rows ÷ n, columns].</param>
    /// <param name="scale">The factor of b.</param>
    public abstract Tensor Add(Tensor a, Tensor b, float scale = 1);

    /// <summary>y = a + w, the rows of the weight repeating as in <see cref="Add(Tensor, Tensor, float)"/>.</summary>
    /// <param name="a">[rows, columns].</param>
    /// <param name="weight">[rows ÷ n, columns] in float32.</param>
    public abstract Tensor Add(Tensor a, Weight weight);

    /// <summary>y = x ⊙ w, the vector w applied to every row.</summary>
    /// <param name="x">[rows, columns].</param>
    /// <param name="weight">[columns] in float32.</param>
    public abstract Tensor Multiply(Tensor x, Weight weight);

    /// <summary>y = (x − mean(x)) · (var(x) + ε)^−½ · scale + bias over each row, with the biased variance.</summary>
    /// <param name="x">[rows, columns].</param>
    /// <param name="scale">[columns] in float32.</param>
    /// <param name="bias">[columns] in float32.</param>
    /// <param name="epsilon">Added to the variance.</param>
    public abstract Tensor LayerNorm(Tensor x, Weight scale, Weight bias, float epsilon);

    /// <summary>y = x · (mean(x²) + ε)^−½ · (1 + w) over each row: Gemma's norm, whose weight is stored around zero.</summary>
    /// <param name="x">[rows, columns].</param>
    /// <param name="weight">[columns] in float32.</param>
    /// <param name="epsilon">Added to the mean square.</param>
    public abstract Tensor RmsNorm(Tensor x, Weight weight, float epsilon);

    /// <summary>y = ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))).</summary>
    /// <param name="x">Any shape.</param>
    public abstract Tensor GeluTanh(Tensor x);

    /// <summary>y = geluTanh(gate) ⊙ up.</summary>
    /// <param name="gate">[rows, columns].</param>
    /// <param name="up">[rows, columns].</param>
    public abstract Tensor GatedGeluTanh(Tensor gate, Tensor up);

    /// <summary>y = cap·tanh(x / cap).</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="cap">Positive.</param>
    public abstract Tensor SoftCap(Tensor x, float cap);

    /// <summary>
    /// Rotates each head of each row by its position, in the half-split layout: with the head's halves a and b and
    /// θᵢ = position·base^(−2i/headSize), a' = a·cosθ − b·sinθ and b' = b·cosθ + a·sinθ.
    /// </summary>
    /// <param name="x">[rows, heads·headSize].</param>
    /// <param name="positions">The position of each row, at least 0.</param>
    /// <param name="headSize">Even.</param>
    /// <param name="thetaBase">The base of the wavelengths, 10,000 in Gemma.</param>
    public abstract Tensor RotaryEmbedding(Tensor x, ReadOnlySpan<int> positions, int headSize, float thetaBase);

    /// <summary>
    /// Scaled dot-product attention of a ragged batch: each segment's queries attend to that segment's keys and to no others.
    /// logits = scale·q·k, capped if a cap is set, masked, softmax in float32, then the weighted sum of the values.
    /// </summary>
    /// <param name="queries">[rows, queryHeads·headSize].</param>
    /// <param name="segments">One for each sequence; together they cover each row of the queries once.</param>
    /// <param name="options">Heads, scale, cap and window.</param>
    /// <returns>[rows, queryHeads·headSize].</returns>
    public abstract Tensor Attention(Tensor queries, ReadOnlySpan<AttentionSegment> segments, in AttentionOptions options);

    /// <summary>Row i of the result is scale·table[ids[i]].</summary>
    /// <param name="ids">Rows of the table.</param>
    /// <param name="table">[vocabulary, width], in any storage type.</param>
    /// <param name="scale">The factor of each row, √width in Gemma.</param>
    /// <returns>[ids, width].</returns>
    /// <exception cref="ArgumentOutOfRangeException">An id is not a row of the table.</exception>
    public abstract Tensor Embedding(ReadOnlySpan<int> ids, Weight table, float scale);

    /// <summary>Cuts pictures into patches: the operand that turns a convolution of equal size and stride into a product.</summary>
    /// <param name="pixels">[pictures, channels, height, width].</param>
    /// <param name="patch">The edge of a patch; divides height and width.</param>
    /// <returns>
    /// [pictures·(height/patch)·(width/patch), channels·patch²]: patches row by row from the top left, each as channel, row, column,
    /// which is the order of a convolution weight [outputs, channels, patch, patch].
    /// </returns>
    public abstract Tensor Patches(Tensor pixels, int patch);

    /// <summary>Stacks runs of rows of tensors of equal width, in the order given.</summary>
    /// <param name="runs">The runs; at least one.</param>
    /// <returns>[sum of the counts, columns].</returns>
    public abstract Tensor ConcatenateRows(ReadOnlySpan<RowRun> runs);

    /// <summary>How many parts of <see cref="RunParts"/> are computed at the same time.</summary>
    public virtual int Concurrency => 1;

    /// <summary>
    /// Runs work that falls into parts which do not depend on one another. Where parts run at the same time, the operations of one are computed
    /// by its thread alone: little ones then need not be shared out, each of which costs a meeting of all threads.
    /// </summary>
    /// <param name="parts">The number of parts.</param>
    /// <param name="part">Does one, given its number. The first exception of any is thrown again when all have ended.</param>
    public virtual void RunParts(int parts, Action<int> part)
    {
        ArgumentNullException.ThrowIfNull(part);
        for (int i = 0; i < parts; i++)
            part(i);
    }

    /// <summary>True while the decoder shall drop out elements by <see cref="Dropout"/>: in training only.</summary>
    public virtual bool DropsOut => false;

    /// <summary>Sets elements to zero at random and scales the others so that the expectation stays; called only while <see cref="DropsOut"/>.</summary>
    /// <param name="x">Any shape.</param>
    /// <exception cref="NotSupportedException">The backend does not drop out.</exception>
    public virtual Tensor Dropout(Tensor x) => throw new NotSupportedException($"{GetType().Name} does not drop out.");

    /// <summary>
    /// Told by models where a block begins. A backend that records may forget what it has recorded since the last block, and compute it again
    /// from there.
    /// </summary>
    /// <param name="residual">The input of the block, from which alone, and from constants, all of it is computed.</param>
    public virtual void BeginBlock(Tensor residual)
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the backend holds.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected abstract void Dispose(bool disposing);
}

/// <summary>A run of rows of a tensor.</summary>
/// <param name="Source">The tensor.</param>
/// <param name="Start">The first row.</param>
/// <param name="Count">How many rows, at least 0.</param>
public readonly record struct RowRun(Tensor Source, int Start, int Count)
{
    /// <summary>All rows of a tensor.</summary>
    /// <param name="source">The tensor.</param>
    public RowRun(Tensor source)
        : this(source, 0, source.Rows)
    {
    }
}

/// <summary>One sequence of a ragged batch: which rows ask, which keys and values answer, and who sees whom.</summary>
/// <remarks>
/// The query at position p sees the key at position j if j ≤ p (and p − j &lt; window, if there is one), or if both stand in the
/// bidirectional prefix. For every query the visible keys are therefore one contiguous run, see <see cref="VisibleKeys"/>.
/// </remarks>
/// <param name="QueryStart">The first row of this sequence in the queries.</param>
/// <param name="QueryCount">The number of its rows.</param>
/// <param name="Keys">Holds the keys, [at least KeyStart + KeyCount, keyValueHeads·headSize].</param>
/// <param name="Values">Holds the values, of the same shape.</param>
/// <param name="KeyStart">The row of position 0 in keys and values.</param>
/// <param name="KeyCount">The number of positions.</param>
/// <param name="QueryPosition">The position of the first query; the others follow.</param>
/// <param name="PrefixLength">The number of leading positions that all see one another; 0 for a purely causal sequence.</param>
public readonly record struct AttentionSegment(
    int QueryStart,
    int QueryCount,
    Tensor Keys,
    Tensor Values,
    int KeyStart,
    int KeyCount,
    int QueryPosition,
    int PrefixLength)
{
    /// <summary>The run of keys that one query sees.</summary>
    /// <param name="query">The query's index in the segment, 0 to <see cref="QueryCount"/> − 1.</param>
    /// <param name="window">The sliding window, 0 for none.</param>
    /// <returns>The first visible position and the one after the last.</returns>
    public (int Start, int End) VisibleKeys(int query, int window)
    {
        int position = QueryPosition + query;
        bool inPrefix = position < PrefixLength;
        int start = window > 0 && !inPrefix ? Math.Max(0, position - window + 1) : 0;
        int end = Math.Min(inPrefix ? PrefixLength : position + 1, KeyCount);
        return (start, end);
    }
}

/// <summary>What attention needs to know beside its operands.</summary>
/// <param name="QueryHeads">The number of query heads.</param>
/// <param name="KeyValueHeads">The number of key and value heads; divides the query heads. Query head h reads head ⌊h·KeyValueHeads/QueryHeads⌋.</param>
/// <param name="HeadSize">The width of a head.</param>
/// <param name="Scale">The factor of the logits.</param>
/// <param name="SoftCap">Logits become cap·tanh(logit/cap) before the mask; 0 for none.</param>
/// <param name="Window">Outside the prefix only the last so many positions are seen; 0 for all.</param>
public readonly record struct AttentionOptions(int QueryHeads, int KeyValueHeads, int HeadSize, float Scale, float SoftCap = 0, int Window = 0);
