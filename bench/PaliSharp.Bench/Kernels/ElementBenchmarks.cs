using BenchmarkDotNet.Attributes;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;

namespace PaliSharp.Bench.Kernels;

/// <summary>Norms, gates and rotations between the products of PaliGemma 2 3B.</summary>
public class ElementBenchmarks : IDisposable
{
    private const int Width = 2304;
    private const int HeadSize = 256;
    private CpuBackend _backend = null!;
    private Tensor _x = null!;
    private Tensor _wide = null!;
    private Weight _norm = null!;
    private int[] _positions = null!;

    /// <summary>Positions: one token, a prompt with its picture.</summary>
    [Params(1, 266)]
    public int Rows { get; set; }

    /// <summary>Makes the operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _backend = new CpuBackend();
        _x = KernelOperands.Fill(_backend.Rent(new TensorShape(Rows, Width)));
        _wide = KernelOperands.Fill(_backend.Rent(new TensorShape(Rows, 4 * Width)));
        _norm = MatMulBench.CreateWeight(Width, 1, WeightType.Float32, 0);
        _positions = [.. Enumerable.Range(0, Rows)];
    }

    /// <summary>Frees them.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _x.Dispose();
        _wide.Dispose();
        _backend.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>x · (mean(x²) + ε)^−½ · (1 + w).</summary>
    [Benchmark]
    public void RmsNorm()
    {
        using Tensor y = _backend.RmsNorm(_x, _norm, 1e-6f);
    }

    /// <summary>geluTanh(gate) ⊙ up.</summary>
    [Benchmark]
    public void GatedGeluTanh()
    {
        using Tensor y = _backend.GatedGeluTanh(_wide, _wide);
    }

    /// <summary>cap · tanh(x / cap).</summary>
    [Benchmark]
    public void SoftCap()
    {
        using Tensor y = _backend.SoftCap(_wide, 30);
    }

    /// <summary>Heads turned by their positions.</summary>
    [Benchmark]
    public void RotaryEmbedding()
    {
        using Tensor y = _backend.RotaryEmbedding(_x, _positions, HeadSize, 10_000);
    }
}
