using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>Rotates the heads of a range of rows by their positions.</summary>
internal unsafe struct RotaryJob<TSimd, TVector> : IParallelJob
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public float* X;
    public float* Y;
    public int* Positions;
    public RotaryTable Table;
    public int Rows;
    public int Heads;
    public int HeadSize;
    public int Parts;

    public readonly void Execute(int part)
    {
        (long start, long end) = Partition.Range(part, Parts, Rows);
        for (long row = start; row < end; row++)
        {
            float* cosines = Table.At(Positions[row]);
            for (int head = 0; head < Heads; head++)
            {
                long offset = ((row * Heads) + head) * HeadSize;
                Rotate(X + offset, Y + offset, cosines, HeadSize / 2);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rotate(float* x, float* y, float* cosines, int half)
    {
        float* sines = cosines + half;
        int i = 0;
        for (; i <= half - TSimd.Count; i += TSimd.Count)
        {
            TVector a = TSimd.Load(x + i);
            TVector b = TSimd.Load(x + half + i);
            TVector cosine = TSimd.Load(cosines + i);
            TVector sine = TSimd.Load(sines + i);
            TSimd.Store(TSimd.Subtract(TSimd.Multiply(a, cosine), TSimd.Multiply(b, sine)), y + i);
            TSimd.Store(TSimd.MultiplyAdd(b, cosine, TSimd.Multiply(a, sine)), y + half + i);
        }

        for (; i < half; i++)
        {
            (float a, float b) = (x[i], x[half + i]);
            y[i] = (a * cosines[i]) - (b * sines[i]);
            y[half + i] = (b * cosines[i]) + (a * sines[i]);
        }
    }
}
