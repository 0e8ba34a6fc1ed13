using PaliSharp.Tensors;

namespace PaliSharp.TestSupport;

/// <summary>One operation on fixed, reproducible operands, to be computed by a backend and compared with the reference.</summary>
/// <param name="Name">The operation and its shapes.</param>
/// <param name="Compute">Builds the operands in the backend's pool and runs the operation.</param>
/// <param name="Tolerance">The largest relative L2 distance from the reference.</param>
public sealed record OperationCase(string Name, Func<TensorBackend, Tensor> Compute, double Tolerance = 2e-6)
{
    private float[]? _expected;

    /// <summary>The relative L2 distance of the backend's result from the reference.</summary>
    /// <param name="backend">The backend to test.</param>
    public double Error(TensorBackend backend)
    {
        if (_expected is null)
        {
            using var reference = new ReferenceBackend();
            using Tensor expected = Compute(reference);
            _expected = expected.Span.ToArray();
        }

        using Tensor actual = Compute(backend);
        return TestNumbers.RelativeL2(actual.Span, (ReadOnlySpan<float>)_expected);
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
