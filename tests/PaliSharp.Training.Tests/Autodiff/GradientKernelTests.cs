using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.TestSupport;
using PaliSharp.Training.Autodiff;
using Xunit;

namespace PaliSharp.Training.Tests.Autodiff;

/// <summary>Gradients of odd shapes on every instruction path and storage type against float64 loops.</summary>
public sealed unsafe class GradientKernelTests
{
    private static readonly (int Rows, int Outputs, int Inputs)[] Shapes =
        [(1, 1, 1), (7, 3, 5), (13, 17, 31), (129, 33, 65), (250, 130, 40), (31, 260, 300), (300, 48, 513)];

    public static TheoryData<InstructionPath> Paths()
    {
        var data = new TheoryData<InstructionPath>();
        foreach (InstructionPath path in Enum.GetValues<InstructionPath>().Where(CpuOptionsOf.IsSupported))
            data.Add(path);
        return data;
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void LinearEqualsLoops(InstructionPath path)
    {
        using var device = new CpuBackend(new CpuOptions { InstructionPath = path, Threads = 3 });
        foreach ((int rows, int outputs, int inputs) in Shapes)
        {
            float[] x = TestNumbers.Normal(rows * inputs, 1);
            float[] dy = TestNumbers.Normal(rows * outputs, 2);
            foreach (WeightType type in Enum.GetValues<WeightType>())
            {
                Weight weight = TestWeights.Normal(type, new TensorShape(outputs, inputs), 3);
                float[] w = new float[outputs * inputs];
                weight.CopyTo(w);
                float[] dx = TestNumbers.Normal(rows * inputs, 4);
                double[] expected = [.. dx.Select(value => (double)value)];
                for (int r = 0; r < rows; r++)
                {
                    for (int o = 0; o < outputs; o++)
                    {
                        for (int i = 0; i < inputs; i++)
                            expected[(r * inputs) + i] += (double)dy[(r * outputs) + o] * w[(o * inputs) + i];
                    }
                }

                fixed (float* pdy = dy)
                fixed (float* pdx = dx)
                    device.Gradients.LinearInput(pdy, rows, weight, pdx, accumulate: true);
                Assert.True(Difference.Relative(dx, expected) < 2e-6, $"dx of {type} [{rows}, {outputs}, {inputs}]");
            }

            float[] dw = TestNumbers.Normal(outputs * inputs, 5);
            double[] sums = [.. dw.Select(value => (double)value)];
            for (int r = 0; r < rows; r++)
            {
                for (int o = 0; o < outputs; o++)
                {
                    for (int i = 0; i < inputs; i++)
                        sums[(o * inputs) + i] += (double)dy[(r * outputs) + o] * x[(r * inputs) + i];
                }
            }

            fixed (float* pdy = dy)
            fixed (float* px = x)
            fixed (float* pdw = dw)
                device.Gradients.LinearWeight(pdy, px, rows, outputs, inputs, pdw);
            Assert.True(Difference.Relative(dw, sums) < 2e-6, $"dw of [{rows}, {outputs}, {inputs}]");
        }
    }

    public static TheoryData<InstructionPath, int, int, int, float, int> AttentionCases()
    {
        var data = new TheoryData<InstructionPath, int, int, int, float, int>();
        foreach (InstructionPath path in Enum.GetValues<InstructionPath>().Where(CpuOptionsOf.IsSupported))
        {
            data.Add(path, 1, 1, 2, 0, 0);
            data.Add(path, 6, 2, 10, 0, 0);
            data.Add(path, 4, 1, 40, 3, 0);
            data.Add(path, 3, 3, 72, 0, 9);
            data.Add(path, 4, 2, 33 * 2, 2, 20);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(AttentionCases))]
    public void AttentionEqualsLoops(InstructionPath path, int heads, int keyHeads, int size, float cap, int window)
    {
        using var device = new CpuBackend(new CpuOptions { InstructionPath = path, Threads = 3 });
        (int Rows, int Prefix)[] sequences = [(1, 1), (5, 0), (130, 71), (60, 60)];
        int total = sequences.Sum(sequence => sequence.Rows);
        var options = new AttentionOptions(heads, keyHeads, size, 1 / MathF.Sqrt(size), cap, window);
        using Tensor q = device.ToTensor(new TensorShape(total, heads * size), TestNumbers.Normal(total * heads * size, 1, 2));
        using Tensor k = device.ToTensor(new TensorShape(total, keyHeads * size), TestNumbers.Normal(total * keyHeads * size, 2, 2));
        using Tensor v = device.ToTensor(new TensorShape(total, keyHeads * size), TestNumbers.Normal(total * keyHeads * size, 3));
        float[] dy = TestNumbers.Normal(total * heads * size, 4);
        var segments = new List<AttentionSegment>();
        int start = 0;
        foreach ((int rows, int prefix) in sequences)
        {
            segments.Add(new AttentionSegment(start, rows, k, v, start, rows, 0, prefix));
            start += rows;
        }

        using var tape = new TapeBackend(device, new ParameterSet([]));
        foreach (Tensor input in (Tensor[])[q, k, v])
            tape.Watch(input);
        using (Tensor y = tape.Attention(q, segments.ToArray(), options))
            tape.Seed(y, device.ToTensor(y.Shape, dy));
        tape.Backward();
        (double[] dq, double[] dk, double[] dv) = Loops(q.Span, k.Span, v.Span, dy, segments, options);
        foreach ((Tensor input, double[] expected, string name) in new[] { (q, dq, "q"), (k, dk, "k"), (v, dv, "v") })
        {
            using Tensor gradient = tape.TakeGradient(input)!;
            double difference = Difference.Relative(gradient.Span, expected);
            Assert.True(difference < 5e-6, $"d{name} differs by {difference:e2}");
        }
    }

    [Fact]
    public void ResultsDoNotDependOnThreads()
    {
        float[] x = TestNumbers.Normal(300 * 200, 1);
        float[] dy = TestNumbers.Normal(300 * 100, 2);
        float[][] results = [.. new[] { 1, 2, 5 }.Select(threads =>
        {
            using var device = new CpuBackend(new CpuOptions { Threads = threads });
            float[] dw = new float[100 * 200];
            fixed (float* pdy = dy)
            fixed (float* px = x)
            fixed (float* pdw = dw)
                device.Gradients.LinearWeight(pdy, px, 300, 100, 200, pdw);
            return dw;
        })];
        Assert.Equal(results[0], results[1]);
        Assert.Equal(results[0], results[2]);
    }

    [Fact]
    public void FrozenPartsAreNotRecorded()
    {
        using var device = new CpuBackend(new CpuOptions { Threads = 1 });
        var trained = new Parameter("b", new TensorShape(1, 8));
        using var tape = new TapeBackend(device, new ParameterSet([trained]));
        Weight frozen = TestWeights.Normal(WeightType.Float32, new TensorShape(8, 8), 1);
        using Tensor x = device.ToTensor(new TensorShape(3, 8), TestNumbers.Normal(24, 2));
        using Tensor h = tape.Linear(x, frozen);
        Assert.False(tape.RequiresGradient(h));
        using Tensor y = tape.Linear(h, trained.Weight);
        Assert.True(tape.RequiresGradient(y));
        tape.Seed(y, device.ToTensor(y.Shape, [1, 2, 3]));
        tape.Backward();
        Assert.Contains(trained.Gradient.AsSpan().ToArray(), value => value != 0);
        Assert.Null(tape.TakeGradient(x));
    }

    [Fact]
    public void ChosenRowsOfAProductHaveTheGradientOfTheWholeProduct()
    {
        using var device = new CpuBackend(new CpuOptions { Threads = 2 });
        int[] rows = [4, 0, 4];
        var weight = Parameter.CopyOf(TestWeights.Normal(WeightType.Float32, new TensorShape(6, 9), 1));
        using var tape = new TapeBackend(device, new ParameterSet([weight]));
        using Tensor x = device.ToTensor(new TensorShape(5, 9), TestNumbers.Normal(45, 2));
        tape.Watch(x);
        using Tensor y = tape.LinearRows(x, weight.Weight, rows);
        float[] dy = TestNumbers.Normal(15, 3);
        tape.Seed(y, device.ToTensor(y.Shape, dy));
        tape.Backward();
        double[] dw = new double[54];
        double[] dx = new double[45];
        for (int r = 0; r < 5; r++)
        {
            for (int c = 0; c < 3; c++)
            {
                for (int i = 0; i < 9; i++)
                {
                    dw[(rows[c] * 9) + i] += dy[(r * 3) + c] * x.Span[(r * 9) + i];
                    dx[(r * 9) + i] += dy[(r * 3) + c] * weight.Weight.AsSpan()[(rows[c] * 9) + i];
                }
            }
        }

        using Tensor gradient = tape.TakeGradient(x)!;
        Assert.True(Difference.Relative(gradient.Span, dx) < 1e-6);
        Assert.True(Difference.Relative(weight.Gradient.AsSpan(), dw) < 1e-6);
    }

    private static (double[] Dq, double[] Dk, double[] Dv) Loops(
        ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v, float[] dy, List<AttentionSegment> segments, AttentionOptions options)
    {
        int size = options.HeadSize;
        double[] dq = new double[q.Length];
        double[] dk = new double[k.Length];
        double[] dv = new double[v.Length];
        foreach (AttentionSegment segment in segments)
        {
            for (int query = 0; query < segment.QueryCount; query++)
            {
                (int first, int last) = segment.VisibleKeys(query, options.Window);
                for (int head = 0; head < options.QueryHeads; head++)
                {
                    int keyHead = head * options.KeyValueHeads / options.QueryHeads;
                    int own = (((segment.QueryStart + query) * options.QueryHeads) + head) * size;
                    double[] weights = new double[last - first];
                    double[] slopes = new double[last - first];
                    for (int key = first; key < last; key++)
                    {
                        int other = (((segment.KeyStart + key) * options.KeyValueHeads) + keyHead) * size;
                        double logit = 0;
                        for (int i = 0; i < size; i++)
                            logit += (double)q[own + i] * k[other + i];
                        logit *= options.Scale;
                        double t = options.SoftCap > 0 ? Math.Tanh(logit / options.SoftCap) : 0;
                        slopes[key - first] = 1 - (t * t);
                        weights[key - first] = options.SoftCap > 0 ? options.SoftCap * t : logit;
                    }

                    double maximum = weights.Max();
                    double total = weights.Sum(value => Math.Exp(value - maximum));
                    double[] products = new double[weights.Length];
                    for (int j = 0; j < weights.Length; j++)
                    {
                        weights[j] = Math.Exp(weights[j] - maximum) / total;
                        int other = (((segment.KeyStart + first + j) * options.KeyValueHeads) + keyHead) * size;
                        for (int i = 0; i < size; i++)
                        {
                            products[j] += (double)dy[own + i] * v[other + i];
                            dv[other + i] += weights[j] * dy[own + i];
                        }
                    }

                    double mean = weights.Zip(products, (weight, product) => weight * product).Sum();
                    for (int j = 0; j < weights.Length; j++)
                    {
                        int other = (((segment.KeyStart + first + j) * options.KeyValueHeads) + keyHead) * size;
                        double gradient = weights[j] * (products[j] - mean) * slopes[j] * options.Scale;
                        for (int i = 0; i < size; i++)
                        {
                            dq[own + i] += gradient * k[other + i];
                            dk[other + i] += gradient * q[own + i];
                        }
                    }
                }
            }
        }

        return (dq, dk, dv);
    }
}
