using PaliSharp.Segmentation;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Training.MaskCodecs;
using PaliSharp.Training.Tests.Data;
using Xunit;
using Xunit.Abstractions;

namespace PaliSharp.Training.Tests.MaskCodecs;

/// <summary>The mask codec learns; its gradients are those of its loss; its file is the one that segmentation reads.</summary>
public sealed class MaskCodecTrainerTests(ITestOutputHelper output)
{
    private static readonly CpuOptions Cpu = new() { Threads = 2 };

    [Fact]
    public void ATinyCodecLearnsDrawnMasks()
    {
        const int Fresh = 128;
        var options = new MaskCodecTrainingOptions { Steps = 120, BatchSize = 32, LearningRate = 3e-3, Decay = 0.95, BaseWidth = 4, VectorLength = 32, Seed = 1 };
        var fresh = new DrawnMasks(1_000_000, Fresh);
        using var trainer = new MaskCodecTrainer(new DrawnMasks(0, 2048), options, Cpu);
        double untrained = trainer.Evaluate(fresh);
        trainer.Run();
        double trained = trainer.Evaluate(fresh);
        double mean = MeanMask(fresh);
        string figures = $"untrained {untrained:f3}, the mean of all masks {mean:f3}, trained {trained:f3}, codes used {trainer.Quantizer.Used}";
        output.WriteLine(figures);
        Assert.True(trained > 0.75 && trained > mean + 0.15 && trained > untrained + 0.3, figures);
        Assert.True(trainer.Quantizer.Used >= 8, figures);
    }

    [Fact]
    public void TheSameSeedGivesTheSameBits()
    {
        var options = new MaskCodecTrainingOptions { Steps = 3, BatchSize = 8, BaseWidth = 2, VectorLength = 8, Seed = 4 };
        float[][] runs = [.. Enumerable.Range(0, 2).Select(_ =>
        {
            using var trainer = new MaskCodecTrainer(new DrawnMasks(0, 20), options, Cpu);
            trainer.Run();
            return (float[])[.. trainer.Network.Convolutions[0].Export().Values, .. trainer.Quantizer.Codebook];
        })];
        Assert.Equal(runs[0], runs[1]);
    }

    [Fact]
    public unsafe void GradientsAreThoseOfTheLossAlongRandomDirections()
    {
        // Without the codebook the whole is differentiable but for the corners of rectifiers; float32 sums limit the step from below.
        using var trainer = new MaskCodecTrainer(new DrawnMasks(0, 8), new MaskCodecTrainingOptions { BatchSize = 8, BaseWidth = 2, VectorLength = 8, Seed = 9 }, Cpu);
        float[][] masks = [.. Enumerable.Range(0, 4).Select(i =>
        {
            var mask = new float[MaskCodec.Side * MaskCodec.Side];
            _ = new DrawnMasks(0, 8).TryRead(i, mask);
            return mask;
        })];
        using Tensor input = trainer.Input(masks);
        trainer.Network.Parameters.ClearGradients();
        using (Tensor vectors = trainer.Network.Encode(input))
        using (Tensor decoded = trainer.Network.Decode(vectors))
        using (Tensor slope = trainer.Input(masks))
        {
            for (int i = 0; i < slope.Span.Length; i++)
                slope.Span[i] = 2 * (decoded.Span[i] - input.Span[i]) / input.Span.Length;
            using Tensor gradient = trainer.Network.DecodeBackward(vectors, decoded, slope);
            trainer.Network.EncodeBackward(input, vectors, gradient);
        }

        var random = new GaussianRandom(5);
        for (int direction = 0; direction < 3; direction++)
        {
            float[][] steps = [.. trainer.Network.Parameters.Select(parameter => Enumerable.Range(0, (int)parameter.Count).Select(_ => (float)random.Normal()).ToArray())];
            double expected = 0;
            double norm = 0;
            for (int p = 0; p < steps.Length; p++)
            {
                for (int i = 0; i < steps[p].Length; i++)
                {
                    expected += (double)steps[p][i] * trainer.Network.Parameters[p].Gradients[i];
                    norm += (double)trainer.Network.Parameters[p].Gradients[i] * trainer.Network.Parameters[p].Gradients[i];
                }
            }

            const double Width = 1e-3;
            double above = Loss(Width);
            double below = Loss(-Width);

            // The loss is about 1 and its outputs are rounded to 6e-8: 1e-4 of slope at this width; the curvature's part is of the width's square.
            Assert.Equal(expected, (above - below) / (2 * Width), 0.02 * Math.Sqrt(norm) + 1e-4);

            double Loss(double width)
            {
                Move(width);
                using Tensor vectors = trainer.Network.Encode(input);
                using Tensor decoded = trainer.Network.Decode(vectors);
                double sum = 0;
                for (int i = 0; i < input.Span.Length; i++)
                    sum += ((double)decoded.Span[i] - input.Span[i]) * ((double)decoded.Span[i] - input.Span[i]);
                Move(-width);
                return sum / input.Span.Length;
            }

            void Move(double width)
            {
                for (int p = 0; p < steps.Length; p++)
                {
                    for (int i = 0; i < steps[p].Length; i++)
                        trainer.Network.Parameters[p].Values[i] += (float)(width * steps[p][i]);
                }
            }
        }
    }

