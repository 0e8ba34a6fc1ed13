namespace PaliSharp.Tensors.Cpu.MatMul.Integer;

/// <summary>How rows of activations are divided into register tiles: as many of the largest as there are, then ever smaller ones.</summary>
internal static class TileRows
{
    /// <summary>The rows of the largest tile.</summary>
    /// <param name="registers">The vector registers of the path.</param>
    public static int Largest(int registers) => registers >= 32 ? 12 : 6;

    /// <summary>The rows of the tile to use next.</summary>
    /// <param name="left">The rows left, at least 1.</param>
    /// <param name="registers">The vector registers of the path.</param>
    public static int Next(int left, int registers) => left switch
    {
        >= 12 when registers >= 32 => 12,
        >= 8 when registers >= 32 => 8,
        >= 6 => 6,
        >= 4 => 4,
        >= 2 => 2,
        _ => 1,
    };

    /// <summary>The tile of a row.</summary>
    /// <param name="row">The row, less than <paramref name="rows"/>.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="registers">The vector registers of the path.</param>
    public static (int First, int Count) Of(int row, int rows, int registers)
    {
        int first = Math.Min(row, rows / Largest(registers) * Largest(registers)) / Largest(registers) * Largest(registers);
        while (true)
        {
            int count = Next(rows - first, registers);
            if (row < first + count)
                return (first, count);
            first += count;
        }
    }
}
