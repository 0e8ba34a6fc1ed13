using System.Text.Json;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Tensors.Cpu.Gradients;
using PaliSharp.TestSupport;
using PaliSharp.Training.Autodiff;
using Xunit;

namespace PaliSharp.Training.Tests.Autodiff;

/// <summary>The gradient of every operation against float64 gradients of the reference.</summary>
[Trait("Category", "Golden")]
public sealed unsafe class OperationGoldenTests
{
    // Functions that the model does not contain.
    private static readonly string[] Foreign = ["softmax", "log_softmax", "l2_normalize"];

    public static TheoryData<string, string> Cases()
    {
        var data = new TheoryData<string, string>();
        List<string> files = [.. GoldenData.Topic("training").Select(folder => Path.Combine(folder, "ops.json")).Where(File.Exists)];
        GoldenData.RequireCases("training", files);
        foreach (string file in files)
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
            foreach (JsonElement item in document.RootElement.EnumerateArray())
            {
                if (!Foreign.Contains(item.GetProperty("op").GetString()))
                    data.Add(Path.GetDirectoryName(file)!, item.GetProperty("name").GetString()!);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void GradientEqualsReference(string folder, string name)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "ops.json")));
        JsonElement item = document.RootElement.EnumerateArray().Single(entry => entry.GetProperty("name").GetString() == name);
        foreach (InstructionPath path in Enum.GetValues<InstructionPath>().Where(CpuOptionsOf.IsSupported))
        {
            using var device = new CpuBackend(new CpuOptions { InstructionPath = path, Threads = 2 });
            using var run = new OperationRun(device, GoldenTensors.Load(Path.Combine(folder, "ops.safetensors")), name);
            run.Execute(item.GetProperty("op").GetString()!, item.GetProperty("params"));
            double tolerance = name == "layernorm_small" ? 1e-4 : 5e-6;
            Assert.True(run.OutputDifference <= tolerance, $"{path}: y differs by {run.OutputDifference:e2}");
            Assert.NotEmpty(run.GradientDifferences);
            foreach ((string key, double difference) in run.GradientDifferences)
                Assert.True(difference <= tolerance, $"{path}: the gradient of {key} differs by {difference:e2}");
        }
    }
}

/// <summary>Which instruction paths this process can take.</summary>
internal static class CpuOptionsOf
{
    public static bool IsSupported(InstructionPath path)
    {
        if (path == InstructionPath.Auto)
            return false;
        try
        {
            using var backend = new CpuBackend(new CpuOptions { InstructionPath = path, Threads = 1 });
            return true;
        }
        catch (PlatformNotSupportedException)
        {
            return false;
        }
    }
}

/// <summary>Runs one reference case through a tape.</summary>
internal sealed unsafe class OperationRun : IDisposable
{
    private readonly CpuBackend _device;
    private readonly IReadOnlyDictionary<string, GoldenTensor> _file;
    private readonly string _case;
    private readonly Dictionary<string, Parameter> _parameters = [];
    private readonly Dictionary<string, Tensor> _inputs = [];

    public OperationRun(CpuBackend device, IReadOnlyDictionary<string, GoldenTensor> file, string name)
    {
        (_device, _file, _case) = (device, file, name);
        foreach (string key in (string[])["w", "b", "a", "table", "wg", "wu", "wd", "m"])
        {
            if (!file.TryGetValue($"{name}/in.{key}", out GoldenTensor? tensor))
                continue;
            var parameter = new Parameter(key, TensorShape.From(tensor.Shape));
            tensor.Floats().CopyTo(new Span<float>(parameter.Values, tensor.Count));
            _parameters[key] = parameter;
        }

        Tape = new TapeBackend(device, new ParameterSet(_parameters.Values));
    }

    private double[] _rowNorms = [];

    public double OutputDifference { get; private set; }

    public Dictionary<string, double> GradientDifferences { get; } = [];

    private TapeBackend Tape { get; }

    public void Execute(string operation, JsonElement options)
    {
        if (operation == "cross_entropy")
        {
            CrossEntropy(options);
            return;
        }

        using Tensor y = operation == "attention" ? Attention(options) : Compute(operation, options);
        double[] expected = HeadsInside("out.y", Golden("out.y").Doubles());
        OutputDifference = Difference.Relative(y.Span, expected);
        using (Tensor upstream = Tape.ToTensor(y.Shape, [.. HeadsInside("up.y", Golden("up.y").Doubles()).Select(value => (float)value)]))
            Tape.Seed(y, upstream.Retain());
        Tape.Backward();
        foreach ((string key, Parameter parameter) in _parameters)
            Compare(key, [.. parameter.Gradient.AsSpan().ToArray().Select((value, i) => key == "m" ? (float)(value / _rowNorms[i]) : value)], Golden($"grad.{key}").Doubles());
        foreach ((string key, Tensor input) in _inputs)
        {
            using Tensor gradient = Tape.TakeGradient(input)!;
            Compare(key, gradient.Span, HeadsInside($"grad.{key}", Golden($"grad.{key}").Doubles()));
        }
    }

