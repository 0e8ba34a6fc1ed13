using System.Globalization;
using System.Runtime.InteropServices;

namespace PaliSharp.Training.Distributed;

/// <summary>
/// Processes started by <c>mpirun</c>, by the C interface of Open MPI, whose handles are the addresses of global variables of its library.
/// </summary>
public sealed unsafe class MpiCollective : ICollective
{
    private const string SizeVariable = "OMPI_COMM_WORLD_SIZE"; // set by mpirun
    private const int Funneled = 1; // MPI_THREAD_FUNNELED: one thread calls
    private static readonly string[] Names = ["libmpi.so.40", "libmpi.so", "libmpi.dylib"];
    private readonly nint _world;
    private readonly nint _float;
    private readonly nint _double;
    private readonly nint _sum;
    private readonly delegate* unmanaged<nint, void*, int, nint, nint, nint, int> _allReduce;
    private readonly delegate* unmanaged<int> _finalize;

    private MpiCollective(nint library)
    {
        _world = NativeLibrary.GetExport(library, "ompi_mpi_comm_world");
        _float = NativeLibrary.GetExport(library, "ompi_mpi_float");
        _double = NativeLibrary.GetExport(library, "ompi_mpi_double");
        _sum = NativeLibrary.GetExport(library, "ompi_mpi_op_sum");
        _allReduce = (delegate* unmanaged<nint, void*, int, nint, nint, nint, int>)NativeLibrary.GetExport(library, "MPI_Allreduce");
        _finalize = (delegate* unmanaged<int>)NativeLibrary.GetExport(library, "MPI_Finalize");
        var initialise = (delegate* unmanaged<int*, byte***, int, int*, int>)NativeLibrary.GetExport(library, "MPI_Init_thread");
        var rankOf = (delegate* unmanaged<nint, int*, int>)NativeLibrary.GetExport(library, "MPI_Comm_rank");
        var sizeOf = (delegate* unmanaged<nint, int*, int>)NativeLibrary.GetExport(library, "MPI_Comm_size");
        int provided;
        int rank;
        int size;
        Check(initialise(null, null, Funneled, &provided), "MPI_Init_thread");
        Check(rankOf(_world, &rank), "MPI_Comm_rank");
        Check(sizeOf(_world, &size), "MPI_Comm_size");
        if (provided < Funneled)
            throw new RecipeException($"This MPI library allows no other threads beside its own (level {provided}). Use Open MPI with thread support.");
        (Rank, Size) = (rank, size);
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size { get; }

    /// <summary>Joins the other processes if <c>mpirun</c> started this one together with others; otherwise null.</summary>
    /// <exception cref="RecipeException">Open MPI's library is missing or is not as expected.</exception>
    public static MpiCollective? JoinIfStartedTogether()
    {
        if (!int.TryParse(Environment.GetEnvironmentVariable(SizeVariable), NumberStyles.None, CultureInfo.InvariantCulture, out int size) || size < 2)
            return null;
        foreach (string name in Names)
        {
            if (!NativeLibrary.TryLoad(name, out nint library))
                continue;
            try
            {
                return new MpiCollective(library);
            }
            catch (EntryPointNotFoundException e)
            {
                throw new RecipeException($"'{name}' is not the library of Open MPI 4 or 5: {e.Message}", e);
            }
        }

        throw new RecipeException($"mpirun started {size} processes, but none of {string.Join(", ", Names)} can be loaded. Install Open MPI's library (Debian: libopenmpi3).");
    }

    /// <inheritdoc/>
    public void Sum(Span<float> values)
    {
        fixed (float* first = values)
            Sum(first, values.Length, _float);
    }

    /// <inheritdoc/>
    public void Sum(Span<double> values)
    {
        fixed (double* first = values)
            Sum(first, values.Length, _double);
    }

    /// <summary>
    /// Leaves the other processes when all is done, and waits for them. A process that ends without this, because something failed, makes
    /// <c>mpirun</c> end the others, which would wait for it for ever.
    /// </summary>
    public void Leave() => Check(_finalize(), "MPI_Finalize");

    // The sums replace the values: 1 is Open MPI's MPI_IN_PLACE.
    private void Sum(void* values, int count, nint type)
    {
        if (count > 0)
            Check(_allReduce(1, values, count, type, _sum, _world), "MPI_Allreduce");
    }

    private static void Check(int code, string function)
    {
        if (code != 0)
            throw new RecipeException($"{function} failed with code {code}: the processes cannot train together. Look at the messages of mpirun.");
    }
}
