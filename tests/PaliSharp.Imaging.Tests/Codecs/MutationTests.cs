using PaliSharp.Imaging.Tests.Golden;

namespace PaliSharp.Imaging.Tests.Codecs;

/// <summary>Whatever is done to a valid file, decoding it ends in a picture or in an exception of the family.</summary>
public class MutationTests
{
    private static readonly ImageDecoderOptions Small = new() { MaxPixels = 1_000_000 };

    /// <summary>Small valid files of each format.</summary>
    private static readonly Lazy<byte[][]> Files = new(() =>
    [
        .. GoldenFiles.Read("decode")
            .Where(c => GoldenFiles.Formats.Contains(c.Case.Text("format")) && c.Case.Int("bytes") < 3000)
            .Where((_, i) => i % 5 == 0)
            .Select(c => File.ReadAllBytes(Path.Combine(c.Folder, c.Case.Text("file")))),
    ]);

    [Fact]
    public void Mutated_files_never_throw_anything_untyped() =>
        Properties.Hold(3000, (0, int.MaxValue - 1), (1, 12), (0, 3), (seed, changes, kind) => Survives(Mutate(seed, changes, kind)));

    [Fact]
    public void Every_prefix_of_a_small_file_survives()
    {
        foreach (byte[] file in Files.Value.Where(f => f.Length < 700))
        {
            for (int length = 0; length < file.Length; length++)
                Assert.True(Survives(file[..length]));
        }
    }

    private static byte[] Mutate(int seed, int changes, int kind)
    {
        var random = new Random(seed);
        byte[] file = [.. Files.Value[random.Next(Files.Value.Length)]];
        for (int i = 0; i < changes; i++)
        {
            int at = random.Next(file.Length);
            switch (kind)
            {
                case 0:
                    file[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    file[at] = (byte)random.Next(256);
                    break;
                case 2:
                    // Headers matter more than data.
                    file[random.Next(Math.Min(file.Length, 200))] = random.Next(3) switch { 0 => 0, 1 => 255, _ => (byte)random.Next(256) };
                    break;
                default:
                    int length = random.Next(Math.Min(64, file.Length - at));
                    Array.Copy(file, random.Next(file.Length - length), file, at, length);
                    break;
            }
        }

        return file;
    }

    private static bool Survives(byte[] file)
    {
        try
        {
            _ = Image.Decode(file, Small).Pixels.Length;
        }
        catch (PaliSharpException)
        {
            // Refused in the proper way.
        }

        try
        {
            _ = Image.Identify(file, Small);
        }
        catch (PaliSharpException)
        {
            // Refused in the proper way.
        }

        return true;
    }
}
