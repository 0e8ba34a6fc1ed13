namespace PaliSharp.Training.Tests.Data;

/// <summary>A small source of every kind.</summary>
internal static class SampleSources
{
    /// <summary>Every kind and a mixture of them, each with further properties.</summary>
    public static IEnumerable<(string Name, string Json)> All(DataFolder folder, string properties)
    {
        string[] descriptions = [.. Descriptions(folder)];
        foreach (string description in descriptions)
            yield return (description, $"{{{description}, {properties}}}");
        yield return ("mixture", $$"""{"version": 1, "sources": [{{string.Join(", ", descriptions.Select((item, i) => $"{{{item}, \"weight\": {i + 1}}}"))}}], {{properties}}}""");
    }

    /// <summary>Every kind alone.</summary>
    public static IEnumerable<(string Name, string Json)> Single(DataFolder folder) => Descriptions(folder).Select(item => (item, $"{{{item}}}"));

    private static IEnumerable<string> Descriptions(DataFolder folder)
    {
        const int Count = 7;
        folder.JsonLines("lines", Count);
        yield return "\"path\": \"lines.jsonl\"";
        folder.Text("rows.csv", "image,prefix,suffix\n" + string.Concat(Enumerable.Range(0, Count).Select(i => $"lines-{i}.png,\"a, \"\"b\"\"\",\"row\n{i}\"\n")));
        yield return "\"path\": \"rows.csv\"";
        for (int i = 0; i < Count; i++)
        {
            folder.Picture($"beside/{i}.png", i);
            folder.Text($"beside/{i}.txt", $"beside {i}\n");
            folder.Picture($"classes/class_{i % 3}/{i}.png", i);
        }

        folder.CocoAndVqa(Count);
        yield return "\"path\": \"captions.json\", \"kind\": \"coco-captions\"";
        yield return "\"path\": \"instances.json\", \"kind\": \"coco-detection\"";
        yield return $"\"path\": \"instances.json\", \"kind\": \"coco-instances\", \"codec\": {System.Text.Json.JsonSerializer.Serialize(DataFiles.Codec)}";
        yield return "\"path\": \"questions.json\", \"kind\": \"vqa\", \"annotations\": \"answers.json\", \"imageName\": \"coco-{id:2}.png\"";
        yield return "\"path\": \"questions.json\", \"kind\": \"vqa\", \"annotations\": \"answers.json\", \"imageName\": \"coco-{id:2}.png\", \"answers\": \"each\"";
        yield return "\"path\": \"beside\", \"prefix\": \"caption en\"";
        yield return "\"path\": \"classes\", \"texts\": \"folders\", \"prefix\": \"classify\"";
    }
}
