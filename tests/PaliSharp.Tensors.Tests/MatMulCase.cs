using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Numerics;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Tensors.Cpu.MatMul;
using PaliSharp.Tensors.Cpu.Simd;
using PaliSharp.Tensors.Quantization;

namespace PaliSharp.Tensors.Tests;

/// <summary>How the values of a <see cref="MatMulCase"/> are drawn.</summary>
public enum MatMulValues
{
    /// <summary>Of both signs, so that sums cancel.</summary>
    BothSigns,

    /// <summary>From 0 to 1, so that sums grow and rounding errors with them.</summary>
    Positive,

    /// <summary>All alike, so that rounding errors all have the same sign.</summary>
    Constant,
}

/// <summary>A product with known operands, its float64 reference, and memory that ends where the operands end.</summary>
internal sealed unsafe class MatMulCase : IDisposable
{
    private readonly GuardedMemory _x;
    private readonly GuardedMemory _weight;
    private readonly GuardedMemory _y;
    private readonly float[]? _bias;
    private readonly int _rows;
    private readonly int _inputs;
    private readonly int _outputs;
    private readonly Weight _stored;
    private double[]? _reference;

    public MatMulCase(int rows, int inputs, int outputs, WeightType type, bool bias, MatMulValues values = MatMulValues.BothSigns, int seed = 1)
    {
        (_rows, _inputs, _outputs) = (rows, inputs, outputs);
        var random = new Random(seed);
        float Draw() => values switch
        {
            MatMulValues.BothSigns => (random.NextSingle() * 2) - 1,
            MatMulValues.Positive => random.NextSingle(),
            _ => 0.7f,
        };

        _x = new GuardedMemory((long)rows * inputs * sizeof(float));
        for (long i = 0; i < (long)rows * inputs; i++)
            ((float*)_x.Start)[i] = Draw();
        var shape = new TensorShape(outputs, inputs);
        _weight = new GuardedMemory(Weight.SizeOf(type, shape));
        float[] drawn = new float[outputs * inputs];
        foreach (ref float value in drawn.AsSpan())
            value = Draw();
        Store(drawn, type, shape, (byte*)_weight.Start);

        _stored = new Weight("weight", type, shape, _weight.Start, _weight);
        _y = new GuardedMemory((long)rows * outputs * sizeof(float));
        if (bias)
        {
            _bias = new float[outputs];
            for (int i = 0; i < outputs; i++)
                _bias[i] = Draw();
        }
    }

    /// <summary>The paths of this machine.</summary>
    public static IEnumerable<InstructionPath> Paths()
    {
        if (Avx512Simd.IsSupported)
            yield return InstructionPath.Avx512;
        if (Avx2Simd.IsSupported)
            yield return InstructionPath.Avx2;
        if (AdvSimdSimd.IsSupported)
            yield return InstructionPath.AdvSimd;
        yield return InstructionPath.Portable;
    }

    /// <summary>Multiplies and returns the relative L2 distance from the reference.</summary>
    public double RelativeError(InstructionPath path, ThreadTeam team, TensorPool pool)
    {
        ReadOnlySpan<float> y = Multiply(path, team, pool);
        _reference ??= Reference();
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < y.Length; i++)
        {
            double d = y[i] - _reference[i];
            difference += d * d;
            norm += _reference[i] * _reference[i];
        }

