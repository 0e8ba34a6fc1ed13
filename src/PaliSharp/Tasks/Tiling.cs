using PaliSharp.Imaging;

namespace PaliSharp.Tasks;

/// <summary>A part of a picture that is asked about.</summary>
/// <param name="Image">The part as a picture.</param>
/// <param name="Left">Its first column in the whole picture.</param>
/// <param name="Top">Its first row.</param>
/// <param name="IsWhole">Whether it is the whole picture.</param>
internal sealed record Tile(Image Image, int Left, int Top, bool IsWhole);

/// <summary>Cuts pictures into tiles and joins what was found in them.</summary>
internal static class Tiling
{
    // A box that a tile cuts off is part of a larger one if so much of it lies in that.
    private const float CoveredShare = 0.5f;

    /// <summary>Cuts a picture.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="options">How; null for the whole picture alone.</param>
    /// <param name="modelSize">The edge of the pictures the model takes.</param>
    /// <exception cref="ResourceLimitException">There would be too many tiles.</exception>
    public static IReadOnlyList<Tile> Cut(Image image, TilingOptions? options, int modelSize)
    {
        var whole = new Tile(image, 0, 0, IsWhole: true);
        int size = options?.TileSize ?? modelSize;
        if (options is null || (image.Width <= size && image.Height <= size))
            return [whole];
        int[] lefts = Starts(image.Width, size, options.Overlap);
        int[] tops = Starts(image.Height, size, options.Overlap);
        if ((long)lefts.Length * tops.Length > TilingOptions.MaximumTiles)
        {
            throw new ResourceLimitException(
                $"A picture of {image.Width}x{image.Height} pixels has {(long)lefts.Length * tops.Length} tiles of {size} pixels; at most {TilingOptions.MaximumTiles} are asked about. Use larger tiles or less overlap.");
        }

        List<Tile> tiles = options.IncludeWhole ? [whole] : [];
        foreach (int top in tops)
        {
            foreach (int left in lefts)
                tiles.Add(new Tile(Part(image, left, top, Math.Min(size, image.Width), Math.Min(size, image.Height)), left, top, IsWhole: false));
        }

        return tiles;
    }

    /// <summary>Brings a box of a tile to the whole picture.</summary>
    public static Detection ToWhole(Detection found, Tile tile) => found with
    {
        Box = new BoundingBox(found.Box.X1 + tile.Left, found.Box.Y1 + tile.Top, found.Box.X2 + tile.Left, found.Box.Y2 + tile.Top),
    };

    /// <summary>Whether a box of a tile ends at an edge of the tile that is none of the picture: the thing may go on beyond.</summary>
    public static bool IsCut(Detection inTile, Tile tile, Image image)
    {
        const float Margin = 1.5f; // one bin of the location tokens, and rounding
        float x = Math.Max(Margin, 2f * tile.Image.Width / LocationGrid.Bins);
        float y = Math.Max(Margin, 2f * tile.Image.Height / LocationGrid.Bins);
        BoundingBox box = inTile.Box;
        return (tile.Left > 0 && box.X1 < x)
            || (tile.Top > 0 && box.Y1 < y)
            || (tile.Left + tile.Image.Width < image.Width && box.X2 > tile.Image.Width - x)
            || (tile.Top + tile.Image.Height < image.Height && box.Y2 > tile.Image.Height - y);
    }

    /// <summary>Joins what was found: whole things before cut ones, surer before others; what lies in a kept one of its label goes.</summary>
    public static IReadOnlyList<Detection> Join(IReadOnlyList<(Detection Found, bool IsCut)> found, double mergeOverlap)
    {
        var kept = new List<Detection>();
        foreach ((Detection candidate, bool isCut) in found.OrderBy(item => item.IsCut).ThenByDescending(item => item.Found.Score))
        {
            if (!kept.Exists(other => other.Label == candidate.Label && IsSame(other.Box, candidate.Box, isCut)))
                kept.Add(candidate);
        }

        return kept;

        bool IsSame(BoundingBox other, BoundingBox box, bool isCut) =>
            other.IntersectionOverUnion(box) > mergeOverlap || (isCut && SharedArea(other, box) >= CoveredShare * box.Area);
    }

    private static float SharedArea(BoundingBox a, BoundingBox b) =>
        Math.Max(0, Math.Min(a.X2, b.X2) - Math.Max(a.X1, b.X1)) * Math.Max(0, Math.Min(a.Y2, b.Y2) - Math.Max(a.Y1, b.Y1));

    /// <summary>The first pixels of tiles along an axis: evenly spread, the last one ending with the picture.</summary>
    private static int[] Starts(int length, int size, double overlap)
    {
        if (length <= size)
            return [0];
        double step = Math.Max(1, size * (1 - overlap));
        int count = (int)Math.Ceiling((length - size) / step) + 1;
        return [.. Enumerable.Range(0, count).Select(i => (int)Math.Round((double)i * (length - size) / (count - 1)))];
    }

    /// <summary>The pixels of a box and a margin around it, as a picture.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="box">The box in pixels.</param>
    /// <param name="margin">The margin as a share of the box's height.</param>
    public static Image Part(Image image, BoundingBox box, float margin)
    {
        float around = margin * box.Height;
        int left = Math.Clamp((int)MathF.Floor(box.X1 - around), 0, image.Width - 1);
        int top = Math.Clamp((int)MathF.Floor(box.Y1 - around), 0, image.Height - 1);
        int right = Math.Clamp((int)MathF.Ceiling(box.X2 + around), left + 1, image.Width);
        int bottom = Math.Clamp((int)MathF.Ceiling(box.Y2 + around), top + 1, image.Height);
        return Part(image, left, top, right - left, bottom - top);
    }

    private static Image Part(Image image, int left, int top, int width, int height)
    {
        int channels = image.Channels;
        byte[] pixels = new byte[width * height * channels];
        for (int y = 0; y < height; y++)
            image.Row(top + y).Slice(left * channels, width * channels).CopyTo(pixels.AsSpan(y * width * channels));
        return Image.FromPixels(width, height, channels, pixels);
    }
}
