using System.Runtime.Intrinsics;
using PaliSharp.Tensors.Cpu.Simd;
using PaliSharp.Tensors.Quantization;

namespace PaliSharp.Tensors.Cpu.MatMul.Integer;

/// <summary>Chooses the byte products that go with an instruction path.</summary>
internal static unsafe class IntegerPaths<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    /// <summary>y = x · weightᵀ (+ bias) for quantised weights.</summary>
    /// <param name="team">The threads that share the work.</param>
    /// <param name="pool">Lends the scratch memory.</param>
    /// <param name="type">How the weights are quantised.</param>
    /// <param name="products">1 to <see cref="JoinedJobs.Most"/> products of the same x.</param>
    /// <param name="groups">Which group of the weight the outputs of each group come from; null for all in order.</param>
    public static void Multiply(ThreadTeam team, TensorPool pool, WeightType type, ReadOnlySpan<ProductOperands> products, int* groups = null)
    {
        // One instruction for each product of bytes beats three on vectors of twice the length.
        bool x86 = typeof(TSimd) == typeof(Avx512Simd) || typeof(TSimd) == typeof(Avx2Simd);
        if (x86 && AvxVnniInteger.IsSupported)
            IntegerProduct<AvxVnniInteger, Vector256<int>, Vector256<float>>.Multiply(team, pool, type, products, groups);
        else if (typeof(TSimd) == typeof(Avx512Simd))
            IntegerProduct<Avx512Integer, Vector512<int>, Vector512<float>>.Multiply(team, pool, type, products, groups);
        else if (typeof(TSimd) == typeof(Avx2Simd))
            IntegerProduct<Avx2Integer, Vector256<int>, Vector256<float>>.Multiply(team, pool, type, products, groups);
        else if (typeof(TSimd) == typeof(AdvSimdSimd) && ArmDpInteger.IsSupported)
            IntegerProduct<ArmDpInteger, Vector128<int>, Vector128<float>>.Multiply(team, pool, type, products, groups);
        else
            IntegerProduct<PortableInteger, Vector128<int>, Vector128<float>>.Multiply(team, pool, type, products, groups);
    }

    /// <summary>y[row, i] = x[row] · weight[outputs[i]]: the product with the groups that hold these outputs, of which the wanted ones are taken.</summary>
    /// <param name="team">The threads that share the work.</param>
    /// <param name="pool">Lends the scratch memory.</param>
    /// <param name="x">Activations, <c>[rows, inputs]</c>.</param>
    /// <param name="rows">The number of rows, at least 1.</param>
    /// <param name="weight">The quantised matrix.</param>
    /// <param name="outputs">Rows of the weight.</param>
    /// <param name="y">Receives <c>[rows, outputs]</c>; overlaps nothing else.</param>
    public static void MultiplyRows(ThreadTeam team, TensorPool pool, float* x, int rows, Weight weight, ReadOnlySpan<int> outputs, float* y)
    {
        const int Group = QuantizedLayout.GroupOutputs;
        using Tensor memory = pool.Rent(new TensorShape(2, outputs.Length));
        int* groups = (int*)memory.Pointer; // at most one for each output
        int* columns = groups + outputs.Length;
        int count = 0;
        for (int i = 0; i < outputs.Length; i++)
        {
            // Neighbours in the choice are mostly neighbours in the weight; a group that comes up again later is computed again.
            if (count == 0 || groups[count - 1] != outputs[i] / Group)
                groups[count++] = outputs[i] / Group;
            columns[i] = ((count - 1) * Group) + (outputs[i] % Group);
        }

        using Tensor products = pool.Rent(new TensorShape(rows, count * Group));
        int width = count * Group;
        var operands = new ProductOperands(x, rows, weight.Data, width, weight.Shape.Columns, null, products.Pointer, width);
        Multiply(team, pool, weight.Type, new ReadOnlySpan<ProductOperands>(in operands), groups);
        for (int row = 0; row < rows; row++)
        {
            float* source = products.Pointer + ((nint)row * width);
            for (int i = 0; i < outputs.Length; i++)
                *y++ = source[columns[i]];
        }

        GC.KeepAlive(weight);
    }
}
