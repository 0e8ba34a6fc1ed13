using System.Diagnostics;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;

namespace PaliSharp.Benchmarks;

/// <summary>
/// What the machine can do while a model is timed. The limits of a shared machine move by the second, so they are measured again between the
/// stages; not more often than <see cref="Fresh"/>, since reading memory empties the caches that small models live in.
/// </summary>
internal sealed class MachineLimits(CpuBackend backend, bool multipliesBytes) : IDisposable
{
    private const long BufferBytes = 512L << 20; // well above any last-level cache but those of large servers
    private const int Milliseconds = 30;
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(250);

    private readonly NativeBuffer _buffer = new(BufferBytes);
    private readonly List<double> _operations = [];
    private readonly List<double> _bytes = [];
    private long _operationsAt;
    private long _bytesAt;

    /// <summary>The median of all measurements of arithmetic, operations a second.</summary>
    public double TypicalOperations => Median(_operations);

    /// <summary>The median of all measurements of reading, bytes a second.</summary>
    public double TypicalBytes => Median(_bytes);

    /// <summary>Arithmetic in registers on all threads at this moment: operations a second.</summary>
    public double Operations() => Latest(_operations, ref _operationsAt, () => multipliesBytes
        ? MachinePeaks.ByteProductRate(backend.Team, backend.Path, Milliseconds)
        : MachinePeaks.MultiplyAddRate(backend.Team, backend.Path, Milliseconds));

    /// <summary>Reads of memory by all threads at this moment: bytes a second.</summary>
    public double Bytes() => Latest(_bytes, ref _bytesAt, () => MachinePeaks.ReadBandwidth(backend.Team, _buffer));

    /// <summary>The value in the middle, or the mean of the two there.</summary>
    public static double Median(IReadOnlyCollection<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();

    private static double Latest(List<double> measured, ref long at, Func<double> measure)
    {
        if (measured.Count == 0 || Stopwatch.GetElapsedTime(at) > Fresh)
        {
            measured.Add(measure());
            at = Stopwatch.GetTimestamp();
        }

        return measured[^1];
    }
}
