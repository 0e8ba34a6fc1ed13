using BenchmarkDotNet.Attributes;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;

namespace PaliSharp.Bench.Kernels;

/// <summary>Products with weights of PaliGemma 2 3B: the gate of the decoder's MLP, alone and together with what shares its input.</summary>
public class LinearBenchmarks : IDisposable
{
    private const int Inputs = 2304;
    private const int Outputs = 9216;
    private CpuBackend _backend = null!;
    private Tensor _x = null!;
    private Weight[] _weights = null!;

    /// <summary>Positions: one token, a batch of eight, a prompt with its picture.</summary>
    [Params(1, 8, 266)]
    public int Rows { get; set; }

    /// <summary>How the weights are stored.</summary>
    [Params(WeightType.Float32, WeightType.BFloat16, WeightType.Int8, WeightType.Int4)]
    public WeightType Type { get; set; }

    /// <summary>Makes the operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _backend = new CpuBackend();
        _x = KernelOperands.Fill(_backend.Rent(new TensorShape(Rows, Inputs)));
        _weights = [MatMulBench.CreateWeight(Inputs, Outputs, Type, 0), MatMulBench.CreateWeight(Inputs, Outputs, Type, 1)];
    }

    /// <summary>Frees them.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _x.Dispose();
        _backend.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Gate, then up.</summary>
    [Benchmark(Baseline = true)]
    public void OneByOne()
    {
        using Tensor gate = _backend.Linear(_x, _weights[0]);
        using Tensor up = _backend.Linear(_x, _weights[1]);
    }

    /// <summary>Gate and up as one.</summary>
    [Benchmark]
    public void Together()
    {
        Span<Tensor> y = [null!, null!];
        _backend.LinearTogether(_x, _weights, [null, null], y);
        y[0].Dispose();
        y[1].Dispose();
    }
}
