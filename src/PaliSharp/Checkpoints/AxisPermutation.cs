using PaliSharp.Tensors;

namespace PaliSharp.Checkpoints;

/// <summary>Copies an array with its axes in another order.</summary>
internal static unsafe class AxisPermutation
{
    private const int Tile = 32;

    /// <summary>Copies elements so that axis k of the destination is axis <c>axes[k]</c> of the source.</summary>
    /// <param name="source">The element at index 0 of every axis.</param>
    /// <param name="extents">The source's extents, at most four.</param>
    /// <param name="strides">The distance in elements between neighbours along each source axis.</param>
    /// <param name="axes">A permutation of the source's axes.</param>
    /// <param name="elementSize">2 or 4 bytes.</param>
    /// <returns>The elements in the new order, densely.</returns>
    public static NativeBuffer Copy(
        void* source, ReadOnlySpan<int> extents, ReadOnlySpan<long> strides, ReadOnlySpan<int> axes, int elementSize)
    {
        Span<int> counts = [1, 1, 1, 1];
        Span<long> steps = [0, 0, 0, 0];
        long total = 1;
        for (int k = 0; k < axes.Length; k++)
        {
            int slot = 4 - axes.Length + k;
            counts[slot] = extents[axes[k]];
            steps[slot] = strides[axes[k]];
            total *= counts[slot];
        }

        var destination = new NativeBuffer(total * elementSize);
        if (elementSize == 2)
            Copy((ushort*)source, counts, steps, (ushort*)destination.Pointer);
        else
            Copy((uint*)source, counts, steps, (uint*)destination.Pointer);
        return destination;
    }

    // Goes through the axis along which the source is dense and the axis along which the destination is dense in tiles that stay in the
    // first-level cache; the other two axes are plain loops.
    private static void Copy<T>(T* source, ReadOnlySpan<int> counts, ReadOnlySpan<long> steps, T* destination)
        where T : unmanaged
    {
        Span<long> pitches = [(long)counts[1] * counts[2] * counts[3], (long)counts[2] * counts[3], counts[3], 1];
        int dense = 0;
        for (int axis = 1; axis < 3; axis++)
        {
            if (counts[axis] > 1 && (counts[dense] == 1 || steps[axis] < steps[dense]))
                dense = axis;
        }

        int first = dense == 0 ? 1 : 0;
        int second = 3 - dense - first;
        for (int i = 0; i < counts[first]; i++)
        {
            for (int j = 0; j < counts[second]; j++)
            {
                T* from = source + (i * steps[first]) + (j * steps[second]);
                T* to = destination + (i * pitches[first]) + (j * pitches[second]);
                for (int rowStart = 0; rowStart < counts[dense]; rowStart += Tile)
                {
                    int rowEnd = Math.Min(counts[dense], rowStart + Tile);
                    for (int columnStart = 0; columnStart < counts[3]; columnStart += Tile)
                    {
                        int columnEnd = Math.Min(counts[3], columnStart + Tile);
                        for (int row = rowStart; row < rowEnd; row++)
                        {
                            T* fromRow = from + (row * steps[dense]);
                            T* toRow = to + (row * pitches[dense]);
                            for (int column = columnStart; column < columnEnd; column++)
                                toRow[column] = fromRow[column * steps[3]];
                        }
                    }
                }
            }
        }
    }
}
