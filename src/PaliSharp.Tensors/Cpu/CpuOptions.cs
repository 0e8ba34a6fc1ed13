using System.Globalization;

namespace PaliSharp.Tensors.Cpu;

/// <summary>Which instructions the kernels use.</summary>
public enum InstructionPath
{
    /// <summary>The best the processor has.</summary>
    Auto,

    /// <summary>512-bit vectors: x64 with AVX-512F, BW, DQ and VL.</summary>
    Avx512,

    /// <summary>256-bit vectors: x64 with AVX2 and FMA.</summary>
    Avx2,

    /// <summary>128-bit vectors: Arm64 with AdvSimd.</summary>
    AdvSimd,

    /// <summary><see cref="System.Numerics.Vector{T}"/> or scalar code, on any processor.</summary>
    Portable,
}

/// <summary>How the CPU backend uses the processor.</summary>
public sealed record CpuOptions
{
    /// <summary>The environment variable that names the path: auto, avx512, avx2, advsimd or portable.</summary>
    public const string InstructionPathVariable = "PALISHARP_SIMD";

    /// <summary>The environment variable that gives the number of threads, at least 1.</summary>
    public const string ThreadsVariable = "PALISHARP_THREADS";

    private const int MaximumThreads = 1024;

    /// <summary>Threads of the team, the calling one included; 0 for one per physical core the process may use, within its quota of processor time.</summary>
    public int Threads { get; init; }

    /// <summary>The instructions to use; a path the processor lacks is an error at start.</summary>
    public InstructionPath InstructionPath { get; init; }

    /// <summary>Fills what <paramref name="options"/> leave at its default from the environment variables, where they are set.</summary>
    /// <param name="options">What was asked for explicitly, which wins.</param>
    /// <exception cref="ArgumentException">A variable that is used holds a value that is not known.</exception>
    public static CpuOptions FromEnvironment(CpuOptions? options = null) =>
        FromVariables(options ?? new CpuOptions(), Environment.GetEnvironmentVariable);

    /// <summary>The same with any source of variables.</summary>
    internal static CpuOptions FromVariables(CpuOptions options, Func<string, string?> read)
    {
        if (options.InstructionPath == InstructionPath.Auto && Value(read(InstructionPathVariable)) is { } path)
            options = options with { InstructionPath = ParsePath(path) };
        if (options.Threads == 0 && Value(read(ThreadsVariable)) is { } threads)
            options = options with { Threads = ParseThreads(threads) };
        return options;
    }

    private static string? Value(string? variable) => string.IsNullOrWhiteSpace(variable) ? null : variable.Trim();

    private static InstructionPath ParsePath(string value)
    {
        foreach (InstructionPath path in Enum.GetValues<InstructionPath>())
        {
            if (path.ToString().Equals(value, StringComparison.OrdinalIgnoreCase))
                return path;
        }

        throw new ArgumentException($"{InstructionPathVariable} is '{value}'; auto, avx512, avx2, advsimd or portable is expected.");
    }

    private static int ParseThreads(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int threads) && threads is > 0 and <= MaximumThreads
            ? threads
            : throw new ArgumentException($"{ThreadsVariable} is '{value}'; a number from 1 to {MaximumThreads} is expected.");
}
