namespace PaliSharp.Tasks;

/// <summary>A rectangle in pixels of the oriented original picture, (0, 0) at the top left.</summary>
/// <param name="X1">The left edge.</param>
/// <param name="Y1">The top edge.</param>
/// <param name="X2">The right edge, greater than <paramref name="X1"/>.</param>
/// <param name="Y2">The bottom edge, greater than <paramref name="Y1"/>.</param>
public readonly record struct BoundingBox(float X1, float Y1, float X2, float Y2)
{
    /// <summary>The width in pixels.</summary>
    public float Width => X2 - X1;

    /// <summary>The height in pixels.</summary>
    public float Height => Y2 - Y1;

    /// <summary>The area in square pixels.</summary>
    public float Area => Width * Height;

    /// <summary>The shared area of two boxes divided by the area they cover together, 0 to 1.</summary>
    /// <param name="other">The other box.</param>
    public float IntersectionOverUnion(BoundingBox other)
    {
        float width = Math.Min(X2, other.X2) - Math.Max(X1, other.X1);
        float height = Math.Min(Y2, other.Y2) - Math.Max(Y1, other.Y1);
        if (width <= 0 || height <= 0)
            return 0;
        float intersection = width * height;
        return intersection / (Area + other.Area - intersection);
    }
}