    [Fact]
    public void TheSavedFileIsTheCodecThatWasTrained()
    {
        using var folder = new DataFolder();
        using var trainer = new MaskCodecTrainer(new DrawnMasks(0, 16), new MaskCodecTrainingOptions { Steps = 1, BatchSize = 8, Seed = 2 }, Cpu);
        trainer.Run();
        trainer.Save(folder["codec.npz"]);
        MaskCodec codec = MaskCodec.Load(folder["codec.npz"]);
        var mask = new float[MaskCodec.Side * MaskCodec.Side];
        _ = new DrawnMasks(500, 1).TryRead(0, mask);
        using Tensor input = trainer.Input([mask]);
        using Tensor vectors = trainer.Network.Encode(input);
        int[] codes = trainer.Quantizer.Nearest(vectors);
        Assert.Equal(codes, codec.Encode(mask));
        trainer.Quantizer.Replace(codes, vectors);
        using Tensor decoded = trainer.Network.Decode(vectors);

        // Both sum in float32 in orders of their own, through eleven layers.
        Assert.InRange(Difference.Relative(decoded.Span, Array.ConvertAll(codec.Decode(codes), value => (double)value)), 0, 1e-5);
        using var tiny = new MaskCodecTrainer(new DrawnMasks(0, 16), new MaskCodecTrainingOptions { BaseWidth = 2 }, Cpu);
        Assert.Throws<InvalidOperationException>(() => tiny.Save(folder["tiny.npz"]));
        Assert.False(File.Exists(folder["tiny.npz"]));
    }

    [Fact]
    public void MasksComeFromFoldersAndCocoFiles()
    {
        using var folder = new DataFolder();
        var pixels = new bool[20 * 10];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = i % 20 is >= 4 and < 12 && i / 20 is >= 2 and < 8 && i % 20 < 4 + (i / 20);
        Directory.CreateDirectory(folder["masks"]);
        Mask mask = Mask.FromPixels(20, 10, pixels);
        mask.SavePng(folder["masks/a.png"]);
        Mask.FromPixels(20, 10, new bool[200]).SavePng(folder["masks/b.png"]);
        folder.Text("masks/c.png", "no picture");
        IMaskSet set = MaskSets.Open(folder["masks"]);
        Assert.Equal(3, set.Count);
        var target = new float[MaskCodec.Side * MaskCodec.Side];
        Assert.True(set.TryRead(0, target));
        Assert.Equal(0, target[63]);
        Assert.Equal(1, target[63 * 64]);
        Assert.False(set.TryRead(1, target));
        Assert.False(set.TryRead(2, target));

        folder.CocoAndVqa(2);
        IMaskSet coco = MaskSets.Open(folder["instances.json"]);
        Assert.Equal(6, coco.Count);
        Assert.Equal(4, Enumerable.Range(0, coco.Count).Count(i => coco.TryRead(i, target))); // not the crowds
        Assert.All(target, value => Assert.Equal(1, value));
        Assert.Throws<RecipeException>(() => MaskSets.Open(folder["none.json"]));
    }

    [Fact]
    public void UnusableMasksAndNumbersAreRefused()
    {
        Assert.Throws<RecipeException>(() => new MaskCodecTrainer(new DrawnMasks(0, 0), new MaskCodecTrainingOptions(), Cpu));
        Assert.Throws<RecipeException>(() => new MaskCodecTrainer(new DrawnMasks(0, 1), new MaskCodecTrainingOptions { LearningRate = double.NaN }, Cpu));
        using var trainer = new MaskCodecTrainer(new Empty(), new MaskCodecTrainingOptions { BatchSize = 8, BaseWidth = 1, VectorLength = 4 }, Cpu);
        Assert.Contains("None of 3", Assert.Throws<RecipeException>(() => trainer.Run()).Message, StringComparison.Ordinal);
    }

    // The best that one picture for all can do: what most masks have inside.
    private static double MeanMask(DrawnMasks masks)
    {
        var mean = new float[MaskCodec.Side * MaskCodec.Side];
        var all = new List<float[]>();
        for (int i = 0; i < masks.Count; i++)
        {
            var mask = new float[mean.Length];
            _ = masks.TryRead(i, mask);
            all.Add(mask);
            for (int j = 0; j < mean.Length; j++)
                mean[j] += mask[j] / masks.Count;
        }

        return all.Average(mask =>
        {
            int both = mask.Where((value, i) => value > 0.5f && mean[i] > 0.5f).Count();
            return (double)both / mask.Where((value, i) => value > 0.5f || mean[i] > 0.5f).Count();
        });
    }

    private sealed class Empty : IMaskSet
    {
        public int Count => 3;

        public bool TryRead(int index, Span<float> target) => false;
    }
}
