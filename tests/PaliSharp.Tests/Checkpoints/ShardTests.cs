using System.Text.Json.Nodes;
using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;
using Xunit;

namespace PaliSharp.Tests.Checkpoints;

public class ShardTests
{
    private const string First = "model-00001-of-00002.safetensors";
    private const string Second = "model-00002-of-00002.safetensors";

    [Fact]
    public void Shards_load_as_one()
    {
        using var folder = new TemporaryFolder();
        List<Weight> weights = Write(folder, out _);
        using Checkpoint checkpoint = Checkpoint.Load(folder.Path);
        foreach (Weight weight in weights)
            Values.AssertEqual(weight, checkpoint.Weights[weight.Name]);
    }

    [Theory]
    [InlineData("../" + First)]
    [InlineData("..")]
    [InlineData("/etc/passwd")]
    [InlineData("sub/" + First)]
    [InlineData("sub\\" + First)]
    [InlineData("C:" + First)]
    [InlineData("model.safetensors.index.json")]
    [InlineData("")]
    [InlineData(null)]
    public void Names_that_leave_the_folder_or_are_no_shards_are_refused(string? shard)
    {
        using var folder = new TemporaryFolder();
        List<Weight> weights = Write(folder, out JsonObject map);
        map[weights[0].Name] = shard;
        WriteIndex(folder, map);
        string message = Assert.Throws<CheckpointException>(() => Checkpoint.Load(folder.Path)).Message;
        Assert.Contains("in the same folder", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Contradictions_are_named()
    {
        using var folder = new TemporaryFolder();
        List<Weight> weights = Write(folder, out JsonObject map);
        string name = weights[0].Name;

        map[name] = Second;
        Refused("in another file than listed", name);
        _ = map.Remove(name);
        Refused("not listed in the index", name);
        map[name] = First;
        map["language_model.model.extra"] = First;
        Refused("listed in the index but in no file", "language_model.model.extra");
        _ = map.Remove("language_model.model.extra");
        map["x"] = "model-00003-of-00002.safetensors";
        Refused("missing files", "model-00003-of-00002.safetensors");
        _ = map.Remove("x");
        SafetensorsWriter.Write(folder[Second], [.. weights.Skip(weights.Count / 2), weights[0]]);
        Refused("in two files", name);

        void Refused(params string[] parts)
        {
            WriteIndex(folder, map);
            string message = Assert.Throws<CheckpointException>(() => Checkpoint.Load(folder.Path)).Message;
            Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Broken_indexes_are_refused()
    {
        using var folder = new TemporaryFolder();
        _ = Write(folder, out _);
        foreach (string index in (string[])["", "[]", "{}", """{"weight_map":[]}""", """{"weight_map":{"a":1}}""", """{"weight_map":{"a":"x.safetensors","a":"x.safetensors"}}""", "{"])
        {
            _ = folder.Write("model.safetensors.index.json", index);
            _ = Assert.Throws<CheckpointException>(() => Checkpoint.Load(folder.Path));
        }
    }

    [Fact]
    public void Damaged_indexes_never_do_worse_than_our_exceptions()
    {
        using var folder = new TemporaryFolder();
        _ = Write(folder, out _);
        byte[] valid = File.ReadAllBytes(folder["model.safetensors.index.json"]);
        Mutations.Run(Mutations.Of(valid), bytes => Mutations.Survives(() =>
        {
            _ = folder.Write("model.safetensors.index.json", bytes);
            using Checkpoint checkpoint = Checkpoint.Load(folder.Path);
        }), 200);
    }

    private static List<Weight> Write(TemporaryFolder folder, out JsonObject map)
    {
        PaliGemmaConfig config = TinyModel.Config();
        List<Weight> weights = TinyModel.Weights(config);
        _ = folder.Write("config.json", TinyModel.ConfigJson(config).ToJsonString());
        int half = weights.Count / 2;
        SafetensorsWriter.Write(folder[First], weights.Take(half));
        SafetensorsWriter.Write(folder[Second], weights.Skip(half));
        map = [];
        for (int i = 0; i < weights.Count; i++)
            map[weights[i].Name] = i < half ? First : Second;
        WriteIndex(folder, map);
        return weights;
    }

    private static void WriteIndex(TemporaryFolder folder, JsonObject map) =>
        _ = folder.Write("model.safetensors.index.json", new JsonObject { ["weight_map"] = map.DeepClone() }.ToJsonString());
}
