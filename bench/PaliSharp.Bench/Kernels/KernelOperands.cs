using PaliSharp.Tensors;

namespace PaliSharp.Bench.Kernels;

/// <summary>Operands of the kernel suites.</summary>
internal static class KernelOperands
{
    /// <summary>Fills a tensor with numbers around zero, the same every time.</summary>
    public static Tensor Fill(Tensor tensor)
    {
        var random = new Random(1);
        foreach (ref float value in tensor.Span)
            value = (float)((2 * random.NextDouble()) - 1);
        return tensor;
    }
}
