using System.IO.Compression;
using PaliSharp.Checkpoints;
using PaliSharp.Segmentation;
using PaliSharp.TestSupport;
using PaliSharp.Tests.Checkpoints;
using Xunit;

namespace PaliSharp.Tests.Segmentation;

public sealed class MaskCodecTests
{
    private static readonly string NanoPath = Path.Combine(GoldenData.RepositoryRoot, "models", "nano", "mask_codec.npz");

    public static MaskCodec Nano { get; } = MaskCodec.Load(NanoPath);

    [Theory]
    [InlineData(3, 1, 1, false)]
    [InlineData(4, 2, 1, false)]
    [InlineData(1, 1, 0, false)]
    [InlineData(4, 2, 1, true)]
    public void AConvolutionEqualsItsDefinition(int size, int stride, int padding, bool isTransposed)
    {
        const int Inputs = 5;
        const int Outputs = 19; // not a multiple of any vector
        const int Side = 6;
        float[] weights = TestNumbers.Normal(Inputs * Outputs * size * size, 1);
        float[] bias = TestNumbers.Normal(Outputs, 2);
        float[] input = TestNumbers.Normal(Side * Side * Inputs, 3);
        FeatureMap output = Convolution
            .Create(new ConvolutionShape(Inputs, Outputs, size, stride, padding, isTransposed), weights, bias)
            .Apply(new FeatureMap(Side, Inputs, input));

        int side = isTransposed ? ((Side - 1) * stride) - (2 * padding) + size : ((Side + (2 * padding) - size) / stride) + 1;
        var expected = new double[side * side * Outputs];
        for (int i = 0; i < expected.Length; i++)
            expected[i] = bias[i % Outputs];
        foreach (int fine in Enumerable.Range(0, (isTransposed ? Side : side) * (isTransposed ? Side : side) * size * size * Inputs * Outputs))
        {
            int rest = fine;
            int o = Take(ref rest, Outputs);
            int i = Take(ref rest, Inputs);
            int u = Take(ref rest, size);
            int v = Take(ref rest, size);
            int x = Take(ref rest, isTransposed ? Side : side);
            int y = rest;
            (int otherY, int otherX) = ((y * stride) - padding + u, (x * stride) - padding + v);
            (int fromY, int fromX, int toY, int toX) = isTransposed ? (y, x, otherY, otherX) : (otherY, otherX, y, x);
            int otherSide = isTransposed ? side : Side;
            if (otherY < 0 || otherX < 0 || otherY >= otherSide || otherX >= otherSide)
                continue;
            int weight = isTransposed ? (((((i * Outputs) + o) * size) + u) * size) + v : (((((o * Inputs) + i) * size) + u) * size) + v;
            expected[(((toY * side) + toX) * Outputs) + o] += (double)weights[weight] * input[(((fromY * Side) + fromX) * Inputs) + i];
        }

        Assert.Equal((side, Outputs), (output.Side, output.Channels));
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], output.Values[i], 1e-4);

        static int Take(ref int rest, int count)
        {
            int value = rest % count;
            rest /= count;
            return value;
        }
    }

    [Fact]
    public void TheBundledCodecKeepsDrawnShapes()
    {
        foreach (Func<int, int, bool> shape in (Func<int, int, bool>[])[
            (x, y) => ((x - 32) * (x - 32)) + ((y - 32) * (y - 32)) < 32 * 32,
            (_, _) => true,
            (x, y) => Math.Abs(x - 32) < (y / 2),
        ])
        {
            float[] mask = [.. Enumerable.Range(0, 64 * 64).Select(i => shape(i % 64, i / 64) ? 1f : 0f)];
            int[] codes = Nano.Encode(mask);
            bool[] decoded = Array.ConvertAll(Nano.Decode(codes), value => value > 0);
            Mask before = Mask.FromPixels(64, 64, Array.ConvertAll(mask, value => value > 0));
            Assert.InRange(before.IntersectionOverUnion(Mask.FromPixels(64, 64, decoded)), 0.85, 1);
        }
    }

    [Fact]
    public void WhatIsNoMaskOrNoCodesIsRefused()
    {
        Assert.Throws<ArgumentException>(() => Nano.Decode(new int[15]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Nano.Decode([128, .. new int[15]]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Nano.Decode([-1, .. new int[15]]));
        Assert.Throws<ArgumentException>(() => Nano.Encode(new float[63 * 64]));
    }

    [Fact]
    public void AFileThatIsNoCodecIsRefusedWithAReason()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "codec.npz");
        Assert.Contains("does not exist", Assert.Throws<CheckpointException>(() => MaskCodec.Load(path)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(path, NumpyWriter.Zip([("other.npy", NumpyWriter.Npy(new float[4], [4]))]));
        Assert.Contains("_vq_vae._embedding", Assert.Throws<CheckpointException>(() => MaskCodec.Load(path)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(path, NumpyWriter.Zip([("_vq_vae._embedding.npy", NumpyWriter.Npy(new float[128 * 4], [128, 4]))]));
        Assert.Contains("[128, 512]", Assert.Throws<CheckpointException>(() => MaskCodec.Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DeflatedFilesWithFurtherArraysAreRead()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "codec.npz");
        using (var archive = NpzArchive.Open(NanoPath))
        {
            IEnumerable<(string, byte[])> arrays = archive.Arrays.Select(
                array => ($"{array.Name}.npy", NumpyWriter.Npy(archive.ReadSingles(array.Name), [.. array.Shape.Select(extent => (int)extent)])));
            File.WriteAllBytes(path, NumpyWriter.Zip([.. arrays, ("_vq_vae._ema_w.npy", NumpyWriter.Npy(new float[3], [3]))], CompressionLevel.Fastest));
        }

        int[] codes = [.. Enumerable.Range(20, 16)];
        Assert.Equal(Nano.Decode(codes), MaskCodec.Load(path).Decode(codes));
    }
}
