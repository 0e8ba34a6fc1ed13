using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Kernels;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Gradients;

/// <summary>Turns the heads of a range of rows back by their positions: the inverse of a rotation is its transpose.</summary>
internal unsafe struct RotaryGradientJob<TSimd, TVector> : IParallelJob
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public float* Dy;
    public float* Dx;
    public int* Positions;
    public RotaryTable Table;
    public int Rows;
    public int Heads;
    public int HeadSize;
    public bool Accumulate;
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
                TurnBack(Dy + offset, Dx + offset, cosines, HeadSize / 2);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void TurnBack(float* dy, float* dx, float* cosines, int half)
    {
        float* sines = cosines + half;
        int i = 0;
        for (; i <= half - TSimd.Count; i += TSimd.Count)
        {
            TVector a = TSimd.Load(dy + i);
            TVector b = TSimd.Load(dy + half + i);
            TVector cosine = TSimd.Load(cosines + i);
            TVector sine = TSimd.Load(sines + i);
            TVector first = TSimd.MultiplyAdd(a, cosine, TSimd.Multiply(b, sine));
            TVector second = TSimd.Subtract(TSimd.Multiply(b, cosine), TSimd.Multiply(a, sine));
            TSimd.Store(Accumulate ? TSimd.Add(TSimd.Load(dx + i), first) : first, dx + i);
            TSimd.Store(Accumulate ? TSimd.Add(TSimd.Load(dx + half + i), second) : second, dx + half + i);
        }

        for (; i < half; i++)
        {
            (float a, float b) = (dy[i], dy[half + i]);
            float first = (a * cosines[i]) + (b * sines[i]);
            float second = (b * cosines[i]) - (a * sines[i]);
            dx[i] = Accumulate ? dx[i] + first : first;
            dx[half + i] = Accumulate ? dx[half + i] + second : second;
        }
    }
}
