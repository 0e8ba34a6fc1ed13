using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu;

/// <summary>Measures what the processor can do at most, which is what kernels are compared with.</summary>
public static unsafe class MachinePeaks
{
    private const int ChainLength = 1 << 16;
    private const int FloatsAhead = 1024;

    /// <summary>Measures the rate of float32 multiply-adds in registers, no memory involved, on all threads of a team at once.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="path">The instructions; <see cref="InstructionPath.Auto"/> for the best.</param>
    /// <param name="milliseconds">About how long to measure.</param>
    /// <returns>Operations each second, two for each multiply-add.</returns>
    /// <exception cref="PlatformNotSupportedException">The processor lacks the path.</exception>
    public static double MultiplyAddRate(ThreadTeam team, InstructionPath path = InstructionPath.Auto, int milliseconds = 100)
    {
        ArgumentNullException.ThrowIfNull(team);
        return path switch
        {
            InstructionPath.Auto => MultiplyAddRate(team, BestPath(), milliseconds),
            InstructionPath.Avx512 when Avx512Simd.IsSupported => Measure<Avx512Simd, Vector512<float>>(team, milliseconds),
            InstructionPath.Avx2 when Avx2Simd.IsSupported => Measure<Avx2Simd, Vector256<float>>(team, milliseconds),
            InstructionPath.AdvSimd when AdvSimdSimd.IsSupported => Measure<AdvSimdSimd, Vector128<float>>(team, milliseconds),
            InstructionPath.Portable => Measure<PortableSimd, Vector<float>>(team, milliseconds),
            _ => throw new PlatformNotSupportedException($"This processor has no {path}."),
        };
    }

    /// <summary>Measures the rate at which all threads of a team together read memory that no cache holds.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="buffer">What to read: several times the size of the last-level cache, and written before.</param>
    /// <returns>Bytes each second.</returns>
    public static double ReadBandwidth(ThreadTeam team, NativeBuffer buffer)
    {
        ArgumentNullException.ThrowIfNull(team);
        ArgumentNullException.ThrowIfNull(buffer);
        const int Chunk = 1 << 20;
        int chunks = checked((int)Math.Max(1, buffer.ByteLength / Chunk));
        var job = new ReadJob { Data = (float*)buffer.Pointer, ChunkFloats = (int)Math.Min(Chunk, buffer.ByteLength) / sizeof(float) };
        long start = Stopwatch.GetTimestamp();
        team.Run(ref job, chunks);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        GC.KeepAlive(buffer);
        return (double)job.ChunkFloats * sizeof(float) * chunks / elapsed.TotalSeconds;
    }

    private static InstructionPath BestPath() =>
        Avx512Simd.IsSupported ? InstructionPath.Avx512
        : Avx2Simd.IsSupported ? InstructionPath.Avx2
        : AdvSimdSimd.IsSupported ? InstructionPath.AdvSimd
        : InstructionPath.Portable;

    private static double Measure<TSimd, TVector>(ThreadTeam team, int milliseconds)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        // Parts short enough that threads end together, and their number so that the time asked for passes.
        var job = default(MultiplyAddJob<TSimd, TVector>);
        long start = Stopwatch.GetTimestamp();
        team.Run(ref job, team.Size);
        double once = Math.Max(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 1e-3);
        int parts = team.Size * (int)Math.Clamp(milliseconds / once, 1, 100_000);
        start = Stopwatch.GetTimestamp();
        team.Run(ref job, parts);
        return 2.0 * MultiplyAddJob<TSimd, TVector>.Chains * ChainLength * TSimd.Count * parts / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private struct MultiplyAddJob<TSimd, TVector> : IParallelJob
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        public const int Chains = 12;

        public readonly void Execute(int part) => Sink(Chain(0.5f, part));

        // Twelve independent chains hide any latency of today's processors and fit sixteen registers with the two factors.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static float Chain(float factor, float term)
        {
            TVector m = TSimd.Broadcast(factor);
            TVector t = TSimd.Broadcast(term);
            TVector a0 = t, a1 = t, a2 = t, a3 = t, a4 = t, a5 = t, a6 = t, a7 = t, a8 = t, a9 = t, a10 = t, a11 = t;
            for (int i = 0; i < ChainLength; i++)
            {
                a0 = TSimd.MultiplyAdd(a0, m, t);
                a1 = TSimd.MultiplyAdd(a1, m, t);
                a2 = TSimd.MultiplyAdd(a2, m, t);
                a3 = TSimd.MultiplyAdd(a3, m, t);
                a4 = TSimd.MultiplyAdd(a4, m, t);
                a5 = TSimd.MultiplyAdd(a5, m, t);
                a6 = TSimd.MultiplyAdd(a6, m, t);
                a7 = TSimd.MultiplyAdd(a7, m, t);
                a8 = TSimd.MultiplyAdd(a8, m, t);
                a9 = TSimd.MultiplyAdd(a9, m, t);
                a10 = TSimd.MultiplyAdd(a10, m, t);
                a11 = TSimd.MultiplyAdd(a11, m, t);
            }

            TVector sum = TSimd.Add(TSimd.Add(TSimd.Add(a0, a1), TSimd.Add(a2, a3)), TSimd.Add(TSimd.Add(a4, a5), TSimd.Add(a6, a7)));
            return TSimd.Sum(TSimd.Add(sum, TSimd.Add(TSimd.Add(a8, a9), TSimd.Add(a10, a11))));
        }
    }

    private struct ReadJob : IParallelJob
    {
        public float* Data;
        public int ChunkFloats;

        public readonly void Execute(int part) => Sink(Total(Data + ((nint)part * ChunkFloats), ChunkFloats));

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static float Total(float* data, int count)
        {
            Vector256<float> a = default, b = default, c = default, d = default;
            for (nint i = 0; i + 32 <= count; i += 32)
            {
                if (Sse.IsSupported)
                {
                    // The hardware reads ahead by itself, but stops at the end of each page.
                    Sse.Prefetch1(data + i + FloatsAhead);
                    Sse.Prefetch1(data + i + FloatsAhead + 16);
                }

                a += Vector256.Load(data + i);
                b += Vector256.Load(data + i + 8);
                c += Vector256.Load(data + i + 16);
                d += Vector256.Load(data + i + 24);
            }

            return Vector256.Sum(a + b + c + d);
        }
    }

    // Keeps the JIT from dropping a result nobody wants.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Sink(float value) => _ = value;
}
