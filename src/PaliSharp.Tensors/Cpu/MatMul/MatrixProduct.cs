using PaliSharp.Tensors.Cpu.MatMul.Integer;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.MatMul;

/// <summary>The product of activations with a stored weight matrix, for one instruction path.</summary>
/// <remarks>
/// Two algorithms. A few rows (decoding) are limited by reading the weight: <see cref="FewRows{TSimd,TVector,TElement}"/> streams it once.
/// Many rows (prefill, vision) are limited by arithmetic: <see cref="ManyRows{TSimd,TVector,TElement}"/> packs panels and tiles registers.
/// Both add in an order that depends on the shape alone, so results are the same for any number of threads.
/// Quantised weights are multiplied in integers: <see cref="IntegerProduct{TSimd,TInteger,TReal}"/>.
/// </remarks>
internal static unsafe class MatrixProduct<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    /// <summary>y = x · weightᵀ (+ bias).</summary>
    /// <param name="team">The threads that share the work.</param>
    /// <param name="pool">Lends the scratch memory.</param>
    /// <param name="x">Activations, <c>[rows, inputs]</c>.</param>
    /// <param name="rows">The number of rows, at least 0.</param>
    /// <param name="weight">The matrix, <c>[outputs, inputs]</c>; of higher ranks the leading extents count as outputs.</param>
    /// <param name="bias"><c>[outputs]</c>, or null for none.</param>
    /// <param name="y">Receives <c>[rows, outputs]</c>; overlaps nothing else.</param>
    public static void Multiply(ThreadTeam team, TensorPool pool, float* x, int rows, Weight weight, float* bias, float* y)
    {
        int outputs = weight.Shape.Rows;
        var operands = new ProductOperands(x, rows, weight.Data, outputs, weight.Shape.Columns, bias, y, outputs);
        Multiply(team, pool, weight.Type, new ReadOnlySpan<ProductOperands>(in operands));
        GC.KeepAlive(weight); // the kernels hold only its address
    }

    /// <summary>Products of the same x with weights of one type, or with rows of them that were copied elsewhere; their owners are kept alive by the caller.</summary>
    /// <param name="team">The threads that share the work.</param>
    /// <param name="pool">Lends the scratch memory.</param>
    /// <param name="type">How the weights are stored.</param>
    /// <param name="products">1 to <see cref="JoinedJobs.Most"/>, with the same x, rows and inputs, and at least one output each.</param>
    public static void Multiply(ThreadTeam team, TensorPool pool, WeightType type, ReadOnlySpan<ProductOperands> products)
    {
        switch (type)
        {
            case WeightType.Float32:
                Multiply<Float32Element<TSimd, TVector>>(team, pool, products);
                break;
            case WeightType.BFloat16:
                Multiply<BFloat16Element<TSimd, TVector>>(team, pool, products);
                break;
            case WeightType.Float16:
                Multiply<Float16Element<TSimd, TVector>>(team, pool, products);
                break;
            case WeightType.Int8:
            case WeightType.Int4:
                IntegerPaths<TSimd, TVector>.Multiply(team, pool, type, products);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "There is no matrix product for this type.");
        }
    }

    private static void Multiply<TElement>(ThreadTeam team, TensorPool pool, ReadOnlySpan<ProductOperands> products)
        where TElement : struct, IWeightElement<TSimd, TVector>
    {
        if (products[0].Rows == 0 || products[0].Outputs == 0)
            return;
        if (products[0].Rows <= FewRows<TSimd, TVector, TElement>.Limit)
            FewRows<TSimd, TVector, TElement>.Multiply(team, pool, products);
        else
            ManyRows<TSimd, TVector, TElement>.Multiply(team, pool, products);
    }
}

/// <summary>
/// The operands of a product: y[rows, outputs] = x[rows, inputs] · weight[outputs, inputs]ᵀ + bias[outputs], where rows of y may lie
/// farther apart than they are long.
/// </summary>
internal readonly unsafe struct ProductOperands(float* x, int rows, void* weight, int outputs, int inputs, float* bias, float* y, int yStride)
{
    public readonly float* X = x;
    public readonly int Rows = rows;
    public readonly void* Weight = weight;
    public readonly int Outputs = outputs;
    public readonly int Inputs = inputs;
    public readonly float* Bias = bias;
    public readonly float* Y = y;
    public readonly int YStride = yStride;

    /// <summary>The same product for some of the rows.</summary>
    public ProductOperands SliceRows(int start, int count) =>
        new(X + ((nint)start * Inputs), count, Weight, Outputs, Inputs, Bias, Y + ((nint)start * YStride), YStride);
}
