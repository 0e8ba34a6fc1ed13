using System.Text.Json.Nodes;
using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.TestSupport;
using PaliSharp.Training.Checkpoints;
using Xunit;

namespace PaliSharp.Training.Tests.Checkpoints;

/// <summary>Stage 0 to 1: an image encoder and a decoder as published become one checkpoint.</summary>
public sealed class CheckpointAssemblerTests : IDisposable
{
    private const int KnownRows = 1000;
    private static readonly string Nano = Path.Combine(GoldenData.RepositoryRoot, "models", "nano");
    private readonly string _folder = Directory.CreateTempSubdirectory("palisharp-parts-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void PartsBecomeOneCheckpoint()
    {
        using Checkpoint nano = Checkpoint.Load(Nano);
        (string vision, string text) = WriteParts(nano);
        string target = Path.Combine(_folder, "joined");
        CheckpointAssembler.Assemble(vision, text, Nano, target, nano.Config.ImageTokenId, seed: 1);

        using Checkpoint joined = Checkpoint.Load(target);
        Assert.Equal(nano.Config.Vision, joined.Config.Vision);
        Assert.Equal(nano.Config.Text with { MaxPositions = 0 }, joined.Config.Text with { MaxPositions = 0 });
        Assert.NotNull(joined.TokenizerFolder);
        foreach (Weight weight in joined.Weights)
        {
            float[] values = Values(weight);
            if (weight.Name.StartsWith("multi_modal_projector", StringComparison.Ordinal))
            {
                Assert.All(values, value => Assert.Equal(0, value));
                continue;
            }

            float[] expected = Values(nano.Weights[weight.Name]);
            bool isTable = weight.Name == TensorNames.Embedding;
            int known = isTable ? KnownRows * weight.Shape[1] : values.Length;
            Assert.True(expected.AsSpan(0, known).SequenceEqual(values.AsSpan(0, known)), weight.Name);
            if (isTable)
                Assert.InRange(Math.Sqrt(values.Skip(known).Average(value => value * value)), 0.0195, 0.0205);
        }
    }

    [Fact]
    public void PartsThatDoNotFitAreRefused()
    {
        using Checkpoint nano = Checkpoint.Load(Nano);
        (string vision, string text) = WriteParts(nano);
        string target = Path.Combine(_folder, "joined");
        Assert.Contains("siglip", Assert.Throws<CheckpointException>(() => CheckpointAssembler.Assemble(text, vision, Nano, target)).Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("tokenizer", Assert.Throws<CheckpointException>(() => CheckpointAssembler.Assemble(vision, text, _folder, target)).Message);
        Assert.False(File.Exists(Path.Combine(target, "config.json")));
    }

    private (string Vision, string Text) WriteParts(Checkpoint nano)
    {
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(Nano, "config.json")))!.AsObject();
        string vision = Directory.CreateDirectory(Path.Combine(_folder, "siglip")).FullName;
        string text = Directory.CreateDirectory(Path.Combine(_folder, "gemma")).FullName;
        File.WriteAllText(Path.Combine(vision, "config.json"), new JsonObject { ["model_type"] = "siglip", ["vision_config"] = config["vision_config"]!.DeepClone() }.ToJsonString());
        File.WriteAllText(Path.Combine(text, "config.json"), config["text_config"]!.ToJsonString());
        SafetensorsWriter.Write(Path.Combine(vision, "model.safetensors"), nano.Weights
            .Where(weight => weight.Name.StartsWith("vision_tower.", StringComparison.Ordinal))
            .Select(weight => Weight.FromValues(weight.Name["vision_tower.".Length..], weight.Shape, Values(weight))));
        SafetensorsWriter.Write(Path.Combine(text, "model.safetensors"), nano.Weights
            .Where(weight => weight.Name.StartsWith("language_model.", StringComparison.Ordinal))
            .Select(weight => weight.Name == TensorNames.Embedding
                ? Weight.FromValues("model.embed_tokens.weight", new TensorShape(KnownRows, weight.Shape[1]), Values(weight).AsSpan(0, KnownRows * weight.Shape[1]))
                : Weight.FromValues(weight.Name["language_model.".Length..], weight.Shape, Values(weight))));
        return (vision, text);
    }

    private static float[] Values(Weight weight)
    {
        float[] values = new float[weight.Shape.Count];
        weight.CopyTo(values);
        return values;
    }
}
