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

    /// <summary>
    /// Writes <c>captions.json</c>, <c>instances.json</c>, <c>questions.json</c> and <c>answers.json</c> about pictures of 16×12 pixels: two captions
    /// each; a dog as polygon, a cat as run lengths and a crowd; a question with three answers.
    /// </summary>
    public void CocoAndVqa(int count)
    {
        int[] all = [.. Enumerable.Range(1, count)];
        foreach (int i in all)
            Picture($"coco-{i:D2}.png", i, 16, 12);
        string images = string.Join(",\n", all.Select(i => $$"""{"file_name": "coco-{{i:D2}}.png", "height": 12, "width": 16, "id": {{i}}, "license": 1}"""));
        string captions = string.Join(",\n", all.SelectMany(i => (int[])[2 * i, (2 * i) + 1]).Select(n => $$"""{"image_id": {{n / 2}}, "id": {{n}}, "caption": " picture {{n / 2}} text {{n % 2}} "}"""));
        string things = string.Join(",\n", all.Select(i => $$"""
            {"id": {{3 * i}}, "image_id": {{i}}, "category_id": 18, "iscrowd": 0, "bbox": [{{i}}, 2, 4, 6], "segmentation": [[{{i}}, 2, {{i + 4}}, 2, {{i + 4}}, 8, {{i}}, 8]], "area": 24},
            {"id": {{(3 * i) + 1}}, "image_id": {{i}}, "category_id": 17, "iscrowd": 0, "bbox": [0, 0, 2, 12], "segmentation": {"size": [12, 16], "counts": [0, 24, 168]}, "area": 24},
            {"id": {{(3 * i) + 2}}, "image_id": {{i}}, "category_id": 17, "iscrowd": 1, "bbox": [0, 0, 16, 12], "segmentation": {"size": [12, 16], "counts": [0, 192]}, "area": 192}
            """));
        Text("captions.json", $$"""{"info": {"images": [{"id": 1}]}, "images": [{{images}}], "annotations": [{{captions}}]}""");
        Text("instances.json", $$"""{"categories": [{"id": 17, "name": "cat"}, {"id": 18, "name": "dog"}], "images": [{{images}}], "annotations": [{{things}}]}""");
        Text("questions.json", $$"""{"questions": [{{string.Join(',', all.Select(i => $$"""{"question_id": {{100 + i}}, "image_id": {{i}}, "question": "How many in {{i}}?"}"""))}}]}""");
        Text("answers.json", $$"""{"annotations": [{{string.Join(',', all.Reverse().Select(i => $$"""
            {"question_id": {{100 + i}}, "answers": [{"answer": "one {{i}}"}, {"answer": "two"}, {"answer": "two"}]}
            """))}}]}""");
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
