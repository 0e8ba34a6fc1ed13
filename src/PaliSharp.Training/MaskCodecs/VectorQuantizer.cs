using PaliSharp.Tensors;

namespace PaliSharp.Training.MaskCodecs;

/// <summary>
/// The codebook in training. Each vector is replaced by the nearest code; a code is the running mean of the vectors that it replaced (exponential
/// moving averages of their number and of their sum), so it needs no gradient.
/// </summary>
/// <param name="codes">The number of codes.</param>
/// <param name="length">The length of a vector.</param>
/// <param name="decay">The part of the averages that stays at an update.</param>
/// <param name="random">Chooses first values, and new ones for codes that nothing uses.</param>
internal sealed class VectorQuantizer(int codes, int length, double decay, GaussianRandom random)
{
    // A code that replaces less than a hundredth of its fair share is lost: nothing would ever come near it again.
    private const double LostShare = 0.01;

    private readonly double[] _counts = new double[codes];
    private readonly double[] _sums = new double[codes * length];
    private bool _isInitialized;

    /// <summary>[codes, length].</summary>
    public float[] Codebook { get; } = new float[codes * length];

    /// <summary>The codes that replaced a vector at the last update.</summary>
    public int Used { get; private set; }

    /// <summary>The nearest code of each vector.</summary>
    /// <param name="vectors">[vectors, length].</param>
    public int[] Nearest(Tensor vectors)
    {
        var nearest = new int[vectors.Rows];
        float[] halves = [.. Enumerable.Range(0, codes).Select(code => (float)(0.5 * Dot(Code(code), Code(code))))];
        Parallel.For(0, nearest.Length, row =>
        {
            // ‖v − c‖² is ‖v‖² − 2(v·c − ‖c‖²/2), and ‖v‖² is the same for all.
            float best = float.NegativeInfinity;
            for (int code = 0; code < codes; code++)
            {
                float closeness = (float)Dot(vectors.Row(row), Code(code)) - halves[code];
                if (closeness > best)
                    (best, nearest[row]) = (closeness, code);
            }
        });
        return nearest;
    }

    /// <summary>Replaces vectors by codes.</summary>
    public void Replace(int[] nearest, Tensor target)
    {
        for (int row = 0; row < nearest.Length; row++)
            Code(nearest[row]).CopyTo(target.Row(row));
    }

    /// <summary>Chooses the first codes among vectors, each the likelier the farther it is from those chosen.</summary>
    public void Initialize(Tensor vectors)
    {
        if (_isInitialized)
            return;
        _isInitialized = true;
        double[] distances = [.. Enumerable.Repeat(double.MaxValue, vectors.Rows)];
        int chosen = (int)(random.Uniform() * vectors.Rows);
        for (int code = 0; code < codes; code++)
        {
            Restart(code, vectors.Row(chosen), (double)vectors.Rows / codes);
            for (int row = 0; row < distances.Length; row++)
                distances[row] = Math.Min(distances[row], Distance(vectors.Row(row), Code(code)));
            chosen = Draw(distances);
        }
    }

    /// <summary>Moves the codes to the means of what they replaced.</summary>
    /// <param name="vectors">The vectors.</param>
    /// <param name="nearest">Their codes.</param>
    public void Update(Tensor vectors, int[] nearest)
    {
        var counts = new double[codes];
        var sums = new double[_sums.Length];
        for (int row = 0; row < nearest.Length; row++)
        {
            counts[nearest[row]]++;
            Span<double> sum = sums.AsSpan(nearest[row] * length, length);
            ReadOnlySpan<float> vector = vectors.Row(row);
            for (int i = 0; i < length; i++)
                sum[i] += vector[i];
        }

        Used = counts.Count(count => count > 0);
        for (int code = 0; code < codes; code++)
            _counts[code] = (decay * _counts[code]) + ((1 - decay) * counts[code]);
        for (int i = 0; i < sums.Length; i++)
        {
            _sums[i] = (decay * _sums[i]) + ((1 - decay) * sums[i]);
            Codebook[i] = (float)(_sums[i] / _counts[i / length]);
        }

        double share = (double)nearest.Length / codes;
        for (int code = 0; code < codes; code++)
        {
            if (_counts[code] < LostShare * share)
                Restart(code, vectors.Row((int)(random.Uniform() * vectors.Rows)), share);
        }
    }

    private ReadOnlySpan<float> Code(int code) => Codebook.AsSpan(code * length, length);

    private void Restart(int code, ReadOnlySpan<float> vector, double count)
    {
        vector.CopyTo(Codebook.AsSpan(code * length, length));
        _counts[code] = count;
        for (int i = 0; i < length; i++)
            _sums[(code * length) + i] = vector[i] * count;
    }

    private int Draw(double[] weights)
    {
        double place = random.Uniform() * weights.Sum();
        for (int i = 0; i < weights.Length; i++)
        {
            place -= weights[i];
            if (place < 0)
                return i;
        }

        return weights.Length - 1; // all vectors are chosen, or rounding at the very end
    }

    private static double Distance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        return sum;
    }

    private static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sums = System.Numerics.Vector<float>.Zero;
        int i = 0;
        for (; i <= a.Length - System.Numerics.Vector<float>.Count; i += System.Numerics.Vector<float>.Count)
            sums += new System.Numerics.Vector<float>(a[i..]) * new System.Numerics.Vector<float>(b[i..]);
        double sum = System.Numerics.Vector.Sum(sums);
        for (; i < a.Length; i++)
            sum += (double)a[i] * b[i];
        return sum;
    }
}