    public void Dispose()
    {
        foreach (Tensor input in _inputs.Values)
            input.Dispose();
        Tape.Dispose();
    }

    private GoldenTensor Golden(string key) => _file[$"{_case}/{key}"];

    private void Compare(string key, ReadOnlySpan<float> actual, double[] expected) => GradientDifferences.Add(key, Difference.Relative(actual, expected));

    private Tensor Input(string key)
    {
        GoldenTensor golden = Golden($"in.{key}");
        double[] values = HeadsInside($"in.{key}", golden.Doubles());
        Tensor tensor = Tape.ToTensor(ShapeOf($"in.{key}"), [.. values.Select(value => (float)value)]);
        Tape.Watch(tensor);
        return _inputs[key] = tensor;
    }

    // The reference has heads before positions, [batch, heads, positions, size]; here they are rows of [heads·size].
    private bool HasHeads(string key) => Golden(key).Shape.Length == 4 && _file.ContainsKey($"{_case}/in.x") == _file.ContainsKey($"{_case}/in.positions")
        && !_file.ContainsKey($"{_case}/in.w");

    private TensorShape ShapeOf(string key)
    {
        int[] shape = Golden(key).Shape;
        return HasHeads(key) ? new TensorShape(shape[0] * shape[2], shape[1] * shape[3]) : TensorShape.From(shape);
    }

    private double[] HeadsInside(string key, double[] values)
    {
        if (!HasHeads(key))
            return values;
        int[] s = Golden(key).Shape;
        double[] result = new double[values.Length];
        for (int b = 0; b < s[0]; b++)
        {
            for (int n = 0; n < s[1]; n++)
            {
                for (int t = 0; t < s[2]; t++)
                    Array.Copy(values, ((((b * s[1]) + n) * s[2]) + t) * s[3], result, ((((b * s[2]) + t) * s[1]) + n) * s[3], s[3]);
            }
        }

        return result;
    }

    private Tensor Compute(string operation, JsonElement options)
    {
        Weight W(string key) => _parameters[key].Weight;
        float Option(string key) => options.GetProperty(key).GetSingle();
        switch (operation)
        {
            case "rmsnorm":
                return Tape.RmsNorm(Input("x"), W("w"), Option("eps"));
            case "layernorm":
                return Tape.LayerNorm(Input("x"), W("w"), W("b"), Option("eps"));
            case "gelu_tanh":
                return Tape.GeluTanh(Input("x"));
            case "geglu":
                return Tape.GatedGeluTanh(Input("gate"), Input("up"));
            case "gated_ffn":
                Tensor x = Input("x");
                using (Tensor gate = Tape.Linear(x, W("wg")))
                using (Tensor up = Tape.Linear(x, W("wu")))
                using (Tensor gated = Tape.GatedGeluTanh(gate, up))
                    return Tape.Linear(gated, W("wd"));
            case "linear":
                return Tape.Linear(Input("x"), W("w"), W("b"));
            case "softcap":
                return Tape.SoftCap(Input("x"), Option("cap"));
            case "rope":
                int[] shape = Golden("in.x").Shape;
                return Tape.RotaryEmbedding(Input("x"), Golden("in.positions").Ints(), shape[3], Option("theta"));
            case "patch_embed":
                int patch = options.GetProperty("patch").GetInt32();
                Weight kernel = W("w").Reshape(new TensorShape(W("w").Shape[0], W("w").Shape.Count is var count ? (int)(count / W("w").Shape[0]) : 0));
                using (Tensor patches = Tape.Patches(Input("x"), patch))
                    return Tape.Linear(patches, kernel, W("b"));
            case "position_add":
                return Tape.Add(Input("x"), W("table"));
            case "embedding":
                return Tape.Embedding(Golden("in.ids").Ints(), W("table"), Option("scale"));
            case "tied_head":
                using (Tensor looked = Tape.Embedding(Golden("in.ids").Ints(), W("table"), Option("scale")))
                {
                    Tensor added = Input("x");
                    using Tensor sum = Tape.Add(looked.Reshape(added.Shape), added);
                    return Tape.Linear(sum, W("table"));
                }

            case "lora_linear":
                return Lora(Input("x"), Option("scale"));
            case "dora_linear":
                return Dora(Input("x"), Option("scale"));
            default:
                throw new InvalidDataException($"The reference has an operation '{operation}' that is not known here.");
        }
    }

    private Tensor Lora(Tensor x, float scale)
    {
        using Tensor reduced = Tape.Linear(x, _parameters["a"].Weight);
        using Tensor low = Tape.Linear(reduced, _parameters["b"].Weight);
        using Tensor full = Tape.Linear(x, _parameters["w"].Weight);
        return Tape.Add(full, low, scale);
    }

