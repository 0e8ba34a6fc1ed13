using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Tasks;
using PaliSharp.TestSupport;
using PaliSharp.Tests.Checkpoints;
using Xunit;

namespace PaliSharp.Tests.Tasks;

public sealed class VideoFramesTests
{
    [Fact]
    public void FramesAreTakenAsInThePapers()
    {
        Assert.Equal([0, 9, 18, 27], VideoFrames.Choose(100, new FrameSampling { Count = 4, Stride = 9 }));
        Assert.Equal([0, 9, 0, 9, 0], VideoFrames.Choose(15, new FrameSampling { Count = 5, Stride = 9 }));
        Assert.Equal([0, 25, 50, 75], VideoFrames.Choose(100, new FrameSampling { Count = 4 }));
        Assert.Equal([0, 1, 2, 0, 1], VideoFrames.Choose(3, new FrameSampling { Count = 5 }));
        Assert.Equal(16, VideoFrames.Choose(1).Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => VideoFrames.Choose(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => VideoFrames.Choose(5, new FrameSampling { Count = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => VideoFrames.Choose(5, new FrameSampling { Stride = 0 }));
    }

    [Theory]
    [InlineData("frame9", "frame10")]
    [InlineData("a", "b")]
    [InlineData("f1a", "f1b")]
    [InlineData("f07", "f8")]
    [InlineData("f", "f1")]
    [InlineData("f99999999999999999999998", "f99999999999999999999999")]
    public void NumbersInNamesCountAsNumbers(string first, string second)
    {
        Assert.True(VideoFrames.CompareNames(first, second) < 0);
        Assert.True(VideoFrames.CompareNames(second, first) > 0);
    }

    [Fact]
    public async Task AFolderOfFramesGoesIntoOnePrompt()
    {
        using var folder = new TemporaryFolder();
        for (int i = 0; i < 12; i++)
            Image.FromPixels(1, 1, [(byte)i, 0, 0]).SavePng(folder[$"frame{i}.png"]);
        File.WriteAllText(folder["notes.txt"], "no picture");
        IReadOnlyList<Image> frames = VideoFrames.FromFolder(folder.Path, new FrameSampling { Count = 3, Stride = 5 });
        Assert.Equal([0, 5, 10], frames.Select(frame => (int)frame.Pixels[0]));
        using PaliGemma model = PaliGemma.Load();
        TextResult caption = await model.RunAsync(frames, new CaptionTask { Options = new GenerationOptions { MaxNewTokens = 4 } });
        Assert.Equal(3 * model.Config.ImageTokens, caption.Generation.ImageTokens);
        using var empty = new TemporaryFolder();
        Assert.Throws<PromptException>(() => VideoFrames.FromFolder(empty.Path));
    }

    [Fact]
    public void FramesOfAnAnimationAreTaken()
    {
        string? file = GoldenData.Topic("imaging").SelectMany(folder => Directory.GetFiles(folder, "*.gif", SearchOption.AllDirectories))
            .FirstOrDefault(path => IsAnimated(path));
        byte[] data = file is null ? Animation() : File.ReadAllBytes(file);
        int count = Image.DecodeFrames(data).Count();
        IReadOnlyList<Image> frames = VideoFrames.FromAnimation(data, new FrameSampling { Count = count + 1, Stride = 1 });
        Assert.Equal(count + 1, frames.Count);
        Assert.Same(frames[0], frames[count]);
        Assert.True(Image.DecodeFrames(data).Last().Image.Pixels.SequenceEqual(frames[count - 1].Pixels));
    }

    private static bool IsAnimated(string path)
    {
        try
        {
            return Image.DecodeFrames(File.ReadAllBytes(path)).Take(2).Count() == 2;
        }
        catch (PaliSharpException)
        {
            return false; // some of the reference files are broken on purpose
        }
    }

    /// <summary>A GIF of two frames of one pixel, red and green.</summary>
    private static byte[] Animation() =>
    [
        .. "GIF89a"u8, 1, 0, 1, 0, 0x80, 0, 0, 255, 0, 0, 0, 255, 0,
        0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 0x01, 0,
        0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x4C, 0x01, 0,
        0x3B,
    ];
}
