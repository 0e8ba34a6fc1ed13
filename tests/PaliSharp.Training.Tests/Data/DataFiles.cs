using PaliSharp.TestSupport;

namespace PaliSharp.Training.Tests.Data;

/// <summary>Files of every format, to be damaged.</summary>
internal static class DataFiles
{
    /// <summary>The mask codec of the demonstration model.</summary>
    public static string Codec { get; } = Path.Combine(GoldenData.RepositoryRoot, "models", "nano", "mask_codec.npz");

    public static IReadOnlyDictionary<string, string> Samples { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["a.jsonl"] = "{\"image\": \"p.png\", \"prefix\": \"caption en\", \"suffix\": \"<loc0001><loc0002><loc0003><loc0004> x\"}\n{\"prefix\": \"b\", \"suffix\": \"c\"}\n",
        ["a.csv"] = "image,prefix,suffix\np.png,\"a \"\"b\"\"\",\"c\nd\"\n,e,f\n",
        ["mixture.json"] = """{"version": 1, "sources": [{"path": "a.jsonl", "weight": 2, "prefix": "x {prefix}", "augment": {"flip": 1, "jpeg": {}}}, {"path": "a.csv", "weight": 1}]}""",
        ["captions.json"] = """{"images": [{"id": 1, "file_name": "p.png"}], "annotations": [{"id": 1, "image_id": 1, "caption": "a dog"}, {"id": 2, "image_id": 1, "caption": "a cat"}]}""",
        ["boxes.json"] = """{"images": [{"id": 1, "file_name": "p.png", "width": 8, "height": 6}], "annotations": [{"image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4]}], "categories": [{"id": 3, "name": "dog"}]}""",
        ["masks.json"] = """
            {"images": [{"id": 1, "file_name": "p.png", "width": 8, "height": 6}], "categories": [{"id": 3, "name": "dog"}], "annotations": [
            {"image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4], "segmentation": [[1, 2, 4, 2, 4, 6, 1, 6]]},
            {"image_id": 1, "category_id": 3, "bbox": [0, 0, 8, 6], "segmentation": {"size": [6, 8], "counts": "06:"}}]}
            """,
        ["questions.json"] = """{"questions": [{"question_id": 7, "image_id": 1, "image": "p.png", "question": "what?"}]}""",
        ["answers.json"] = """{"annotations": [{"question_id": 7, "multiple_choice_answer": "", "answers": [{"answer": "dog"}, {"answer": "cat"}, {"answer": "dog"}]}]}""",
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
        "captions.json" => """{"path": "captions.json", "kind": "coco-captions"}""",
        "boxes.json" => """{"path": "boxes.json", "kind": "coco-detection"}""",
        "masks.json" => $$"""{"path": "masks.json", "kind": "coco-instances", "codec": {{System.Text.Json.JsonSerializer.Serialize(Codec)}}}""",
        "questions.json" or "answers.json" => """{"path": "questions.json", "kind": "vqa", "annotations": "answers.json"}""",
        _ => $"\"{name}\"",
    };
}
