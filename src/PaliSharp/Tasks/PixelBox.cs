namespace PaliSharp.Tasks;

/// <summary>A run of whole pixels. It is empty where an end is not greater than its start.</summary>
/// <param name="X1">The first column.</param>
/// <param name="Y1">The first row.</param>
/// <param name="X2">The column after the last.</param>
/// <param name="Y2">The row after the last.</param>
public readonly record struct PixelBox(int X1, int Y1, int X2, int Y2)
{
    /// <summary>The number of columns.</summary>
    public int Width => X2 - X1;

    /// <summary>The number of rows.</summary>
    public int Height => Y2 - Y1;

    /// <summary>Whether there is no pixel in it.</summary>
    public bool IsEmpty => X2 <= X1 || Y2 <= Y1;
}
