using System.Runtime.InteropServices;
using System.Text.Json;

namespace PaliSharp.Imaging.Tests.Golden;

/// <summary>Reads tensors of a safetensors file as raw bytes; enough for reference data that the tests trust.</summary>
internal sealed class TensorFile
{
    private readonly byte[] _data;
    private readonly int _start;
    private readonly Dictionary<string, (int[] Shape, int From, int To)> _tensors = [];

    public TensorFile(string path)
    {
        _data = File.ReadAllBytes(path);
        int length = (int)BitConverter.ToInt64(_data);
        _start = 8 + length;
        using JsonDocument header = JsonDocument.Parse(_data.AsMemory(8, length));
        foreach (JsonProperty tensor in header.RootElement.EnumerateObject())
        {
            if (tensor.NameEquals("__metadata__"))
                continue;
            int[] offsets = [.. tensor.Value.GetProperty("data_offsets").EnumerateArray().Select(v => v.GetInt32())];
            int[] shape = [.. tensor.Value.GetProperty("shape").EnumerateArray().Select(v => v.GetInt32())];
            _tensors[tensor.Name] = (shape, offsets[0], offsets[1]);
        }
    }

    public IEnumerable<string> Names => _tensors.Keys;

    public bool Contains(string name) => _tensors.ContainsKey(name);

    public int[] Shape(string name) => _tensors[name].Shape;

    public ReadOnlySpan<byte> Bytes(string name) => _data.AsSpan((_start + _tensors[name].From)..(_start + _tensors[name].To));

    public ReadOnlySpan<float> Floats(string name) => MemoryMarshal.Cast<byte, float>(Bytes(name));
}
