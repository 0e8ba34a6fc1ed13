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
    /// <summary>Threads of the team, the calling one included; 0 for one per processor the process may use.</summary>
    public int Threads { get; init; }

    /// <summary>The instructions to use; a path the processor lacks is an error at start.</summary>
    public InstructionPath InstructionPath { get; init; }
}
