using System.Runtime.InteropServices;
using PaliSharp.Tensors.Quantization;

namespace PaliSharp.Tensors;

/// <summary>How the elements of a <see cref="Weight"/> are stored.</summary>
public enum WeightType
{
    /// <summary>IEEE 754 single precision, 4 bytes.</summary>
    Float32,

    /// <summary>The upper half of a float32, 2 bytes.</summary>
    BFloat16,

    /// <summary>IEEE 754 half precision, 2 bytes.</summary>
    Float16,

    /// <summary>8 bits in blocks that share a scale, for matrices only; see <see cref="QuantizedLayout"/>.</summary>
    Int8,

    /// <summary>4 bits in blocks that share a scale, for matrices only; see <see cref="QuantizedLayout"/>.</summary>
    Int4,
}

/// <summary>
/// A parameter of a model in the type it is stored in: row-major, without gaps, read-only, usually a view into a memory-mapped file.
/// Kernels widen it element by element as they read; it is never widened as a whole.
/// </summary>
/// <remarks>Matrices of linear layers are <c>[outputs, inputs]</c>: each output's row is contiguous.</remarks>
public sealed unsafe class Weight
{
    private readonly object? _owner;
    private readonly void* _data;

    /// <summary>Describes elements that live elsewhere.</summary>
    /// <param name="name">The parameter's name, used in messages.</param>
    /// <param name="type">How elements are stored.</param>
    /// <param name="shape">The extents.</param>
    /// <param name="data">The first element, aligned to the size of one element at least.</param>
    /// <param name="owner">What must stay alive for <paramref name="data"/> to stay valid, such as a mapped file.</param>
    /// <exception cref="ArgumentException">The type is quantised and the shape is not that of a matrix.</exception>
    public Weight(string name, WeightType type, TensorShape shape, void* data, object? owner)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (QuantizedLayout.IsQuantized(type) && shape.Rank != 2)
            throw new ArgumentException($"'{name}' of shape {shape} cannot be stored as {type}, which is for matrices.", nameof(shape));
        Name = name;
        Type = type;
        Shape = shape;
        _data = data;
        _owner = owner;
    }

    /// <summary>The parameter's name, for messages.</summary>
    public string Name { get; }

    /// <summary>How elements are stored.</summary>
    public WeightType Type { get; }

    /// <summary>The extents; <c>[outputs, inputs]</c> for a linear layer.</summary>
    public TensorShape Shape { get; }

    /// <summary>The first element.</summary>
    public void* Data => _data;

    /// <summary>What keeps <see cref="Data"/> valid.</summary>
    public object? Owner => _owner;

    /// <summary>The size in bytes.</summary>
    public long ByteLength => SizeOf(Type, Shape);

    /// <summary>The bytes of one element of a type that stores each element by itself.</summary>
    /// <param name="type">The storage type.</param>
    /// <exception cref="ArgumentOutOfRangeException">The type is quantised; see <see cref="SizeOf"/>.</exception>
    public static int ElementSize(WeightType type) => type switch
    {
        WeightType.Float32 => 4,
        WeightType.BFloat16 or WeightType.Float16 => 2,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Elements of this storage type have no size of their own."),
    };

    /// <summary>The bytes that a weight takes.</summary>
    /// <param name="type">The storage type.</param>
    /// <param name="shape">The extents.</param>
    public static long SizeOf(WeightType type, TensorShape shape) => QuantizedLayout.IsQuantized(type)
        ? QuantizedLayout.Bytes(type, shape)
        : shape.Count * ElementSize(type);

    /// <summary>Reads the elements of a float32 weight, without a copy.</summary>
    /// <exception cref="InvalidOperationException">The weight is of another type.</exception>
    public ReadOnlySpan<float> AsSpan() => Type == WeightType.Float32
        ? new ReadOnlySpan<float>(_data, checked((int)Shape.Count))
        : throw new InvalidOperationException($"'{Name}' is stored as {Type}, not Float32.");

    /// <summary>Copies values into new native memory as a float32 weight.</summary>
    /// <param name="name">The parameter's name.</param>
    /// <param name="shape">The extents.</param>
    /// <param name="values">The elements, row-major; as many as the shape has.</param>
    /// <exception cref="ArgumentException">The count differs from the shape's.</exception>
    public static Weight FromValues(string name, TensorShape shape, ReadOnlySpan<float> values)
    {
        if (values.Length != shape.Count)
            throw new ArgumentException($"'{name}' of shape {shape} needs {shape.Count} values, not {values.Length}.", nameof(values));
        var memory = new NativeBuffer((long)values.Length * sizeof(float));
        values.CopyTo(new Span<float>(memory.Pointer, values.Length));
        return new Weight(name, WeightType.Float32, shape, memory.Pointer, memory);
    }

    /// <summary>The same elements under other extents of the same product, without a copy.</summary>
    /// <param name="shape">The new extents.</param>
    /// <exception cref="ArgumentException">The number of elements differs, or the weight is quantised and its rows would change.</exception>
    public Weight Reshape(TensorShape shape) => shape.Count == Shape.Count && (!QuantizedLayout.IsQuantized(Type) || shape == Shape)
        ? new Weight(Name, Type, shape, _data, _owner)
        : throw new ArgumentException($"'{Name}' of shape {Shape} cannot be read as {shape}.", nameof(shape));

    /// <summary>Widens the elements to float32.</summary>
    /// <param name="destination">Receives <see cref="TensorShape.Count"/> values.</param>
    public void CopyTo(Span<float> destination) => CopyTo(0, checked((int)Shape.Count), destination);

    /// <summary>Widens a run of elements to float32.</summary>
    /// <param name="start">The index of the first element.</param>
    /// <param name="count">How many.</param>
    /// <param name="destination">Receives <paramref name="count"/> values.</param>
    public void CopyTo(long start, int count, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + count, Shape.Count);
        switch (Type)
        {
            case WeightType.Float32:
                new ReadOnlySpan<float>((float*)_data + start, count).CopyTo(destination);
                break;
            case WeightType.BFloat16:
                var words = new ReadOnlySpan<ushort>((ushort*)_data + start, count);
                for (int i = 0; i < words.Length; i++)
                    destination[i] = BitConverter.UInt32BitsToSingle((uint)words[i] << 16);
                break;
            case WeightType.Float16:
                var halves = new ReadOnlySpan<Half>((Half*)_data + start, count);
                for (int i = 0; i < halves.Length; i++)
                    destination[i] = (float)halves[i];
                break;
            default:
                CopyQuantized(start, destination[..count]);
                break;
        }
    }

    private void CopyQuantized(long start, Span<float> destination)
    {
        int inputs = Shape.Columns;
        while (!destination.IsEmpty)
        {
            (long row, long column) = Math.DivRem(start, inputs);
            int run = (int)Math.Min(inputs - column, destination.Length);
            QuantizedLayout.Dequantize(Type, _data, inputs, (int)row, (int)column, destination[..run]);
            destination = destination[run..];
            start += run;
        }
    }
}

/// <summary>Native memory of a fixed size, aligned to 64 bytes, zero at first, freed when nothing refers to it.</summary>
public sealed unsafe class NativeBuffer : SafeHandle
{
    /// <summary>Allocates zeroed memory.</summary>
    /// <param name="byteLength">The size, at least 0.</param>
    /// <exception cref="OutOfMemoryException">The system has no such memory.</exception>
    public NativeBuffer(long byteLength)
        : base(0, ownsHandle: true)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteLength);
        ByteLength = byteLength;
        nuint size = (nuint)Math.Max(byteLength, 64);
        void* memory = NativeMemory.AlignedAlloc(size, 64);
        NativeMemory.Clear(memory, size);
        SetHandle((nint)memory);
        GC.AddMemoryPressure(Math.Max(byteLength, 64));
    }

    /// <summary>The size in bytes.</summary>
    public long ByteLength { get; }

    /// <summary>The first byte.</summary>
    public void* Pointer => (void*)handle;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        NativeMemory.AlignedFree((void*)handle);
        GC.RemoveMemoryPressure(Math.Max(ByteLength, 64));
        return true;
    }
}
