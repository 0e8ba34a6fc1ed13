using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using PaliSharp.Tensors.Cpu.Kernels;
using PaliSharp.Tensors.Cpu.MatMul.Integer;
using PaliSharp.Tensors.Cpu.Simd;
using PaliSharp.Tensors.Quantization;

namespace PaliSharp.Tensors.Cpu;

/// <summary>Measures what the processor can do at most, which is what kernels are compared with.</summary>
public static unsafe class MachinePeaks
{
    private const int ChainLength = 1 << 16;
    private const int Chains = 12; // independent ones: they hide any latency of today's processors and fit sixteen registers with their factors
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
        return InstructionPaths.Choose(path) switch
        {
            InstructionPath.Avx512 => Measure<Avx512Simd, Vector512<float>>(team, milliseconds),
            InstructionPath.Avx2 => Measure<Avx2Simd, Vector256<float>>(team, milliseconds),
            InstructionPath.AdvSimd => Measure<AdvSimdSimd, Vector128<float>>(team, milliseconds),
            _ => Measure<PortableSimd, Vector<float>>(team, milliseconds),
        };
    }

    /// <summary>
    /// Measures the rate of products of 8-bit weights and activations in registers, summed in 32 bits as quantised weights need it, on all threads
    /// of a team at once.
    /// </summary>
    /// <param name="team">The threads.</param>
    /// <param name="path">The instructions; <see cref="InstructionPath.Auto"/> for the best.</param>
    /// <param name="milliseconds">About how long to measure.</param>
    /// <returns>Operations each second, two for each multiply-add.</returns>
    /// <exception cref="PlatformNotSupportedException">The processor lacks the path.</exception>
    public static double ByteProductRate(ThreadTeam team, InstructionPath path = InstructionPath.Auto, int milliseconds = 100)
    {
        ArgumentNullException.ThrowIfNull(team);
        return InstructionPaths.Choose(path) switch
        {
            InstructionPath.Avx512 or InstructionPath.Avx2 when AvxVnniInteger.IsSupported =>
                MeasureBytes<AvxVnniInteger, Vector256<int>, Vector256<float>>(team, milliseconds),
            InstructionPath.Avx512 => MeasureBytes<Avx512Integer, Vector512<int>, Vector512<float>>(team, milliseconds),
            InstructionPath.Avx2 => MeasureBytes<Avx2Integer, Vector256<int>, Vector256<float>>(team, milliseconds),
            InstructionPath.AdvSimd when ArmDpInteger.IsSupported => MeasureBytes<ArmDpInteger, Vector128<int>, Vector128<float>>(team, milliseconds),
            _ => MeasureBytes<PortableInteger, Vector128<int>, Vector128<float>>(team, milliseconds),
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

    private static double Measure<TSimd, TVector>(ThreadTeam team, int milliseconds)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var job = default(MultiplyAddJob<TSimd, TVector>);
        return Rate(team, ref job, milliseconds, 2.0 * Chains * ChainLength * TSimd.Count);
    }

    private static double MeasureBytes<TSimd, TInteger, TReal>(ThreadTeam team, int milliseconds)
        where TSimd : struct, IIntegerSimd<TInteger, TReal>
        where TInteger : struct
        where TReal : struct
    {
        const int BytesPerLane = 4;
        var job = default(ByteProductJob<TSimd, TInteger, TReal>);
        return Rate(team, ref job, milliseconds, 2.0 * Chains * ChainLength * TSimd.Count * BytesPerLane);
    }

    private static double Rate<TJob>(ThreadTeam team, ref TJob job, int milliseconds, double operationsPerPart)
        where TJob : struct, IParallelJob
    {
        // Parts short enough that threads end together, and their number so that the time asked for passes.
        long start = Stopwatch.GetTimestamp();
        team.Run(ref job, team.Size);
        double once = Math.Max(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 1e-3);
        int parts = team.Size * (int)Math.Clamp(milliseconds / once, 1, 100_000);
        start = Stopwatch.GetTimestamp();
        team.Run(ref job, parts);
        return operationsPerPart * parts / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private struct MultiplyAddJob<TSimd, TVector> : IParallelJob
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        public readonly void Execute(int part) => Sink(Chain(0.5f, part));

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

    private struct ByteProductJob<TSimd, TInteger, TReal> : IParallelJob
        where TSimd : struct, IIntegerSimd<TInteger, TReal>
        where TInteger : struct
        where TReal : struct
    {
        public readonly void Execute(int part)
        {
            float* sums = stackalloc float[QuantizedLayout.GroupOutputs]; // no vector has more lanes
            Chain(0x01020304, part, sums);
            Sink(sums[0]);
        }

        // Each product takes the sum of its neighbour: the compiler would multiply what stays the same only once.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Chain(int weights, int activations, float* sums)
        {
            TInteger w = TSimd.Broadcast(weights), x = TSimd.Broadcast(activations), ones = TSimd.Ones;
            TInteger a0 = x, a1 = x, a2 = x, a3 = x, a4 = x, a5 = x, a6 = x, a7 = x, a8 = x, a9 = x, a10 = x, a11 = x;
            for (int i = 0; i < ChainLength; i++)
            {
                a0 = TSimd.Dot(a0, w, a1, ones);
                a1 = TSimd.Dot(a1, w, a2, ones);
                a2 = TSimd.Dot(a2, w, a3, ones);
                a3 = TSimd.Dot(a3, w, a4, ones);
                a4 = TSimd.Dot(a4, w, a5, ones);
                a5 = TSimd.Dot(a5, w, a6, ones);
                a6 = TSimd.Dot(a6, w, a7, ones);
                a7 = TSimd.Dot(a7, w, a8, ones);
                a8 = TSimd.Dot(a8, w, a9, ones);
                a9 = TSimd.Dot(a9, w, a10, ones);
                a10 = TSimd.Dot(a10, w, a11, ones);
                a11 = TSimd.Dot(a11, w, a0, ones);
            }

            TReal total = TSimd.Add(TSimd.Add(TSimd.ToReal(a0), TSimd.ToReal(a1)), TSimd.Add(TSimd.ToReal(a2), TSimd.ToReal(a3)));
            total = TSimd.Add(total, TSimd.Add(TSimd.Add(TSimd.ToReal(a4), TSimd.ToReal(a5)), TSimd.Add(TSimd.ToReal(a6), TSimd.ToReal(a7))));
            total = TSimd.Add(total, TSimd.Add(TSimd.Add(TSimd.ToReal(a8), TSimd.ToReal(a9)), TSimd.Add(TSimd.ToReal(a10), TSimd.ToReal(a11))));
            TSimd.StoreReal(total, sums);
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
