namespace PaliSharp.Checkpoints;

/// <summary>
/// The largest geometry that is taken seriously: far beyond any model of the family, and small enough that products of two sizes fit
/// into 32 bits and of all into 64.
/// </summary>
internal static class GeometryLimits
{
    public const int Width = 1 << 17;
    public const int MlpWidth = 1 << 20;
    public const int Layers = 1024;
    public const int Heads = 1024;
    public const int Vocabulary = 1 << 24;
    public const int ImageSize = 1 << 14;
    public const int PatchSize = 1 << 10;

    /// <summary>Patches along an edge.</summary>
    public const int Grid = 512;
}
