using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Tensors.Cpu.Kernels;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tensors.Tests;

/// <summary>Operations on random shapes against the reference.</summary>
public sealed class OperationProperties
{
    private static readonly Gen<OperationCase> RowOperations =
        from rows in Gen.Choose(1, 40)
        from columns in Gen.Choose(1, 300)
        from operation in Gen.Elements(OperationCases.RowOperations(rows, columns).ToArray())
        select operation;

    private static readonly Gen<OperationCase> Linear =
        from rows in Gen.Choose(1, 20)
        from inputs in Gen.Choose(1, 150)
        from outputs in Gen.Choose(1, 70)
        from type in Gen.Elements(Enum.GetValues<WeightType>())
        from bias in Gen.Elements(false, true)
        select OperationCases.Linear(rows, inputs, outputs, type, bias);

    private static readonly Gen<OperationCase> Rotary =
        from rows in Gen.Choose(1, 30)
        from heads in Gen.Choose(1, 5)
        from half in Gen.Choose(1, 70)
        from farthest in Gen.Choose(0, 10_000)
        select OperationCases.Rotary(rows, heads, 2 * half, farthest);

    private static readonly Gen<AttentionExtents> Segment =
        from queries in Gen.Frequency((1, Gen.Constant(1)), (2, Gen.Choose(0, 70)))
        from keys in Gen.Choose(0, 400)
        from position in Gen.Choose(0, 400)
        from prefix in Gen.Choose(0, 420)
        select new AttentionExtents(queries, keys, position, prefix);

    private static readonly Gen<OperationCase> Attention =
        from keyHeads in Gen.Choose(1, 3)
        from sharing in Gen.Choose(1, 9)
        from headSize in Gen.Choose(1, 80)
        from segments in Gen.ListOf(Segment, 3)
        from softCap in Gen.Elements(0f, 5f, 50f)
        from window in Gen.Elements(0, 1, 7, 64, 300)
        select new AttentionCase(keyHeads * sharing, keyHeads, headSize, [.. segments]) { SoftCap = softCap, Window = window }.ToOperation();

    [Fact]
    public void RowOperationsOfAnyShape() => Check(RowOperations, 150);

    [Fact]
    public void LinearOfAnyShape() => Check(Linear, 60);

    [Fact]
    public void RotaryEmbeddingOfAnyShape() => Check(Rotary, 60);

    [Fact]
    public void AttentionOfAnyShapeAndMask() => Check(Attention, 60);

    private static void Check(Gen<OperationCase> cases, int count)
    {
        CpuBackend[] backends =
        [
            .. Enum.GetValues<InstructionPath>()
                .Where(path => path != InstructionPath.Auto && InstructionPaths.IsSupported(path))
                .Select((path, index) => new CpuBackend(new CpuOptions { InstructionPath = path, Threads = 1 + index })),
        ];
        Prop.ForAll(
                cases.ToArbitrary(),
                operation =>
                {
                    foreach (CpuBackend backend in backends)
                        Assert.InRange(operation.Error(backend), 0, operation.Tolerance);
                })
            .Check(Config.QuickThrowOnFailure.WithMaxTest(count).WithReplay(20_171, 3_001));
        foreach (CpuBackend backend in backends)
            backend.Dispose();
    }
}
