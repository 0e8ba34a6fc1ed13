using System.Text.Json;
using PaliSharp.TestSupport;

namespace PaliSharp.Tensors.Tests;

/// <summary>One case of the reference data for single operations.</summary>
internal sealed class GoldenOperation(JsonElement description, IReadOnlyDictionary<string, GoldenTensor> tensors)
{
    public string Name { get; } = description.GetProperty("name").GetString()!;

    public double[] Expected => tensors[$"{Name}/out.y"].Doubles();

    /// <summary>Runs the case; null if it needs an operation that backends do not have.</summary>
    public float[]? Compute(TensorBackend backend)
    {
        switch (description.GetProperty("op").GetString())
        {
            case "rmsnorm":
                return Unary(backend, x => backend.RmsNorm(x, Weight("w"), Parameter("eps")));
            case "layernorm":
                return Unary(backend, x => backend.LayerNorm(x, Weight("w"), Weight("b"), Parameter("eps")));
            case "gelu_tanh":
                return Unary(backend, backend.GeluTanh);
            case "softcap":
                return Unary(backend, x => backend.SoftCap(x, Parameter("cap")));
            case "linear":
                return Unary(backend, x => backend.Linear(x, Weight("w"), Weight("b")));
            case "position_add":
                return Unary(backend, x => backend.Add(x, Weight("table")));
            case "geglu":
                return Geglu(backend);
            case "gated_ffn":
                return GatedFeedForward(backend);
            case "lora_linear":
                return LowRankLinear(backend);
            case "embedding":
                return Values(backend.Embedding(Golden("ids").Ints(), Weight("table"), Parameter("scale")));
            case "tied_head":
                return TiedHead(backend);
            case "patch_embed":
                return PatchEmbedding(backend);
            case "rope":
                return Rotary(backend);
            case "softmax":
                return Softmax(backend);
            case "attention":
                return Attention(backend);
            default:
                return null;
        }
    }

    private static float[] Values(Tensor tensor)
    {
        using (tensor)
            return tensor.Span.ToArray();
    }

    /// <summary>[batch, a, b, width] to [batch, b, a, width]: the files keep heads outside, this library time.</summary>
    private static float[] SwapMiddle(float[] values, int[] shape)
    {
        (int batch, int outer, int inner, int width) = (shape[0], shape[1], shape[2], shape[3]);
        var result = new float[values.Length];
        for (int i = 0; i < values.Length / width; i++)
        {
            (int pair, int b) = Math.DivRem(i, inner);
            (int n, int a) = Math.DivRem(pair, outer);
            Array.Copy(values, i * width, result, ((((n * inner) + b) * outer) + a) * width, width);
        }

        return batch * outer * inner * width == values.Length ? result : throw new InvalidDataException("The shape does not fit the values.");
    }

    private GoldenTensor Golden(string input) => tensors[$"{Name}/in.{input}"];

    private float Parameter(string name) => description.GetProperty("params").GetProperty(name) is { ValueKind: JsonValueKind.Number } number ? number.GetSingle() : 0;

    private Weight Weight(string input)
    {
        GoldenTensor golden = Golden(input);
        return Tensors.Weight.FromValues(input, TensorShape.From(golden.Shape), golden.Floats());
    }

    private Tensor Input(TensorBackend backend, string input)
    {
        GoldenTensor golden = Golden(input);
        Tensor tensor = backend.Rent(TensorShape.From(golden.Shape));
        golden.Floats().CopyTo(tensor.Span);
        return tensor;
    }

    private float[] Unary(TensorBackend backend, Func<Tensor, Tensor> operation)
    {
        using Tensor x = Input(backend, "x");
        return Values(operation(x));
    }

    private float[] Geglu(TensorBackend backend)
    {
        using Tensor gate = Input(backend, "gate");
        using Tensor up = Input(backend, "up");
        return Values(backend.GatedGeluTanh(gate, up));
    }

    private float[] GatedFeedForward(TensorBackend backend)
    {
        using Tensor x = Input(backend, "x");
        using Tensor gate = backend.Linear(x, Weight("wg"));
        using Tensor up = backend.Linear(x, Weight("wu"));
        using Tensor hidden = backend.GatedGeluTanh(gate, up);
        return Values(backend.Linear(hidden, Weight("wd")));
    }

    private float[] LowRankLinear(TensorBackend backend)
    {
        using Tensor x = Input(backend, "x");
        using Tensor y = backend.Linear(x, Weight("w"));
        using Tensor low = backend.Linear(x, Weight("a"));
        using Tensor update = backend.Linear(low, Weight("b"));
        return Values(backend.Add(y, update, Parameter("scale")));
    }

    private float[] TiedHead(TensorBackend backend)
    {
        using Tensor x = Input(backend, "x");
        using Tensor embedded = backend.Embedding(Golden("ids").Ints(), Weight("table"), Parameter("scale"));
        using Tensor sum = backend.Add(embedded, x);
        return Values(backend.Linear(sum, Weight("table")));
    }

