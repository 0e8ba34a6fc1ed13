using System.Net;
using System.Runtime.InteropServices;
using PaliSharp.Checkpoints;
using PaliSharp.Generation;
using PaliSharp.Hosting;
using PaliSharp.Models;
using PaliSharp.Server.Tests.Support;
using PaliSharp.Tensors;
using Xunit;

namespace PaliSharp.Server.Tests.Operations;

/// <summary>One checkpoint under two names, with an adapter and without.</summary>
public sealed class AdapterTests
{
    private const string Layers = "base_model.model.model.language_model.layers";

    [Fact]
    public async Task A_model_and_its_adapter_are_asked_by_name_side_by_side()
    {
        string adapter = Directory.CreateTempSubdirectory("palisharp-adapter-").FullName;
        try
        {
            HostedModel hosted = TestServer.DefaultOptions().Models[0];
            using PaliGemma plain = PaliGemma.Load(hosted.Path);
            WriteAdapter(adapter, plain.Config.Text);
            using PaliGemma tuned = PaliGemma.Load(hosted.Path, new PaliGemmaOptions { Adapter = adapter });
            var few = new GenerationOptions { MaxNewTokens = 8 };
            string[] expected =
            [
                (await plain.GenerateAsync(Sample.Image("orange-ring.png"), "caption en", few)).Text,
                (await tuned.GenerateAsync(Sample.Image("orange-ring.png"), "caption en", few)).Text,
            ];
            Assert.NotEqual(expected[0], expected[1]);
            await using TestServer server = await TestServer.StartAsync(
                options => options.Models.Add(hosted with { Name = "tuned", Options = hosted.Options with { Adapter = adapter } }));
            Answer[] answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => server.PostAsync(
                "/v1/vision/run", new { model = i % 2 == 0 ? "nano" : "tuned", image = Sample.DataUrl("orange-ring.png"), prompt = "caption en", max_tokens = 8 })));
            for (int i = 0; i < answers.Length; i++)
            {
                Assert.True(answers[i].Status == HttpStatusCode.OK, answers[i].Text);
                Assert.Equal(i % 2 == 0 ? "nano" : "tuned", answers[i].Json.GetProperty("model").GetString());
                Assert.Equal(expected[i % 2], answers[i].Json.GetProperty("results")[0].GetProperty("text").GetString());
            }
        }
        finally
        {
            Directory.Delete(adapter, recursive: true);
        }
    }

    // One rank in every layer, strong enough to change what is written.
    private static void WriteAdapter(string folder, GemmaConfig text)
    {
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), """{"peft_type": "LORA", "r": 1, "lora_alpha": 1, "target_modules": ["down_proj"], "bias": "none"}""");
        var random = new Random(1);
        SafetensorsWriter.Write(
            Path.Combine(folder, "adapter_model.safetensors"),
            [
                .. Enumerable.Range(0, text.Layers).SelectMany(layer => (SafetensorsContent[])
                [
                    Values($"{Layers}.{layer}.mlp.down_proj.lora_A.weight", new TensorShape(1, text.MlpWidth)),
                    Values($"{Layers}.{layer}.mlp.down_proj.lora_B.weight", new TensorShape(text.Width, 1)),
                ]),
            ]);

        SafetensorsContent Values(string name, TensorShape shape) => new(name, WeightType.Float32, shape, stream =>
        {
            float[] values = [.. Enumerable.Range(0, (int)shape.Count).Select(_ => (random.NextSingle() - 0.5f) * 4)];
            stream.Write(MemoryMarshal.AsBytes(values.AsSpan()));
        });
    }
}
