namespace PaliSharp.Tasks;

/// <summary>
/// How a large picture is cut into overlapping tiles, so that small things are large enough to be seen. Each tile is a picture of its own for
/// the model; boxes come back in pixels of the whole picture.
/// </summary>
public sealed record TilingOptions
{
    /// <summary>The most tiles of a picture.</summary>
    public const int MaximumTiles = 1024;

    /// <summary>The edge of a tile in pixels; null for the edge of the pictures the model takes, so that nothing is shrunk.</summary>
    public int? TileSize { get; init; }

    /// <summary>The share of a tile that its neighbour covers, too, 0 to 0.9: things smaller than that are whole in one of them.</summary>
    public double Overlap { get; init; } = 0.25;

    /// <summary>Asks about the whole picture, too, for what is larger than a tile; on by default.</summary>
    public bool IncludeWhole { get; init; } = true;

    /// <summary>Boxes of one label that overlap a surer one by more than this intersection over union are one thing, 0 to 1.</summary>
    public double MergeOverlap { get; init; } = 0.5;

    internal void Validate()
    {
        if (TileSize < 16)
            throw new ArgumentOutOfRangeException(nameof(TileSize), TileSize, "TileSize must be at least 16 pixels, or null for the model's own size.");
        if (Overlap is not (>= 0 and <= 0.9))
            throw new ArgumentOutOfRangeException(nameof(Overlap), Overlap, "Overlap must be 0 to 0.9.");
        if (MergeOverlap is not (>= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(MergeOverlap), MergeOverlap, "MergeOverlap must be 0 to 1.");
    }
}
