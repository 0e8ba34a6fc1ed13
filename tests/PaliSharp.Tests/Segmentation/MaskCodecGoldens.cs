using System.Text.Json;
using PaliSharp.Imaging;
using PaliSharp.Segmentation;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tests.Segmentation;

/// <summary>Finds the cases of the topic <c>maskcodec</c>. The codec they were made with is too large for the repository.</summary>
internal static class MaskCodecGoldens
{
    private const string Topic = "maskcodec";

    /// <summary>The folders that hold a file; the test is skipped if there are none and none were promised.</summary>
    public static string[] Folders(string file, bool needsCodec = true)
    {
        string[] folders = [.. GoldenData.Topic(Topic).Where(folder => File.Exists(Path.Combine(folder, file)) && (!needsCodec || CodecPath(folder) is not null))];
        Skip.If(folders.Length == 0 && GoldenData.Explicit is null, "The reference data of the mask codec is not there.");
        GoldenData.RequireCases(Topic, folders);
        return folders;
    }

    public static MaskCodec Codec(string folder) => MaskCodec.Load(CodecPath(folder)!);

    public static JsonElement Json(string folder, string file) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, file))).RootElement;

    public static int[] Ints(JsonElement values) => [.. values.EnumerateArray().Select(value => value.GetInt32())];

    /// <summary>The levels of a grey picture.</summary>
    public static byte[] Levels(string path, out int width, out int height)
    {
        Image image = Image.Load(path);
        (width, height) = (image.Width, image.Height);
        return [.. Enumerable.Range(0, image.Width * image.Height).Select(i => image.Pixels[i * image.Channels])];
    }

    private static string? CodecPath(string folder) => Directory.GetFiles(folder, "*.npz").Order(StringComparer.Ordinal).FirstOrDefault();
}
