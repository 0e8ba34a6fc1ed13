using PaliSharp.Tensors.Cpu;

namespace PaliSharp.Benchmarks;

/// <summary>The time of one stage of a model.</summary>
/// <param name="Name">The stage.</param>
/// <param name="MedianMilliseconds">The median over all runs.</param>
/// <param name="MinimumMilliseconds">The fastest run.</param>
/// <param name="Operations">Floating-point operations it needs; null where arithmetic is not what limits it.</param>
/// <param name="Bytes">Bytes it reads; null where memory is not what limits it.</param>
/// <param name="ShareOfLimit">
/// The share of the machine's limit that it reached, 0 to about 1: the median over all runs, each compared with the limit measured just before and
/// after it, since the limits of a shared machine move by the second. Null where no limit is known.
/// </param>
public sealed record BenchmarkStage(
    string Name, double MedianMilliseconds, double MinimumMilliseconds, double? Operations = null, double? Bytes = null, double? ShareOfLimit = null)
{
    /// <summary>Floating-point operations a second, by the median.</summary>
    public double? OperationsPerSecond => Operations / (MedianMilliseconds / 1000);

    /// <summary>Bytes a second, by the median.</summary>
    public double? BytesPerSecond => Bytes / (MedianMilliseconds / 1000);
}

/// <summary>How fast a model is, and how fast the machine was at the same time.</summary>
public sealed record BenchmarkReport
{
    /// <summary>The model.</summary>
    public required string Model { get; init; }

    /// <summary>The number of its parameters.</summary>
    public required long Parameters { get; init; }

    /// <summary>The size of its weights in bytes.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>Positions of the prompt, image tokens included.</summary>
    public required int PromptPositions { get; init; }

    /// <summary>The threads used.</summary>
    public required int Threads { get; init; }

    /// <summary>The instructions used.</summary>
    public required InstructionPath InstructionPath { get; init; }

    /// <summary>The runs the medians are over.</summary>
    public required int Runs { get; init; }

    /// <summary>What limits the arithmetic of this model: products of bytes if its weights are quantised, else float32 multiply-adds.</summary>
    public required bool MultipliesBytes { get; init; }

    /// <summary>That arithmetic in registers on all threads: operations a second, the median of the measurements between the stages.</summary>
    public required double PeakOperationsPerSecond { get; init; }

    /// <summary>Reads of memory by all threads: bytes a second, the median of the measurements between the stages.</summary>
    public required double PeakBytesPerSecond { get; init; }

    /// <summary>The stages, in the order of an answer. <c>decode</c> is one token, <c>decode x8</c> one token of each of eight sequences.</summary>
    public required IReadOnlyList<BenchmarkStage> Stages { get; init; }

    /// <summary>The most memory the process held at once, in bytes; mapped files count as far as they were read.</summary>
    public required long PeakMemoryBytes { get; init; }
}
