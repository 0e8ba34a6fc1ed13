using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Kernels;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Gradients;

/// <summary>
/// The gradients of a layer norm or RMS norm for a range of rows. With n = (x − mean)·r, r = (variance + ε)^−½, g = dy·scale:
/// dx = r·(g − mean(g) − n·mean(g·n)), dscale = Σ dy·n, dbias = Σ dy. An RMS norm has no mean and its scale is 1 + w.
/// </summary>
internal unsafe struct NormGradientJob<TSimd, TVector> : IParallelJob
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public float* Dy;
    public float* X;
    public float* Scale;
    public float* Dx;
    public float* Partial; // [parts, 2, columns]: sums for scale and bias
    public float Epsilon;
    public int Rows;
    public int Columns;
    public int Parts;
    public bool Accumulate;
    public bool WantsScale;
    public bool WantsBias;
    public bool IsLayerNorm;

    public readonly void Execute(int part)
    {
        float* dscale = Partial + ((long)part * 2 * Columns);
        new Span<float>(dscale, 2 * Columns).Clear();
        (long start, long end) = Partition.Range(part, Parts, Rows);
        for (long row = start; row < end; row++)
            Differentiate(Dy + (row * Columns), X + (row * Columns), Dx == null ? null : Dx + (row * Columns), dscale, dscale + Columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Differentiate(float* dy, float* x, float* dx, float* dscale, float* dbias)
    {
        float mean = 0;
        double square;
        if (IsLayerNorm)
        {
            mean = (float)(RowSums<TSimd, TVector>.Sum(x, Columns) / Columns);
            (double first, double second) = RowSums<TSimd, TVector>.Moments(x, Columns, mean);
            double rest = first / Columns;
            square = (second / Columns) - (rest * rest);
        }
        else
        {
            square = RowSums<TSimd, TVector>.SumOfSquares(x, Columns) / Columns;
        }

        float factor = (float)(1 / Math.Sqrt(square + Epsilon));
        TVector centre = TSimd.Broadcast(mean);
        TVector scale = TSimd.Broadcast(factor);
        float offset = IsLayerNorm ? 0 : 1;
        TVector one = TSimd.Broadcast(offset);
        TVector sum = TSimd.Zero;
        TVector product = TSimd.Zero;
        int i = 0;
        for (; i + TSimd.Count <= Columns; i += TSimd.Count)
        {
            TVector d = TSimd.Load(dy + i);
            TVector n = TSimd.Multiply(TSimd.Subtract(TSimd.Load(x + i), centre), scale);
            TVector g = TSimd.Multiply(d, TSimd.Add(one, TSimd.Load(Scale + i)));
            sum = TSimd.Add(sum, g);
            product = TSimd.MultiplyAdd(g, n, product);
            if (WantsScale)
                TSimd.Store(TSimd.MultiplyAdd(d, n, TSimd.Load(dscale + i)), dscale + i);
            if (WantsBias)
                TSimd.Store(TSimd.Add(d, TSimd.Load(dbias + i)), dbias + i);
        }

        double gradientSum = TSimd.Sum(sum);
        double productSum = TSimd.Sum(product);
        for (int j = i; j < Columns; j++)
        {
            float n = (x[j] - mean) * factor;
            float g = dy[j] * (offset + Scale[j]);
            gradientSum += g;
            productSum += (double)g * n;
            dscale[j] += WantsScale ? dy[j] * n : 0;
            dbias[j] += WantsBias ? dy[j] : 0;
        }

        if (dx == null)
            return;
        float meanGradient = IsLayerNorm ? (float)(gradientSum / Columns) : 0;
        float meanProduct = (float)(productSum / Columns);
        StoreInput(dy, x, dx, mean, factor, meanGradient, meanProduct);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void StoreInput(float* dy, float* x, float* dx, float mean, float factor, float meanGradient, float meanProduct)
    {
        TVector centre = TSimd.Broadcast(mean);
        TVector scale = TSimd.Broadcast(factor);
        float offset = IsLayerNorm ? 0 : 1;
        TVector one = TSimd.Broadcast(offset);
        TVector shift = TSimd.Broadcast(meanGradient);
        TVector slope = TSimd.Broadcast(-meanProduct);
        int i = 0;
        for (; i + TSimd.Count <= Columns; i += TSimd.Count)
        {
            TVector n = TSimd.Multiply(TSimd.Subtract(TSimd.Load(x + i), centre), scale);
            TVector g = TSimd.Multiply(TSimd.Load(dy + i), TSimd.Add(one, TSimd.Load(Scale + i)));
            TVector value = TSimd.Multiply(TSimd.MultiplyAdd(n, slope, TSimd.Subtract(g, shift)), scale);
            TSimd.Store(Accumulate ? TSimd.Add(TSimd.Load(dx + i), value) : value, dx + i);
        }

        for (; i < Columns; i++)
        {
            float n = (x[i] - mean) * factor;
            float value = ((dy[i] * (offset + Scale[i])) - meanGradient - (n * meanProduct)) * factor;
            dx[i] = Accumulate ? dx[i] + value : value;
        }
    }
}
