using System.Numerics;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Training.Autodiff;

namespace PaliSharp.Training.Optimisers;

/// <summary>The norm of all gradients together, and the factor that bounds it.</summary>
public static unsafe class GradientClipping
{
    private const long Chunk = 1 << 16; // the order of additions is the same for any number of threads

    /// <summary>√Σg² over all parameters; NaN if a gradient is not a number.</summary>
    /// <param name="parameters">The parameters.</param>
    /// <param name="device">Whose threads compute.</param>
    public static double Norm(ParameterSet parameters, CpuBackend device)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(device);
        double total = 0;
        foreach (Parameter parameter in parameters)
        {
            int parts = checked((int)((parameter.Count + Chunk - 1) / Chunk));
            double[] sums = new double[parts];
            var job = new SquareJob { Gradients = parameter.Gradients, Count = parameter.Count, Sums = sums };
            device.Team.Run(ref job, parts);
            total += sums.Sum();
        }

        return Math.Sqrt(total);
    }

    /// <summary>The factor that brings a norm down to a bound: min(1, bound ÷ norm).</summary>
    /// <param name="norm">The norm.</param>
    /// <param name="bound">The largest norm allowed; 0 for any.</param>
    /// <param name="epsilon">Added to the norm: 1e-6 in PyTorch, 0 in optax.</param>
    public static float Factor(double norm, double bound, double epsilon = 0) =>
        bound > 0 && norm + epsilon > bound ? (float)(bound / (norm + epsilon)) : 1;

    private struct SquareJob : IParallelJob
    {
        public float* Gradients;
        public long Count;
        public double[] Sums;

        public readonly void Execute(int part)
        {
            long i = part * Chunk;
            long end = Math.Min(Count, i + Chunk);
            double total = 0;
            while (i + Vector<float>.Count <= end)
            {
                // Short chains in float32, the rest in float64.
                Vector<float> sum = Vector<float>.Zero;
                for (long stop = Math.Min(end, i + 1024); i + Vector<float>.Count <= stop; i += Vector<float>.Count)
                {
                    Vector<float> g = Vector.Load(Gradients + i);
                    sum += g * g;
                }

                total += Vector.Sum(sum);
            }

            for (; i < end; i++)
                total += (double)Gradients[i] * Gradients[i];
            Sums[part] = total;
        }
    }
}
