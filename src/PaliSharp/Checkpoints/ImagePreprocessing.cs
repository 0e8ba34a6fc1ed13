using PaliSharp.Imaging;
using PaliSharp.Imaging.Resampling;

namespace PaliSharp.Checkpoints;

/// <summary>How a picture becomes the encoder's input: resized to a square, then (value · RescaleFactor − Mean) / Std for each channel.</summary>
public sealed record ImagePreprocessing
{
    /// <summary>The edge of the square in pixels: that of the encoder.</summary>
    public required int Size { get; init; }

    /// <summary>Subtracted from each channel (red, green, blue) after rescaling.</summary>
    public IReadOnlyList<float> Mean { get; init; } = [0.5f, 0.5f, 0.5f];

    /// <summary>The divisor of each channel (red, green, blue); never 0.</summary>
    public IReadOnlyList<float> Std { get; init; } = [0.5f, 0.5f, 0.5f];

    /// <summary>The factor of the 8-bit values, 1/255.</summary>
    public double RescaleFactor { get; init; } = 1.0 / 255;

    /// <summary>The resampling filter by PIL's number: 0 nearest, 1 Lanczos, 2 bilinear, 3 bicubic, 4 box, 5 Hamming.</summary>
    public int Resample { get; init; } = 3;

    /// <summary>Turns a picture into the encoder's input.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="target">Receives [3, <see cref="Size"/>, <see cref="Size"/>] values.</param>
    /// <exception cref="ArgumentException">The target has another length.</exception>
    public void ToPixelValues(Image image, Span<float> target) =>
        ImagePreprocessor.ToPixelValues(image, Size, target, new PixelScaling(RescaleFactor, Mean, Std), Filter);

    /// <summary>Reads <c>preprocessor_config.json</c>; without the file, SigLIP's values.</summary>
    /// <param name="folder">The checkpoint's folder.</param>
    /// <param name="imageSize">The edge of the encoder's input.</param>
    /// <param name="warnings">Receives what was found odd but harmless.</param>
    /// <exception cref="CheckpointException">The file is malformed or a value is not allowed.</exception>
    internal static ImagePreprocessing Load(string folder, int imageSize, List<string> warnings)
    {
        if (ConfigSection.LoadIfPresent(Path.Combine(folder, "preprocessor_config.json")) is not { } file)
            return new ImagePreprocessing { Size = imageSize };

        // The encoder has one position for each patch, so no other size can work, whatever the file says.
        foreach (string edge in (ReadOnlySpan<string>)["height", "width"])
        {
            if (Edge(file, edge) is { } size && size != imageSize)
                warnings.Add($"preprocessor_config.json: size.{edge} {size} is ignored; the encoder takes {imageSize} pixels.");
        }

        bool rescale = file.Flag("do_rescale", true);
        bool normalize = file.Flag("do_normalize", true);
        return new ImagePreprocessing
        {
            Size = imageSize,
            Mean = normalize ? Channels(file, "image_mean", -1e6f, 1e6f) : [0, 0, 0],
            Std = normalize ? Channels(file, "image_std", 1e-6f, 1e6f) : [1, 1, 1],
            RescaleFactor = rescale ? file.Double("rescale_factor", 1.0 / 255, 1e-9, 1e6) : 1,
            Resample = file.Integer("resample", 3, 0, 5),
        };
    }

    private ResampleFilter Filter => Resample switch
    {
        0 => ResampleFilter.Nearest,
        1 => ResampleFilter.Lanczos,
        2 => ResampleFilter.Bilinear,
        4 => ResampleFilter.Box,
        5 => ResampleFilter.Hamming,
        _ => ResampleFilter.Bicubic,
    };

    // "size" is an object of height and width, or (in old files) one number for both.
    private static int? Edge(ConfigSection file, string edge)
    {
        const int Maximum = 1 << 20;
        if (!file.IsObject("size"))
            return file.OptionalInteger("size", 1, Maximum);
        return file.Section("size")?.OptionalInteger(edge, 1, Maximum);
    }

    private static IReadOnlyList<float> Channels(ConfigSection file, string key, float minimum, float maximum) =>
        file.Numbers(key, minimum, maximum, 3) switch
        {
            null => [0.5f, 0.5f, 0.5f],
            { Count: 1 } values => [values[0], values[0], values[0]],
            { Count: 3 } values => values,
            _ => throw file.Bad(key, "three numbers"),
        };
}
