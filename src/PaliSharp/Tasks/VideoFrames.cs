using PaliSharp.Imaging;

namespace PaliSharp.Tasks;

/// <summary>Which frames of a clip the model sees.</summary>
public sealed record FrameSampling
{
    /// <summary>The most frames of a clip.</summary>
    public const int MaximumCount = 256;

    /// <summary>The number of frames; the papers take 16. Each takes as many positions as a picture.</summary>
    public int Count { get; init; } = 16;

    /// <summary>
    /// Every so manieth frame from the first on, as in the papers (9 for MSR-VTT, 7 for VATEX, 30 and 70 for ActivityNet, 26 for MSVD); null to
    /// spread the frames evenly over the clip.
    /// </summary>
    public int? Stride { get; init; }

    internal void Validate()
    {
        if (Count is < 1 or > MaximumCount)
            throw new ArgumentOutOfRangeException(nameof(Count), Count, $"Count must be 1 to {MaximumCount}.");
        if (Stride < 1)
            throw new ArgumentOutOfRangeException(nameof(Stride), Stride, "Stride must be at least 1, or null to spread the frames evenly.");
    }
}

/// <summary>Takes frames out of clips: give them to a task as its pictures.</summary>
public static class VideoFrames
{
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".tga", ".qoi"];

    /// <summary>The numbers of the frames to take. A clip with too few is repeated from its first frame on, as in the papers.</summary>
    /// <param name="frames">The number of frames there are, at least 1.</param>
    /// <param name="sampling">Which to take; null for 16, spread evenly.</param>
    public static IReadOnlyList<int> Choose(int frames, FrameSampling? sampling = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        sampling ??= new FrameSampling();
        sampling.Validate();
        int available = sampling.Stride is { } stride ? ((frames - 1) / stride) + 1 : frames;
        return
        [
            .. Enumerable.Range(0, sampling.Count).Select(i => sampling.Stride is { } step
                ? i % available * step
                : available <= sampling.Count ? i % available : (int)((long)i * frames / sampling.Count)),
        ];
    }

    /// <summary>Reads frames out of a folder of pictures, in the order of their names; numbers in names count as numbers.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="sampling">Which to take; null for 16, spread evenly.</param>
    /// <exception cref="PromptException">The folder holds no picture.</exception>
    /// <exception cref="ImageFormatException">A picture cannot be decoded.</exception>
    public static IReadOnlyList<Image> FromFolder(string folder, FrameSampling? sampling = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string[] files =
        [
            .. Directory.EnumerateFiles(folder)
                .Where(file => Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
                .Order(Comparer<string>.Create(CompareNames)),
        ];
        if (files.Length == 0)
            throw new PromptException($"The folder '{folder}' holds no picture. Give a folder of frames, or an animation.");
        IReadOnlyList<int> chosen = Choose(files.Length, sampling);
        Dictionary<int, Image> read = chosen.Distinct().ToDictionary(index => index, index => Image.Load(files[index]));
        return [.. chosen.Select(index => read[index])];
    }

    /// <summary>Reads frames out of an animation, such as a GIF. It is decoded twice, so that only the frames taken are held.</summary>
    /// <param name="data">The file's bytes.</param>
    /// <param name="sampling">Which to take; null for 16, spread evenly.</param>
    /// <param name="options">Limits of the decoder.</param>
    /// <exception cref="ImageFormatException">The file cannot be decoded.</exception>
    public static IReadOnlyList<Image> FromAnimation(ReadOnlyMemory<byte> data, FrameSampling? sampling = null, ImageDecoderOptions? options = null)
    {
        IReadOnlyList<int> chosen = Choose(Image.DecodeFrames(data, options).Count(), sampling);
        HashSet<int> wanted = [.. chosen];
        var read = new Dictionary<int, Image>();
        foreach ((int index, ImageFrame frame) in Image.DecodeFrames(data, options).Index())
        {
            if (wanted.Contains(index))
                read.Add(index, frame.Image);
        }

        return [.. chosen.Select(index => read[index])];
    }

    /// <summary>Compares names so that <c>frame10</c> stands behind <c>frame9</c>.</summary>
    internal static int CompareNames(string left, string right)
    {
        int i = 0;
        int j = 0;
        while (i < left.Length && j < right.Length)
        {
            int order = char.IsAsciiDigit(left[i]) && char.IsAsciiDigit(right[j])
                ? CompareNumbers(Digits(left, ref i), Digits(right, ref j))
                : left[i++].CompareTo(right[j++]);
            if (order != 0)
                return order;
        }

        int rest = (left.Length - i).CompareTo(right.Length - j);
        return rest != 0 ? rest : string.CompareOrdinal(left, right);
    }

    private static int CompareNumbers(ReadOnlySpan<char> left, ReadOnlySpan<char> right) =>
        left.Length == right.Length ? left.SequenceCompareTo(right) : left.Length.CompareTo(right.Length);

    private static ReadOnlySpan<char> Digits(string text, ref int position)
    {
        int start = position;
        while (position < text.Length && char.IsAsciiDigit(text[position]))
            position++;
        return text.AsSpan(start, position - start).TrimStart('0');
    }
}
