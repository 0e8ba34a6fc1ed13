using PaliSharp.Checkpoints;
using PaliSharp.Models;
using Xunit;

namespace PaliSharp.Tests.Checkpoints;

public class PublishedGeometryTests
{
    // Number of tensors and of parameters in the published 224-pixel folders (257,216 rows).
    [Theory]
    [InlineData("""{"model_type":"gemma","hidden_size":2048,"intermediate_size":16384,"num_attention_heads":8,"num_hidden_layers":18,"num_key_value_heads":1,"vocab_size":257216}""", 603, 2_923_466_480)]
    [InlineData("""{"model_type":"gemma2","hidden_size":2304,"intermediate_size":9216,"num_hidden_layers":26,"num_key_value_heads":4,"vocab_size":257216}""", 727, 3_032_242_416)]
    [InlineData("""{"model_type":"gemma2","hidden_size":3584,"intermediate_size":14336,"num_hidden_layers":42,"num_attention_heads":16,"num_key_value_heads":8,"vocab_size":257216}""", 903, 9_662_638_832)]
    [InlineData("""{"model_type":"gemma2","hidden_size":4608,"intermediate_size":36864,"num_hidden_layers":46,"num_attention_heads":32,"num_key_value_heads":16,"head_dim":128,"query_pre_attn_scalar":144,"vocab_size":257216}""", 947, 27_650_487_024)]
    public void Tensors_and_parameters_are_those_published(string text, int tensors, long parameters)
    {
        using var folder = new TemporaryFolder();
        _ = folder.Write("config.json", $$$"""
            {"model_type":"paligemma","image_token_index":257152,"hidden_size":2048,"text_config":{{{text}}},
             "vision_config":{"hidden_size":1152,"intermediate_size":4304,"num_attention_heads":16,"num_hidden_layers":27,"patch_size":14}}
            """);
        PaliGemmaConfig config = HuggingFaceConfig.Load(folder.Path, []).Config;
        Assert.Equal(256, config.ImageTokens);
        Assert.Equal(tensors, ModelTensors.Of(config).Count());
        Assert.Equal(parameters, ModelTensors.Of(config).Sum(tensor => tensor.Shape.Count));
    }

    [SkippableFact]
    public void The_demonstration_model_loads()
    {
        string root = TestSupport.GoldenData.RepositoryRoot;
        string[] folders = [Path.Combine(root, "models", "nano"), Path.Combine(root, "..", "shared", "models", "nano-v0")];
        string? folder = Array.Find(folders, Directory.Exists);
        Skip.If(folder is null, "The demonstration model is not there.");
        using Checkpoint checkpoint = Checkpoint.Load(folder);
        Assert.Empty(checkpoint.Warnings);
        Assert.NotNull(checkpoint.TokenizerFolder);
        Assert.Empty(CheckpointInspector.Inspect(folder).Problems);
    }
}
