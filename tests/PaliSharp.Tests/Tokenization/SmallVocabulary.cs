using System.Text;
using System.Text.Json.Nodes;
using PaliSharp.TestSupport;
using PaliSharp.Tokenization;

namespace PaliSharp.Tests.Tokenization;

/// <summary>The bundled small vocabulary, for tests that need a tokenizer and no reference.</summary>
internal static class SmallVocabulary
{
    public static string Folder { get; } = Path.Combine(GoldenData.Bundled, "tokenizer", "small");

    public static byte[] JsonBytes { get; } = File.ReadAllBytes(Path.Combine(Folder, "tokenizer.json"));

    public static byte[] ModelBytes { get; } = File.ReadAllBytes(Path.Combine(Folder, "tokenizer.model"));

    public static Tokenizer Json { get; } = Tokenizer.Load(Folder);

    public static Tokenizer Model { get; } = Tokenizer.Load(Path.Combine(Folder, "tokenizer.model"));

    public static Tokenizer FromJson(byte[] json)
    {
        using var stream = new MemoryStream(json);
        return Tokenizer.FromJson(stream);
    }

    public static Tokenizer FromModel(byte[] model)
    {
        using var stream = new MemoryStream(model);
        return Tokenizer.FromSentencePiece(stream);
    }

    /// <summary>Reads the vocabulary after a change of its JSON.</summary>
    public static Tokenizer Changed(Action<JsonNode> change)
    {
        JsonNode root = JsonNode.Parse(JsonBytes)!;
        change(root);
        return FromJson(Encoding.UTF8.GetBytes(root.ToJsonString()));
    }
}

/// <summary>A folder that is removed at the end.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("palisharp-tokenizer-").FullName;

    public string Write(string name, byte[] content)
    {
        string path = Path.Combine(Root, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    public string Write(string name, string content) => Write(name, Encoding.UTF8.GetBytes(content));

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
