namespace PaliSharp.Imaging;

/// <summary>Checks sizes before memory is taken.</summary>
internal static class ImageLimits
{
    /// <summary>For reading a size without allocating the picture.</summary>
    public static ImageDecoderOptions Unlimited { get; } = new() { MaxPixels = long.MaxValue, MaxDimension = int.MaxValue };

    /// <summary>Checks the declared size of a picture against the limits.</summary>
    /// <exception cref="ImageFormatException">A side is zero.</exception>
    /// <exception cref="ResourceLimitException">The picture is larger than the options allow.</exception>
    public static void CheckSize(string format, long width, long height, ImageDecoderOptions options)
    {
        if (width < 1 || height < 1)
            throw new ImageFormatException($"The {format} picture declares {width}x{height} pixels; both sides must be at least 1.");
        if (width > options.MaxDimension || height > options.MaxDimension || width * height > options.MaxPixels)
        {
            throw new ResourceLimitException(
                $"The {format} picture declares {width}x{height} pixels; the limit is {options.MaxPixels} pixels and {options.MaxDimension} a side. " +
                "Scale it down first, or raise the limit (ImageDecoderOptions.MaxPixels, MaxDimension).");
        }

        if (options.MaxPixels != long.MaxValue)
            _ = ByteCount((int)width, (int)height, 4);
    }

    /// <summary>Checks the number of a frame, counted from 1.</summary>
    /// <exception cref="ResourceLimitException">The sequence is longer than the options allow.</exception>
    public static void CheckFrames(string format, int number, ImageDecoderOptions options)
    {
        if (number > options.MaxFrames)
        {
            throw new ResourceLimitException(
                $"The {format} file has more than {options.MaxFrames} frames. Raise ImageDecoderOptions.MaxFrames if the file is trusted.");
        }
    }

    /// <summary>Checks the memory that decoding needs beside the file and the picture.</summary>
    /// <param name="format">The format of the file.</param>
    /// <param name="bytes">What is needed.</param>
    /// <param name="options">The limit.</param>
    /// <exception cref="ResourceLimitException">The limit is lower.</exception>
    public static void CheckWorkingMemory(string format, long bytes, ImageDecoderOptions options)
    {
        if (bytes > options.MaxWorkingBytes || bytes > Array.MaxLength)
        {
            throw new ResourceLimitException(
                $"Decoding the {format} picture takes {bytes} bytes of memory beside it; the limit is {options.MaxWorkingBytes}. " +
                "Store it in smaller parts or scale it down first, or raise ImageDecoderOptions.MaxWorkingBytes.");
        }
    }

    /// <summary>The bytes of a picture, checked against what one array can hold.</summary>
    /// <exception cref="ResourceLimitException">One array cannot hold it.</exception>
    public static int ByteCount(int width, int height, int channels)
    {
        long bytes = (long)width * height;
        if (bytes > Array.MaxLength / channels)
        {
            throw new ResourceLimitException(
                $"A picture of {width}x{height} pixels with {channels} channels does not fit in one array. Use a smaller size.");
        }

        return (int)(bytes * channels);
    }
}
