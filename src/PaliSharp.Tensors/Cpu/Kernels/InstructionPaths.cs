using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using PaliSharp.Tensors.Cpu.Gradients;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>Finds out which instruction paths there are, and builds their kernels.</summary>
internal static class InstructionPaths
{
    // Best first. The portable path is always there.
    private static readonly InstructionPath[] Paths = [InstructionPath.Avx512, InstructionPath.Avx2, InstructionPath.AdvSimd, InstructionPath.Portable];

    /// <summary>True if this process can run a path.</summary>
    public static bool IsSupported(InstructionPath path) => path switch
    {
        InstructionPath.Auto or InstructionPath.Portable => true,
        InstructionPath.Avx512 => Avx512Simd.IsSupported,
        InstructionPath.Avx2 => Avx2Simd.IsSupported,
        InstructionPath.AdvSimd => AdvSimdSimd.IsSupported,
        _ => throw new ArgumentOutOfRangeException(nameof(path), path, "There is no such instruction path."),
    };

    /// <summary>Resolves <see cref="InstructionPath.Auto"/> and refuses a path that cannot run.</summary>
    /// <exception cref="PlatformNotSupportedException">The path is forced and not supported.</exception>
    public static InstructionPath Choose(InstructionPath requested)
    {
        if (requested == InstructionPath.Auto)
            return Array.Find(Paths, IsSupported);
        if (IsSupported(requested))
            return requested;
        throw new PlatformNotSupportedException(
            $"The instruction path {requested} was requested, but this process ({RuntimeInformation.ProcessArchitecture}) supports only "
            + $"{string.Join(", ", Paths.Where(IsSupported))}. Choose one of these, or {InstructionPath.Auto}.");
    }

    /// <summary>Compiles the kernels of a path.</summary>
    public static KernelSet CreateKernels(InstructionPath path, ThreadTeam team, TensorPool pool) => path switch
    {
        InstructionPath.Avx512 => new VectorKernelSet<Avx512Simd, Vector512<float>>(team, pool),
        InstructionPath.Avx2 => new VectorKernelSet<Avx2Simd, Vector256<float>>(team, pool),
        InstructionPath.AdvSimd => new VectorKernelSet<AdvSimdSimd, Vector128<float>>(team, pool),
        _ => new VectorKernelSet<PortableSimd, Vector<float>>(team, pool),
    };

    /// <summary>Compiles the gradients of a path.</summary>
    public static GradientKernels CreateGradients(InstructionPath path, ThreadTeam team, TensorPool pool) => path switch
    {
        InstructionPath.Avx512 => new VectorGradientKernels<Avx512Simd, Vector512<float>>(team, pool),
        InstructionPath.Avx2 => new VectorGradientKernels<Avx2Simd, Vector256<float>>(team, pool),
        InstructionPath.AdvSimd => new VectorGradientKernels<AdvSimdSimd, Vector128<float>>(team, pool),
        _ => new VectorGradientKernels<PortableSimd, Vector<float>>(team, pool),
    };
}
