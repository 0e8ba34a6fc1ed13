namespace PaliSharp.Imaging.Codecs.Gif;

/// <summary>What happens to a frame's area before the next frame is drawn.</summary>
internal enum GifDisposal
{
    Keep = 0,
    KeepExplicitly = 1,
    Background = 2,
    Previous = 3,
}

/// <summary>One frame as stored.</summary>
internal sealed record GifFrame
{
    /// <summary>The frame's area of the screen.</summary>
    public required int Left { get; init; }

    /// <inheritdoc cref="Left"/>
    public required int Top { get; init; }

    /// <inheritdoc cref="Left"/>
    public required int Width { get; init; }

    /// <inheritdoc cref="Left"/>
    public required int Height { get; init; }

    /// <summary>The memory that its indices take while they are decoded and put in order.</summary>
    public long IndexBytes => (Interlaced ? 2L : 1L) * Width * Height;

    /// <summary>Whether the rows are stored in four passes.</summary>
    public required bool Interlaced { get; init; }

    /// <summary>256 colours: red, green, blue.</summary>
    public required byte[] Palette { get; init; }

    /// <summary>The index that is transparent, or −1.</summary>
    public required int Transparent { get; init; }

    /// <summary>What happens before the next frame.</summary>
    public required GifDisposal Disposal { get; init; }

    /// <summary>The time in hundredths of a second.</summary>
    public required int Delay { get; init; }

    /// <summary>The position of the minimum code size, which the compressed data follows.</summary>
    public required int DataPosition { get; init; }
}
