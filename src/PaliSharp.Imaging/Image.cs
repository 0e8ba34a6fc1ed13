using PaliSharp.Imaging.Codecs;
using PaliSharp.Imaging.Codecs.Png;
using PaliSharp.Imaging.Metadata;
using PaliSharp.Imaging.Resampling;

namespace PaliSharp.Imaging;

/// <summary>An immutable picture of 8 bits a sample: interleaved rows of RGB, or of RGB with straight (not premultiplied) alpha.</summary>
/// <remarks>Instances never change, so one may be shared between threads.</remarks>
public sealed partial class Image
{
    private readonly byte[] _pixels;

    internal Image(int width, int height, int channels, byte[] pixels, ImageMetadata metadata)
    {
        Width = width;
        Height = height;
        Channels = channels;
        _pixels = pixels;
        Metadata = metadata;
    }

    /// <summary>The number of columns, at least 1.</summary>
    public int Width { get; }

    /// <summary>The number of rows, at least 1.</summary>
    public int Height { get; }

    /// <summary>The number of bytes of a pixel: 3 (red, green, blue) or 4 (with alpha).</summary>
    public int Channels { get; }

    /// <summary>Whether the pixels carry alpha.</summary>
    public bool HasAlpha => Channels == 4;

    /// <summary>The samples, row after row without padding: <see cref="Height"/> × <see cref="Width"/> × <see cref="Channels"/> bytes.</summary>
    public ReadOnlySpan<byte> Pixels => _pixels;

    /// <summary>What the file said about the picture.</summary>
    public ImageMetadata Metadata { get; }

