using BenchmarkDotNet.Attributes;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;

namespace PaliSharp.Bench.Kernels;

/// <summary>Attention of PaliGemma 2 3B (8 query heads, 4 key and value heads of 256): a prompt that sees itself, and one token that sees it.</summary>
public class AttentionBenchmarks : IDisposable
{
    private const int Heads = 8;
    private const int KeyHeads = 4;
    private const int HeadSize = 256;
    private static readonly AttentionOptions Options = new(Heads, KeyHeads, HeadSize, 1f / 16, SoftCap: 50);
    private CpuBackend _backend = null!;
    private Tensor _queries = null!;
    private Tensor _keys = null!;
    private Tensor _values = null!;

    /// <summary>The positions: a picture of 224, 448 or 896 pixels and ten words.</summary>
    [Params(266, 1034, 4106)]
    public int Positions { get; set; }

    /// <summary>Makes the operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _backend = new CpuBackend();
        _queries = KernelOperands.Fill(_backend.Rent(new TensorShape(Positions, Heads * HeadSize)));
        _keys = KernelOperands.Fill(_backend.Rent(new TensorShape(Positions, KeyHeads * HeadSize)));
        _values = KernelOperands.Fill(_backend.Rent(new TensorShape(Positions, KeyHeads * HeadSize)));
    }

    /// <summary>Frees them.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _queries.Dispose();
        _keys.Dispose();
        _values.Dispose();
        _backend.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>All queries, all of which see all keys.</summary>
    [Benchmark]
    public void Prompt()
    {
        ReadOnlySpan<AttentionSegment> segments = [new(0, Positions, _keys, _values, 0, Positions, QueryPosition: 0, PrefixLength: Positions)];
        using Tensor y = _backend.Attention(_queries, segments, Options);
    }

    /// <summary>The last query alone.</summary>
    [Benchmark]
    public void Token()
    {
        ReadOnlySpan<AttentionSegment> segments = [new(0, 1, _keys, _values, 0, Positions, QueryPosition: Positions - 1, PrefixLength: Positions)];
        using Tensor y = _backend.Attention(_queries, segments, Options);
    }
}