    private float[] PatchEmbedding(TensorBackend backend)
    {
        using Tensor x = Input(backend, "x");
        using Tensor patches = backend.Patches(x, (int)Parameter("patch"));
        Weight weight = Weight("w");
        return Values(backend.Linear(patches, weight.Reshape(new TensorShape(weight.Shape[0], patches.Columns)), Weight("b")));
    }

    private float[] Rotary(TensorBackend backend)
    {
        GoldenTensor golden = Golden("x"); // [batch, heads, time, head size]
        int[] shape = golden.Shape;
        using Tensor x = backend.Rent(new TensorShape(shape[0] * shape[2], shape[1] * shape[3]));
        SwapMiddle(golden.Floats(), shape).CopyTo(x.Span);
        float[] y = Values(backend.RotaryEmbedding(x, Golden("positions").Ints(), shape[3], Parameter("theta")));
        return SwapMiddle(y, [shape[0], shape[2], shape[1], shape[3]]);
    }

    /// <summary>Attention with unit keys and values computes the softmax of its queries.</summary>
    private float[] Softmax(TensorBackend backend)
    {
        using Tensor x = Input(backend, "x");
        int width = x.Columns;
        using Tensor unit = backend.Rent(new TensorShape(width, width));
        unit.Span.Clear();
        for (int i = 0; i < width; i++)
            unit.Row(i)[i] = 1;
        var segment = new AttentionSegment(0, x.Rows, unit, unit, 0, width, 0, Math.Max(width, x.Rows));
        return Values(backend.Attention(x, [segment], new AttentionOptions(1, 1, width, 1)));
    }

    private float[] Attention(TensorBackend backend)
    {
        int[] queryShape = Golden("q").Shape; // [batch, heads, time, head size]
        int[] keyShape = Golden("k").Shape;
        (int batch, int heads, int time, int headSize) = (queryShape[0], queryShape[1], queryShape[2], queryShape[3]);
        (int keyHeads, int keyTime) = (keyShape[1], keyShape[2]);
        using Tensor queries = backend.Rent(new TensorShape(batch * time, heads * headSize));
        using Tensor keys = backend.Rent(new TensorShape(batch * keyTime, keyHeads * headSize));
        using Tensor values = backend.Rent(new TensorShape(batch * keyTime, keyHeads * headSize));
        SwapMiddle(Golden("q").Floats(), queryShape).CopyTo(queries.Span);
        SwapMiddle(Golden("k").Floats(), keyShape).CopyTo(keys.Span);
        SwapMiddle(Golden("v").Floats(), keyShape).CopyTo(values.Span);
        var segments = new AttentionSegment[batch];
        for (int example = 0; example < batch; example++)
            segments[example] = Segment(example, time, keyTime, keys, values);
        var options = new AttentionOptions(heads, keyHeads, headSize, Parameter("scale"), Parameter("cap"));
        float[] result = Values(backend.Attention(queries, segments, options));
        float[] single = Values(backend.Attention(queries, [.. segments.SelectMany(Split)], options));
        double difference = TestNumbers.RelativeL2(single, (ReadOnlySpan<float>)result);
        if (!(difference < 1e-6))
            throw new InvalidOperationException($"{Name}: row by row differs by {difference:E2}.");
        return SwapMiddle(result, [batch, time, heads, headSize]);
    }

    /// <summary>Each query as a sequence of its own: the path of single queries must give the same.</summary>
    private static IEnumerable<AttentionSegment> Split(AttentionSegment segment) =>
        Enumerable.Range(0, segment.QueryCount).Select(query => segment with
        {
            QueryStart = segment.QueryStart + query,
            QueryCount = 1,
            QueryPosition = segment.QueryPosition + query,
        });

    /// <summary>Finds the segment whose visible keys are the mask.</summary>
    private AttentionSegment Segment(int example, int time, int keyTime, Tensor keys, Tensor values)
    {
        var full = new AttentionSegment(example * time, time, keys, values, example * keyTime, keyTime, 0, Math.Max(time, keyTime));
        if (!tensors.ContainsKey($"{Name}/in.mask"))
            return full;
        bool[] mask = Array.ConvertAll(Golden("mask").Longs()[(example * time * keyTime)..((example + 1) * time * keyTime)], value => value != 0);
        for (int keyCount = 0; keyCount <= keyTime; keyCount++)
        {
            for (int position = 0; position <= keyTime; position++)
            {
                for (int prefix = 0; prefix <= keyTime; prefix++)
                {
                    AttentionSegment candidate = full with { KeyCount = keyCount, QueryPosition = position, PrefixLength = prefix };
                    if (mask.AsSpan().SequenceEqual(Mask(candidate, keyTime)))
                        return candidate;
                }
            }
        }

        throw new InvalidDataException($"The mask of {Name} is not a prefix and a causal part.");
    }

    private static bool[] Mask(AttentionSegment segment, int keyTime)
    {
        var mask = new bool[segment.QueryCount * keyTime];
        for (int query = 0; query < segment.QueryCount; query++)
        {
            (int start, int end) = segment.VisibleKeys(query, 0);
            for (int key = start; key < end; key++)
                mask[(query * keyTime) + key] = true;
        }

        return mask;
    }
}
