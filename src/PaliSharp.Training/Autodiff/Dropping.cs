using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;

namespace PaliSharp.Training.Autodiff;

/// <summary>Dropout whose choice is a function of a seed and the element's index: nothing is stored for the way back.</summary>
internal static unsafe class Dropping
{
    /// <summary>y = x / (1 − rate) where an element stays, 0 where it is dropped.</summary>
    /// <param name="device">Whose threads compute.</param>
    /// <param name="x">Any shape.</param>
    /// <param name="rate">The part dropped, 0 to below 1.</param>
    /// <param name="seed">Determines which.</param>
    public static Tensor Apply(CpuBackend device, Tensor x, float rate, ulong seed)
    {
        Tensor y = device.Rent(x.Shape);
        var job = new DropJob { X = x.Pointer, Y = y.Pointer, Count = x.Shape.Count, Seed = seed, Threshold = (uint)(rate * 4294967296.0), Scale = 1 / (1 - rate) };
        device.Team.Run(ref job, job.Parts = (int)Math.Clamp(x.Shape.Count / 16384, 1, device.Team.Size));
        return y;
    }

    /// <summary>Spreads the bits of a number (the finaliser of splitmix64).</summary>
    public static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    private struct DropJob : IParallelJob
    {
        public float* X;
        public float* Y;
        public long Count;
        public ulong Seed;
        public uint Threshold;
        public float Scale;
        public int Parts;

        public readonly void Execute(int part)
        {
            long start = Count * part / Parts;
            long end = Count * (part + 1) / Parts;
            for (long i = start; i < end; i++)
                Y[i] = (uint)(Mix(Seed + (ulong)i) >> 32) < Threshold ? 0 : X[i] * Scale;
        }
    }
}
