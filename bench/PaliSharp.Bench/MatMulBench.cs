using System.Numerics;
using System.Runtime.Intrinsics;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Tensors.Cpu.MatMul;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Bench;

/// <summary>Matrix products against the machine's limits, measured in turns since a shared machine's speed changes by the second.</summary>
internal static unsafe class MatMulBench
{
    private const double OperationsPerMeasurement = 3e9;
    private const int LimitMilliseconds = 10;

    private static readonly (int Inputs, int Outputs)[] ManyRowsShapes =
        [(2304, 9216), (9216, 2304), (2304, 2048), (2048, 2304), (1152, 4304), (4304, 1152), (1152, 1152)];

    private static readonly (int Inputs, int Outputs)[] FewRowsShapes =
        [(2304, 257216), (2304, 9216), (9216, 2304), (2304, 2048), (2048, 2304), (2304, 1024)];

    /// <summary>The paths of this machine.</summary>
    public static IEnumerable<InstructionPath> Paths()
    {
        if (Avx512Simd.IsSupported)
            yield return InstructionPath.Avx512;
        if (Avx2Simd.IsSupported)
            yield return InstructionPath.Avx2;
        if (AdvSimdSimd.IsSupported)
            yield return InstructionPath.AdvSimd;
        yield return InstructionPath.Portable;
    }

    /// <summary>Products of many rows.</summary>
    public static void RunManyRows(BenchOptions options)
    {
        var report = new Report(options.Json);
        using var team = new ThreadTeam(options.Threads);
        using var pool = new TensorPool();
        InstructionPath path = options.Path == InstructionPath.Auto ? Paths().First() : options.Path;
        foreach (int rows in options.Rows is { } given ? [given] : (int[])[256, 1024])
        {
            foreach ((int inputs, int outputs) in ManyRowsShapes)
            {
                foreach (WeightType type in options.Types)
                {
                    // One weight after another, as in a model, so that none is found in a cache; several in one measurement.
                    int copies = (int)Math.Clamp((96L << 20) / Weight.SizeOf(type, new TensorShape(outputs, inputs)), 1, 16);
                    double operations = 2.0 * rows * inputs * outputs;
                    int calls = (int)Math.Max(1, OperationsPerMeasurement / operations);
                    Weight[] weights = [.. Enumerable.Range(0, copies).Select(i => CreateWeight(inputs, outputs, type, i))];
                    using Tensor x = CreateActivations(pool, rows, inputs);
                    using Tensor y = pool.Rent(new TensorShape(rows, outputs));
                    void Work(int number)
                    {
                        for (int i = 0; i < calls; i++)
                            Multiply(path, team, pool, x, weights[((number * calls) + i) % copies], y);
                    }

                    PairedSamples samples = PairedSamples.Measure(
                        options.Repeats, operations * calls, () => MachinePeaks.MultiplyAddRate(team, path, LimitMilliseconds), Work);
                    report.Write($"{rows} x ({inputs} -> {outputs}) {type}, {path}, {team.Size} threads", "GFLOP/s", "peak", samples);
                }
            }
        }
    }

    /// <summary>Products of a few rows.</summary>
    public static void RunFewRows(BenchOptions options)
    {
        var report = new Report(options.Json);
        using var team = new ThreadTeam(options.Threads);
        using var pool = new TensorPool();
        using NativeBuffer buffer = PeaksBench.CreateBuffer();
        InstructionPath path = options.Path == InstructionPath.Auto ? Paths().First() : options.Path;
        foreach ((int inputs, int outputs) in FewRowsShapes)
        {
            foreach (WeightType type in options.Types)
            {
                // As many weights of the shape as make a layer stack that no cache holds.
                long bytes = Weight.SizeOf(type, new TensorShape(outputs, inputs));
                int copies = (int)Math.Clamp((400L << 20) / bytes, 1, 64);
                Weight[] weights = [.. Enumerable.Range(0, copies).Select(i => CreateWeight(inputs, outputs, type, i))];
                foreach (int rows in options.Rows is { } given ? [given] : (int[])[1, 2, 4, 8])
                {
                    using Tensor x = CreateActivations(pool, rows, inputs);
                    using Tensor y = pool.Rent(new TensorShape(rows, outputs));
                    void Work(int number)
                    {
                        foreach (Weight weight in weights)
                            Multiply(path, team, pool, x, weight, y);
                    }

                    PairedSamples samples = PairedSamples.Measure(
                        options.Repeats, (double)bytes * copies, () => MachinePeaks.ReadBandwidth(team, buffer), Work);
                    report.Write($"{rows} x ({inputs} -> {outputs}) {type}, {path}, {team.Size} threads", "GB/s", "bandwidth", samples);
                }
            }
        }
    }

    private static void Multiply(InstructionPath path, ThreadTeam team, TensorPool pool, Tensor x, Weight weight, Tensor y)
    {
        switch (path)
        {
            case InstructionPath.Avx512:
                MatrixProduct<Avx512Simd, Vector512<float>>.Multiply(team, pool, x.Pointer, x.Rows, weight, null, y.Pointer);
                break;
            case InstructionPath.Avx2:
                MatrixProduct<Avx2Simd, Vector256<float>>.Multiply(team, pool, x.Pointer, x.Rows, weight, null, y.Pointer);
                break;
            case InstructionPath.AdvSimd:
                MatrixProduct<AdvSimdSimd, Vector128<float>>.Multiply(team, pool, x.Pointer, x.Rows, weight, null, y.Pointer);
                break;
            default:
                MatrixProduct<PortableSimd, Vector<float>>.Multiply(team, pool, x.Pointer, x.Rows, weight, null, y.Pointer);
                break;
        }
    }

    private static Tensor CreateActivations(TensorPool pool, int rows, int inputs)
    {
        Tensor x = pool.Rent(new TensorShape(rows, inputs));
        var random = new Random(1);
        foreach (ref float value in x.Span)
            value = random.NextSingle() - 0.5f;
        return x;
    }

    /// <summary>A weight of some numbers, made quickly.</summary>
    public static Weight CreateWeight(int inputs, int outputs, WeightType type, int seed)
    {
        var memory = new NativeBuffer(Weight.SizeOf(type, new TensorShape(outputs, inputs)));

        // Words whose exponent makes an ordinary number (or scale) in each type, and which are cheap to make by the gigabyte.
        var words = new Span<uint>(memory.Pointer, checked((int)(memory.ByteLength / sizeof(uint))));
        uint state = (uint)seed + 1;
        foreach (ref uint word in words)
        {
            state = (state * 1664525) + 1013904223;
            word = (state & 0x80FF_80FF) | 0x3C00_3C00;
        }

        return new Weight("weight", type, new TensorShape(outputs, inputs), memory.Pointer, memory);
    }
}
