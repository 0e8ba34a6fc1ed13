namespace PaliSharp.Training.Tests.Data;

/// <summary>Files of every format, to be damaged.</summary>
internal static class DataFiles
{
    public static IReadOnlyDictionary<string, string> Samples { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["a.jsonl"] = "{\"image\": \"p.png\", \"prefix\": \"caption en\", \"suffix\": \"<loc0001><loc0002><loc0003><loc0004> x\"}\n{\"prefix\": \"b\", \"suffix\": \"c\"}\n",
        ["a.csv"] = "image,prefix,suffix\np.png,\"a \"\"b\"\"\",\"c\nd\"\n,e,f\n",
        ["mixture.json"] = """{"version": 1, "sources": [{"path": "a.jsonl", "weight": 2, "prefix": "x {prefix}", "augment": {"flip": 1, "jpeg": {}}}, {"path": "a.csv", "weight": 1}]}""",
    };

    public static void WriteAll(DataFolder folder)
    {
        if (!File.Exists(folder["p.png"]))
            folder.Picture("p.png", 1);
        foreach ((string name, string content) in Samples)
            folder.Text(name, content);
    }

    /// <summary>The data of a recipe that reads a file.</summary>
    public static string Description(string name) => name switch
    {
        _ => $"\"{name}\"",
    };
}
