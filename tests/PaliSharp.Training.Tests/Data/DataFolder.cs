using System.Text;
using PaliSharp.Imaging;

namespace PaliSharp.Training.Tests.Data;

/// <summary>A folder of small pictures and texts, removed at the end.</summary>
internal sealed class DataFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("palisharp-data-").FullName;

    public string this[string name] => Path.Combine(Root, name);

    /// <summary>Writes a picture whose left half has one colour and whose right half another, both by its number.</summary>
    public string Picture(string name, int number, int width = 8, int height = 6)
    {
        var pixels = new byte[width * height * 3];
        for (int i = 0; i < width * height; i++)
        {
            pixels[3 * i] = (byte)(number * 13);
            pixels[(3 * i) + 1] = (byte)(i % width < width / 2 ? 250 : 5);
            pixels[(3 * i) + 2] = (byte)(i / width * 20);
        }

        Directory.CreateDirectory(Path.GetDirectoryName(this[name])!);
        Image.FromPixels(width, height, pixels).SavePng(this[name]);
        return this[name];
    }

    public string Text(string name, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[name])!);
        File.WriteAllText(this[name], content, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        return this[name];
    }

    /// <summary>Writes <c>NAME.jsonl</c> with pictures of its own.</summary>
    public string JsonLines(string name, int count)
    {
        var lines = new StringBuilder();
        for (int i = 0; i < count; i++)
        {
            Picture($"{name}-{i}.png", i);
            lines.Append($$"""{"image": "{{name}}-{{i}}.png", "prefix": "{{name}}", "suffix": "{{name}} {{i}}"}""").Append('\n');
        }

        return Text($"{name}.jsonl", lines.ToString());
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