    /// <summary>The pixels of one row.</summary>
    /// <param name="y">The row, from 0 at the top.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    public ReadOnlySpan<byte> Row(int y)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(y);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(y, Height);
        return _pixels.AsSpan(y * Width * Channels, Width * Channels);
    }

    /// <summary>Reads and decodes a picture file. The format is found from the content, never from the name.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Limits and habits; null for the defaults.</param>
    /// <exception cref="ImageFormatException">The content is not a picture that can be decoded.</exception>
    /// <exception cref="ResourceLimitException">The file or the picture is larger than the options allow.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Image Load(string path, ImageDecoderOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= ImageDecoderOptions.Default;
        return Decode(EncodedSource.Read(path, options), options);
    }

    /// <summary>Reads a stream to its end and decodes the picture in it.</summary>
    /// <param name="stream">The encoded picture; it need not be able to seek.</param>
    /// <param name="options">Limits and habits; null for the defaults.</param>
    /// <exception cref="ImageFormatException">The content is not a picture that can be decoded.</exception>
    /// <exception cref="ResourceLimitException">The file or the picture is larger than the options allow.</exception>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static Image Load(Stream stream, ImageDecoderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        options ??= ImageDecoderOptions.Default;
        return Decode(EncodedSource.Read(stream, options), options);
    }

    /// <summary>Decodes an encoded picture held in memory.</summary>
    /// <param name="data">The whole file.</param>
    /// <param name="options">Limits and habits; null for the defaults.</param>
    /// <exception cref="ImageFormatException">The content is not a picture that can be decoded.</exception>
    /// <exception cref="ResourceLimitException">The file or the picture is larger than the options allow.</exception>
    public static Image Decode(ReadOnlyMemory<byte> data, ImageDecoderOptions? options = null)
    {
        options ??= ImageDecoderOptions.Default;
        return Finish(ImageDecoders.Find(data, options).Decode(data, options), options);
    }

    /// <summary>Decodes every picture of an animation or of a file of several pages, one after the other.</summary>
    /// <param name="data">The whole file.</param>
    /// <param name="options">Limits and habits; null for the defaults.</param>
    /// <returns>The frames, each decoded when it is asked for; a single one for other files. Errors are thrown while enumerating.</returns>
    /// <exception cref="ImageFormatException">The content is not a picture that can be decoded.</exception>
    /// <exception cref="ResourceLimitException">The file, a picture or the number of pictures is larger than the options allow.</exception>
    public static IEnumerable<ImageFrame> DecodeFrames(ReadOnlyMemory<byte> data, ImageDecoderOptions? options = null)
    {
        options ??= ImageDecoderOptions.Default;
        return ImageDecoders.Find(data, options) is IAnimationDecoder decoder
            ? decoder.DecodeFrames(data, options).Select(frame => frame with { Image = Finish(frame.Image, options) })
            : [new ImageFrame(Decode(data, options), TimeSpan.Zero)];
    }

    /// <summary>Reads format, size and orientation of a picture file without decoding its pixels.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Limits; null for the defaults. The limit on pixels does not apply.</param>
    /// <exception cref="ImageFormatException">The content is not a picture of a known format.</exception>
    /// <exception cref="ResourceLimitException">The file is larger than the options allow.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ImageInfo Identify(string path, ImageDecoderOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= ImageDecoderOptions.Default;
        return Identify(EncodedSource.Read(path, options), options);
    }

    /// <summary>Reads format, size and orientation of an encoded picture without decoding its pixels.</summary>
    /// <param name="data">The whole file.</param>
    /// <param name="options">Limits; null for the defaults. The limit on pixels does not apply.</param>
    /// <exception cref="ImageFormatException">The content is not a picture of a known format.</exception>
    /// <exception cref="ResourceLimitException">The file is larger than the options allow.</exception>
    public static ImageInfo Identify(ReadOnlyMemory<byte> data, ImageDecoderOptions? options = null)
    {
        options ??= ImageDecoderOptions.Default;
        return ImageDecoders.Find(data, options).Identify(data, options);
    }

    /// <summary>Makes a picture from a copy of RGB samples.</summary>
    /// <param name="width">The number of columns, at least 1.</param>
    /// <param name="height">The number of rows, at least 1.</param>
    /// <param name="rgb">Rows of red, green, blue without padding: height × width × 3 bytes.</param>
    /// <exception cref="ArgumentException">The size is not positive or the number of bytes does not fit.</exception>
    public static Image FromPixels(int width, int height, ReadOnlySpan<byte> rgb) => FromPixels(width, height, 3, rgb);

    /// <summary>Makes a picture from a copy of samples.</summary>
    /// <param name="width">The number of columns, at least 1.</param>
    /// <param name="height">The number of rows, at least 1.</param>
    /// <param name="channels">3 for RGB, 4 for RGB with straight alpha.</param>
    /// <param name="pixels">Rows without padding: height × width × channels bytes.</param>
    /// <exception cref="ArgumentException">The size is not positive, the channels are not 3 or 4, or the number of bytes does not fit.</exception>
    public static Image FromPixels(int width, int height, int channels, ReadOnlySpan<byte> pixels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (channels is not (3 or 4))
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "A picture has 3 or 4 channels.");
        if (pixels.Length != (long)width * height * channels)
        {
            throw new ArgumentException(
                $"{pixels.Length} bytes were given for {width}x{height} pixels of {channels} channels.", nameof(pixels));
        }

        return new Image(width, height, channels, pixels.ToArray(), ImageMetadata.ForPixels(width, height));
    }

    /// <summary>Makes a picture from a copy of samples whose rows may be padded, such as a bitmap of another library.</summary>
    /// <param name="width">The number of columns, at least 1.</param>
    /// <param name="height">The number of rows, at least 1.</param>
    /// <param name="format">The order of the samples.</param>
    /// <param name="pixels">The rows; the last one need not be padded.</param>
    /// <param name="stride">The distance in bytes between two rows, at least a row.</param>
    /// <exception cref="ArgumentException">The size or the stride is too small, or there are too few bytes.</exception>
    /// <exception cref="ResourceLimitException">The picture would not fit in one array.</exception>
    public static Image FromPixels(int width, int height, PixelFormat format, ReadOnlySpan<byte> pixels, int stride)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        int samples = PixelFormats.BytesOf(format);
        int rowBytes = ImageLimits.ByteCount(width, 1, samples);
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, rowBytes);
        long needed = ((height - 1L) * stride) + rowBytes;
        if (pixels.Length < needed)
            throw new ArgumentException($"{pixels.Length} bytes were given for {height} rows of {rowBytes} bytes, {stride} apart; {needed} are needed.", nameof(pixels));
        int channels = samples == 4 ? 4 : 3;
        byte[] target = GC.AllocateUninitializedArray<byte>(ImageLimits.ByteCount(width, height, channels));
        for (int y = 0; y < height; y++)
            PixelFormats.Copy(format, pixels.Slice((int)((long)y * stride), rowBytes), target.AsSpan(y * width * channels, width * channels));
        return new Image(width, height, channels, target, ImageMetadata.ForPixels(width, height));
    }

    /// <summary>The picture without alpha. The stored colours are kept, also where they were transparent; nothing is blended.</summary>
    /// <returns>This picture if it has no alpha, else a new one.</returns>
    public Image ToRgb()
    {
        if (Channels == 3)
            return this;
        byte[] rgb = GC.AllocateUninitializedArray<byte>(Width * Height * 3);
        ReadOnlySpan<byte> source = _pixels;
        for (int from = 0, to = 0; to < rgb.Length; from += 4, to += 3)
        {
            rgb[to] = source[from];
            rgb[to + 1] = source[from + 1];
            rgb[to + 2] = source[from + 2];
        }

        return new Image(Width, Height, 3, rgb, Metadata);
    }

    /// <summary>Scales the picture to exactly the given size, sample for sample as Pillow does; the aspect ratio is not kept.</summary>
    /// <param name="width">The new number of columns, at least 1.</param>
    /// <param name="height">The new number of rows, at least 1.</param>
    /// <param name="filter">The kernel.</param>
    /// <param name="order">Which axis is scaled first; the rounding between the passes makes this visible.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not positive.</exception>
    /// <exception cref="ResourceLimitException">The result would not fit in one array.</exception>
    public Image Resize(int width, int height, ResampleFilter filter, PassOrder order = PassOrder.Pillow13) =>
        Resize(width, height, filter, new CropBox(0, 0, Width, Height), order);

    /// <summary>Scales a part of the picture to exactly the given size, sample for sample as Pillow's <c>resize(size, filter, box)</c>.</summary>
    /// <param name="width">The new number of columns, at least 1.</param>
    /// <param name="height">The new number of rows, at least 1.</param>
    /// <param name="filter">The kernel.</param>
    /// <param name="box">The part of this picture, in pixels; edges may lie between pixels.</param>
    /// <param name="order">Which axis is scaled first; the rounding between the passes makes this visible.</param>
    /// <exception cref="ArgumentException">The size is not positive, or the box is empty or leaves the picture.</exception>
    /// <exception cref="ResourceLimitException">The result would not fit in one array.</exception>
    public Image Resize(int width, int height, ResampleFilter filter, CropBox box, PassOrder order = PassOrder.Pillow13)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        byte[] target = GC.AllocateUninitializedArray<byte>(ImageLimits.ByteCount(width, height, Channels));
        Resampler.Resize(_pixels, Width, Height, Channels, target, width, height, filter, box, order);
        return new Image(width, height, Channels, target, Metadata);
    }

    /// <summary>What the options ask to be done with decoded pixels.</summary>
    private static Image Finish(Image image, ImageDecoderOptions options)
    {
        // Nobody else has the pixels yet, so that they can change in place.
        if (options.ConvertToSrgb)
            image = image.WithMetadata(ColorProfile.ToSrgb(image._pixels, image.Channels, image.Metadata));
        return options.ApplyOrientation ? Orientation.Apply(image, options) : image;
    }

    internal Image WithMetadata(ImageMetadata metadata) => new(Width, Height, Channels, _pixels, metadata);

    /// <summary>Writes the picture as a PNG file; the file appears whole or not at all.</summary>
    /// <param name="path">The file to create or replace. Its folder must exist.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void SavePng(string path) => AtomicFile.Write(path, SavePng);

    /// <summary>Writes the picture as a PNG file to a stream.</summary>
    /// <param name="stream">Where to write; it stays open.</param>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public void SavePng(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        PngEncoder.Encode(this, stream);
    }
}