    // The magnitude over the row norms of W + scale·B·A, which are constants to the gradient, is the parameter the product is scaled by.
    private Tensor Dora(Tensor x, float scale)
    {
        _rowNorms = RowNorms(_parameters["w"], _parameters["a"], _parameters["b"], scale);
        for (int i = 0; i < _rowNorms.Length; i++)
            _parameters["m"].Values[i] = (float)(_parameters["m"].Values[i] / _rowNorms[i]);
        using Tensor updated = Lora(x, scale);
        return Tape.Multiply(updated, _parameters["m"].Weight);
    }

    private static double[] RowNorms(Parameter w, Parameter a, Parameter b, float scale)
    {
        (int outputs, int inputs, int rank) = (w.Shape[0], w.Shape[1], a.Shape[0]);
        double[] norms = new double[outputs];
        for (int row = 0; row < outputs; row++)
        {
            for (int column = 0; column < inputs; column++)
            {
                double value = w.Values[(row * inputs) + column];
                for (int k = 0; k < rank; k++)
                    value += (double)scale * b.Values[(row * rank) + k] * a.Values[(k * inputs) + column];
                norms[row] += value * value;
            }

            norms[row] = Math.Sqrt(norms[row]);
        }

        return norms;
    }

    private Tensor Attention(JsonElement options)
    {
        int[] q = Golden("in.q").Shape;
        int[] k = Golden("in.k").Shape;
        Tensor queries = Input("q");
        Tensor keys = Input("k");
        Tensor values = Input("v");
        bool[]? mask = _file.TryGetValue($"{_case}/in.mask", out GoldenTensor? golden) ? [.. golden.Longs().Select(value => value != 0)] : null;
        var segments = new AttentionSegment[q[0]];
        for (int b = 0; b < q[0]; b++)
        {
            // The mask says how long the prefix is: the keys that the first query sees.
            // Keys that nobody sees are padding.
            int prefix = k[2];
            int count = k[2];
            if (mask is not null)
            {
                ArraySegment<bool> own = new(mask, b * q[2] * k[2], q[2] * k[2]);
                prefix = own.Take(k[2]).Count(visible => visible);
                count = own.Chunk(k[2]).Max(row => Array.LastIndexOf(row, true) + 1);
            }

            segments[b] = new AttentionSegment(b * q[2], q[2], keys, values, b * k[2], count, k[2] - q[2], prefix);
            CheckMask(mask, b, q[2], k[2], segments[b]);
        }

        JsonElement cap = options.GetProperty("cap");
        return Tape.Attention(
            queries,
            segments,
            new AttentionOptions(q[1], k[1], q[3], options.GetProperty("scale").GetSingle(), cap.ValueKind == JsonValueKind.Null ? 0 : cap.GetSingle()));
    }

    private static void CheckMask(bool[]? mask, int example, int queries, int keys, in AttentionSegment segment)
    {
        for (int query = 0; mask is not null && query < queries; query++)
        {
            (int start, int end) = segment.VisibleKeys(query, 0);
            for (int key = 0; key < keys; key++)
                Assert.Equal(mask[(((example * queries) + query) * keys) + key], key >= start && key < end);
        }
    }

    private void CrossEntropy(JsonElement options)
    {
        GoldenTensor golden = Golden("in.logits");
        (int examples, int positions, int columns) = (golden.Shape[0], golden.Shape[1], golden.Shape[2]);
        int[] labels = Golden("in.labels").Ints();
        bool exampleMean = options.GetProperty("reduction").GetString() == "example_mean";
        float smoothing = options.GetProperty("smoothing").GetSingle();
        CrossEntropyOptions entropy = options.GetProperty("style").GetString() == "torch"
            ? new CrossEntropyOptions(1 - smoothing + (smoothing / columns), smoothing / columns, 0)
            : new CrossEntropyOptions(1 - smoothing, smoothing / (columns - 1), 0);
        float[] weights = new float[labels.Length];
        for (int i = 0; i < labels.Length; i++)
        {
            int example = i / positions;
            int own = labels.Skip(example * positions).Take(positions).Count(label => label >= 0);
            double divisor = exampleMean ? Math.Max(1, own) * examples : labels.Count(label => label >= 0);
            weights[i] = labels[i] < 0 ? 0 : (float)(1 / divisor);
        }

        labels = [.. labels.Select(label => Math.Max(0, label))];

        using Tensor logits = Tape.ToTensor(TensorShape.From(golden.Shape), golden.Floats());
        double[] losses = new double[labels.Length];
        fixed (int* target = labels)
        fixed (float* weight = weights)
        fixed (double* loss = losses)
            _device.Gradients.CrossEntropy(logits.Pointer, target, weight, labels.Length, columns, entropy, loss);
        float total = (float)losses.Zip(weights, (loss, weight) => loss * weight).Sum();
        OutputDifference = Difference.Relative([total], Golden("out.y").Doubles());
        double upstream = Golden("up.y").Doubles()[0];
        Compare("logits", [.. logits.Span.ToArray().Select(value => (float)(value * upstream))], Golden("grad.logits").Doubles());
    }
}