        return norm == 0 ? difference : Math.Sqrt(difference / norm);
    }

    /// <summary>Multiplies into memory that held NaN before.</summary>
    public ReadOnlySpan<float> Multiply(InstructionPath path, ThreadTeam team, TensorPool pool)
    {
        var y = new Span<float>(_y.Start, _rows * _outputs);
        y.Fill(float.NaN);
        fixed (float* bias = _bias)
        {
            switch (path)
            {
                case InstructionPath.Avx512:
                    MatrixProduct<Avx512Simd, Vector512<float>>.Multiply(team, pool, (float*)_x.Start, _rows, _stored, bias, (float*)_y.Start);
                    break;
                case InstructionPath.Avx2:
                    MatrixProduct<Avx2Simd, Vector256<float>>.Multiply(team, pool, (float*)_x.Start, _rows, _stored, bias, (float*)_y.Start);
                    break;
                case InstructionPath.AdvSimd:
                    MatrixProduct<AdvSimdSimd, Vector128<float>>.Multiply(team, pool, (float*)_x.Start, _rows, _stored, bias, (float*)_y.Start);
                    break;
                default:
                    MatrixProduct<PortableSimd, Vector<float>>.Multiply(team, pool, (float*)_x.Start, _rows, _stored, bias, (float*)_y.Start);
                    break;
            }
        }

        return y;
    }

    /// <summary>The activations, <c>[rows, inputs]</c>, which may be changed.</summary>
    public Span<float> X => new(_x.Start, _rows * _inputs);

    /// <summary>The weight.</summary>
    public Weight Stored => _stored;

    /// <summary>The bias; empty if there is none.</summary>
    public ReadOnlySpan<float> Bias => _bias;

    /// <summary>Runs a product of these operands into memory that held NaN before.</summary>
    public ReadOnlySpan<float> Run(Action<ProductOperands> multiply)
    {
        var y = new Span<float>(_y.Start, _rows * _outputs);
        y.Fill(float.NaN);
        fixed (float* bias = _bias)
            multiply(new ProductOperands((float*)_x.Start, _rows, _stored.Data, _outputs, _inputs, bias, (float*)_y.Start, _outputs));
        return y;
    }

    public void Dispose()
    {
        _x.Dispose();
        _weight.Dispose();
        _y.Dispose();
    }

    private static void Store(ReadOnlySpan<float> values, WeightType type, TensorShape shape, byte* row)
    {
        if (QuantizedLayout.IsQuantized(type))
        {
            Weight quantized = Quantizer.Quantize(Weight.FromValues("weight", shape, values), type);
            new ReadOnlySpan<byte>(quantized.Data, (int)quantized.ByteLength).CopyTo(new Span<byte>(row, (int)quantized.ByteLength));
            GC.KeepAlive(quantized);
            return;
        }

        for (int i = 0; i < values.Length; i++)
        {
            switch (type)
            {
                case WeightType.Float32:
                    ((float*)row)[i] = values[i];
                    break;
                case WeightType.BFloat16:
                    ((ushort*)row)[i] = (ushort)(BitConverter.SingleToUInt32Bits(values[i]) >> 16);
                    break;
                default:
                    ((Half*)row)[i] = (Half)values[i];
                    break;
            }
        }
    }

    private double[] Reference()
    {
        var reference = new double[_rows * _outputs];
        var widened = new float[_inputs];
        for (int output = 0; output < _outputs; output++)
        {
            _stored.CopyTo((long)output * _inputs, _inputs, widened);
            for (int row = 0; row < _rows; row++)
            {
                float* x = (float*)_x.Start + ((long)row * _inputs);
                double sum = _bias?[output] ?? 0;
                for (int k = 0; k < _inputs; k++)
                    sum += (double)x[k] * widened[k];
                reference[((long)row * _outputs) + output] = sum;
            }
        }

        return reference;
    }
}

/// <summary>
/// Memory whose last byte is the last of a page that is followed by one no process may read (on Linux and macOS; plain memory elsewhere):
/// a kernel that reads past an operand ends the test run.
/// </summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int ProtectNone = 0;
    private const int ReadWrite = 3;
    private const int PrivateMapping = 2;
    private readonly byte* _base;
    private readonly nuint _length;
    private readonly bool _mapped;

    public GuardedMemory(long byteLength)
    {
        nuint page = (nuint)Environment.SystemPageSize;
        nuint used = ((nuint)byteLength + page - 1) / page * page;
        _length = used + page;
        _mapped = OperatingSystem.IsLinux() || OperatingSystem.IsMacOS();
        if (_mapped)
        {
            int anonymous = OperatingSystem.IsLinux() ? 0x20 : 0x1000;
            _base = Map(null, _length, ReadWrite, PrivateMapping | anonymous, -1, 0);
            if (_base == (byte*)-1 || Protect(_base + used, page, ProtectNone) != 0)
                throw new InvalidOperationException("The system gave no guarded memory.");
        }
        else
        {
            _base = (byte*)NativeMemory.AllocZeroed(_length);
        }

        Start = _base + used - byteLength;
    }

    /// <summary>The first byte, aligned only as the length happens to be.</summary>
    public void* Start { get; }

    public void Dispose()
    {
        if (_mapped)
            _ = Unmap(_base, _length);
        else
            NativeMemory.Free(_base);
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial byte* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Protect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Unmap(void* address, nuint length);
}
