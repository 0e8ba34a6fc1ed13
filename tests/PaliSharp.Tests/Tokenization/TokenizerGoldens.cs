using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using PaliSharp.TestSupport;
using PaliSharp.Tokenization;
using Xunit;

namespace PaliSharp.Tests.Tokenization;

/// <summary>The tokenizer reference data: which case files exist, and the vocabulary each was made with.</summary>
internal static class TokenizerGoldens
{
    public const string Topic = "tokenizer";

    private static readonly Dictionary<string, GoldenVocabulary> Loaded = new(StringComparer.Ordinal);

    /// <summary>All files whose name ends in one of the endings.</summary>
    public static IEnumerable<string> Files(params string[] endings) =>
        from folder in GoldenData.Topic(Topic)
        from file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        where endings.Any(ending => Path.GetFileName(file) == ending || Path.GetFileName(file) == ending + ".gz")
        select file;

    public static TheoryData<string> Theory(params string[] endings)
    {
        var data = new TheoryData<string>();
        foreach (string file in Files(endings))
            data.Add(file);
        return data;
    }

    /// <summary>The vocabulary of a case file: in its own folder, else in a folder beside it, else the one of the large set.</summary>
    public static GoldenVocabulary VocabularyOf(string caseFile)
    {
        string folder = Path.GetDirectoryName(caseFile)!;
        string? found = new[] { folder, Path.Combine(folder, "paligemma"), Path.Combine(GoldenData.RepositoryRoot, "..", "shared", "golden", Topic, "paligemma") }
            .Concat(Directory.EnumerateDirectories(folder).Where(sub => !File.Exists(Path.Combine(sub, "cases.json"))))
            .FirstOrDefault(GoldenVocabulary.IsIn);
        Skip.If(found is null, $"The vocabulary of '{caseFile}' is not there: the full Gemma vocabulary is only in the large reference set (PALISHARP_GOLDEN).");
        lock (Loaded)
        {
            if (!Loaded.TryGetValue(found, out GoldenVocabulary? vocabulary))
                Loaded.Add(found, vocabulary = new GoldenVocabulary(found));
            return vocabulary;
        }
    }

    /// <summary>The cases of a file.</summary>
    public static JsonArray Cases(string file)
    {
        JsonArray cases = JsonNode.Parse(ReadAll(file))!["cases"]!.AsArray();
        Assert.NotEmpty(cases);
        return cases;
    }

    /// <summary>The content of a file, unpacked if it is a gzip file.</summary>
    public static byte[] ReadAll(string file)
    {
        if (!file.EndsWith(".gz", StringComparison.Ordinal))
            return File.ReadAllBytes(file);
        using var unpacked = new MemoryStream();
        using (var packed = new GZipStream(File.OpenRead(file), CompressionMode.Decompress))
            packed.CopyTo(unpacked);
        return unpacked.ToArray();
    }

    public static int[] Ids(this JsonNode node) => node.AsArray().Select(id => (int)id!).ToArray();

    public static string[] Strings(this JsonNode node) => node.AsArray().Select(text => (string?)text ?? "").ToArray();

    public static string Name(this JsonNode node) => (string)node["name"]!;

    /// <summary>Fails with the names of the cases that are wrong.</summary>
    public static void AssertNone(List<string> wrong, string file) =>
        Assert.True(wrong.Count == 0, $"{wrong.Count} wrong in {file}:\n" + string.Join("\n", wrong.Take(12)));

    public static string Show(IEnumerable<int> ids) => string.Join(' ', ids.Take(60));

    public static string Show(string text)
    {
        var shown = new StringBuilder();
        foreach (char unit in text.Length > 200 ? text[..200] : text)
            _ = unit is >= ' ' and < '\u007F' ? shown.Append(unit) : shown.Append("\\u").Append(((int)unit).ToString("x4"));
        return shown.ToString();
    }
}

/// <summary>One vocabulary in the guises the reference data names.</summary>
internal sealed class GoldenVocabulary
{
    private readonly Lazy<Tokenizer> _plain;

    public GoldenVocabulary(string folder)
    {
        byte[] json = TokenizerGoldens.ReadAll(JsonFile(folder)!);
        Json = Read(json);
        string model = Path.Combine(folder, "tokenizer.model");
        SentencePiece = File.Exists(model) ? Tokenizer.Load(model) : null;
        string arrays = Path.Combine(folder, "tokenizer_arrays.json");
        Arrays = File.Exists(arrays) ? Tokenizer.Load(arrays) : null;
        _plain = new Lazy<Tokenizer>(() => Read(WithoutUserDefined(json)));
    }

    public Tokenizer Json { get; }

    public Tokenizer? Arrays { get; }

    public Tokenizer? SentencePiece { get; }

    /// <summary>The flavour whose added tokens are only the control tokens, locations, segments and the image.</summary>
    public Tokenizer Plain => _plain.Value;

    public static bool IsIn(string folder) => Directory.Exists(folder) && JsonFile(folder) is not null;

    private static string? JsonFile(string folder) =>
        new[] { "tokenizer.json", "tokenizer.json.gz" }.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    private static Tokenizer Read(byte[] json)
    {
        using var stream = new MemoryStream(json);
        return Tokenizer.FromJson(stream);
    }

    private static byte[] WithoutUserDefined(byte[] json)
    {
        JsonNode root = JsonNode.Parse(json)!;
        JsonArray added = root["added_tokens"]!.AsArray();
        string[] control = ["<pad>", "<eos>", "<bos>", "<unk>", "<image>"];
        for (int i = added.Count - 1; i >= 0; i--)
        {
            string content = (string)added[i]!["content"]!;
            if (!control.Contains(content) && !content.StartsWith("<loc", StringComparison.Ordinal) && !content.StartsWith("<seg", StringComparison.Ordinal))
                added.RemoveAt(i);
        }

        return Encoding.UTF8.GetBytes(root.ToJsonString());
    }
}
