using PaliSharp.Imaging;
using PaliSharp.Imaging.Drawing;
using PaliSharp.Imaging.Text;

namespace PaliSharp.Fuzz;

/// <summary>What is fuzzed: the files to start from, and what is done with each.</summary>
/// <param name="Name">The name on the command line.</param>
/// <param name="Seeds">Takes the files to start from out of the picture files of a folder, given with their formats.</param>
/// <param name="Run">Handles a file: gives what came out, in words, and its bytes. Errors of the family are fine.</param>
/// <param name="IsDecoder">Whether the file is a picture that <see cref="Image.Identify(ReadOnlyMemory{byte}, ImageDecoderOptions?)"/> must also handle.</param>
internal sealed record FuzzTarget(
    string Name, Func<byte[], ImageFormat, IEnumerable<byte[]>> Seeds, Func<byte[], FuzzOptions, (string Outcome, long Bytes)> Run, bool IsDecoder)
{
    private const int MaxFrames = 60;

    /// <summary>Files to start from that are in no folder.</summary>
    public IReadOnlyList<byte[]> Given { get; private init; } = [];

    /// <summary>Every target: the decoders, their options, and the parsers of what lies in files beside pixels.</summary>
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        .. Enum.GetValues<ImageFormat>().Where(format => format != ImageFormat.None).Select(Decoder),
        new FuzzTarget("jpeg-scaled", Of(ImageFormat.Jpeg), DecodeScaled, IsDecoder: false),
        new FuzzTarget("gif-frames", Of(ImageFormat.Gif), DecodeFrames, IsDecoder: false),
        new FuzzTarget("webp-frames", Of(ImageFormat.WebP), DecodeFrames, IsDecoder: false),
        new FuzzTarget("tiff-pages", Of(ImageFormat.Tiff), DecodeFrames, IsDecoder: false),
        new FuzzTarget("exif", Carrier.ExifOf, (file, options) => Describe(Image.Decode(Carrier.WithExif(file), options.Limits)), IsDecoder: false),
        new FuzzTarget("xmp", Carrier.XmpOf, (file, options) => Describe(Image.Decode(Carrier.WithXmp(file), options.Limits)), IsDecoder: false),
        new FuzzTarget("icc", Carrier.ProfileOf, ApplyProfile, IsDecoder: false) { Given = [Carrier.MakeProfile(isCurve: true), Carrier.MakeProfile(isCurve: false)] },
        new FuzzTarget("font", (_, _) => [], DrawText, IsDecoder: false) { Given = [Carrier.ReadFont()] },
    ];

    /// <summary>The target of a name, or null.</summary>
    public static FuzzTarget? Find(string name) => All.FirstOrDefault(target => target.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static FuzzTarget Decoder(ImageFormat format) => new(
        format.ToString().ToLowerInvariant(), Of(format), (file, options) => Describe(Image.Decode(file, options.Limits)), IsDecoder: true);

    private static Func<byte[], ImageFormat, IEnumerable<byte[]>> Of(ImageFormat wanted) => (file, format) => format == wanted ? [file] : [];

    private static (string Outcome, long Bytes) Describe(Image image)
    {
        ImageMetadata metadata = image.Metadata;
        int profile = System.Numerics.BitOperations.Log2((uint)metadata.IccProfile.Length + 1);
        string outcome = $"{metadata.Format} {Step(image.Width)}x{Step(image.Height)}x{image.Channels} orientation {metadata.Orientation} "
            + $"damaged {metadata.IsDamaged} profile {profile}";
        return (outcome, image.Pixels.Length);
    }

    private static int Step(int side) => side < 20 ? side : 20 + System.Numerics.BitOperations.Log2((uint)side);

    private static (string Outcome, long Bytes) DecodeScaled(byte[] file, FuzzOptions options)
    {
        var scale = (JpegScale)(2 << (file.Length % 3));
        (string outcome, long bytes) = Describe(Image.Decode(file, options.Limits with { JpegScale = scale }));
        return ($"{scale} {outcome}", bytes);
    }

    private static (string Outcome, long Bytes) DecodeFrames(byte[] file, FuzzOptions options)
    {
        int count = 0;
        long bytes = 0;
        string last = "";

        // Small frames: many of them are drawn in the time of one.
        ImageDecoderOptions limits = options.Limits with { MaxPixels = options.MaxPixels / MaxFrames, MaxFrames = MaxFrames };
        foreach (ImageFrame frame in Image.DecodeFrames(file, limits))
        {
            (last, long size) = Describe(frame.Image);
            bytes += size;
            count++;
        }

        return ($"{count} frames, {last}", bytes);
    }

    private static (string Outcome, long Bytes) ApplyProfile(byte[] file, FuzzOptions options)
    {
        Image image = Image.Decode(Carrier.WithProfile(file), options.Limits with { ConvertToSrgb = true });
        return ($"applied {image.Metadata.IccProfile.IsEmpty} {image.Pixels[0] >> 4}", image.Pixels.Length);
    }

    private static (string Outcome, long Bytes) DrawText(byte[] file, FuzzOptions options)
    {
        Font font = Font.Parse(file);
        Image image = Image.FromPixels(96, 48, new byte[96 * 48 * 3]);
        Image drawn = image.DrawDetections([new BoxAnnotation(4, 20, 60, 44) { Label = "Aé€Жλ\uFFFF", Score = 0.5 }], new DrawingStyle { Font = font });
        return ($"{font.UnitsPerEm >> 4} {drawn.Pixels.IndexOfAnyExcept((byte)0) >> 3}", drawn.Pixels.Length);
    }
}
