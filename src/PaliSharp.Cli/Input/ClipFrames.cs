using PaliSharp.Imaging;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Input;

/// <summary>Frames of clips.</summary>
internal static class ClipFrames
{
    /// <summary>Reads frames, spread evenly.</summary>
    /// <param name="clip">A folder of pictures, or an animation.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="PaliSharpException">A picture cannot be decoded, or there is none.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static IReadOnlyList<Image> Read(string clip, int count)
    {
        var sampling = new FrameSampling { Count = count };
        return Directory.Exists(clip) ? VideoFrames.FromFolder(clip, sampling) : VideoFrames.FromAnimation(ReadFile(clip), sampling);
    }

    private static byte[] ReadFile(string path)
    {
        const long MaximumBytes = 256 << 20;
        long length = new FileInfo(path).Length;
        return length <= MaximumBytes
            ? File.ReadAllBytes(path)
            : throw new ResourceLimitException($"'{path}' has {length} bytes; clips have at most {MaximumBytes}. Give a folder of frames.");
    }
}
