using System.Buffers.Binary;
using System.Text;
using FsCheck.Fluent;
using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Quantization;
using Xunit;

namespace PaliSharp.Tests.Checkpoints;

public sealed class QuantizedFileTests
{
    private const string Gate = "language_model.model.layers.1.mlp.gate_proj.weight";

    public static TheoryData<WeightType> Types() => [WeightType.Int8, WeightType.Int4];

    [Theory]
    [MemberData(nameof(Types))]
    public void A_checkpoint_comes_back_as_quantising_in_memory_makes_it(WeightType type)
    {
        using var folder = new TemporaryFolder();
        TinyModel.Write(folder);
        WeightStorage storage = type == WeightType.Int8 ? WeightStorage.Int8 : WeightStorage.Int4;
        using Checkpoint inMemory = Checkpoint.Load(folder.Path, new CheckpointOptions { Weights = storage, QuantizeEverything = true });
        using Checkpoint original = Checkpoint.Load(folder.Path);
        var progress = new List<QuantizationProgress>();
        string path = CheckpointQuantizer.Quantize(folder.Path, type, everything: true, progress: new Collector(progress));
        Assert.Equal(QuantizedFile.PathBeside(folder.Path, type), path);
        Assert.Equal(progress[^1].BytesTotal, progress[^1].BytesDone);
        byte[] first = File.ReadAllBytes(path);
        CheckpointQuantizer.Quantize(folder.Path, type, everything: true);
        Assert.Equal(first, File.ReadAllBytes(path));

        using Checkpoint mapped = Checkpoint.Load(folder.Path, new CheckpointOptions { Weights = storage, QuantizeEverything = true });
        Assert.Equal(original.Config.Text, mapped.Config.Text);
        Assert.Equal(original.Weights.Count, mapped.Weights.Count);
        foreach (Weight weight in original.Weights)
        {
            Weight stored = mapped.Weights[weight.Name];
            bool isMatrix = weight.Shape.Rank == 2 && !weight.Name.Contains("position_embedding", StringComparison.Ordinal);
            bool isLayer = weight.Name.StartsWith("language_model.model.layers.", StringComparison.Ordinal);
            Assert.Equal(!isMatrix ? weight.Type : isLayer ? type : WeightType.Int8, stored.Type);
            Values.AssertEqual(isMatrix ? Quantizer.Quantize(weight, stored.Type) : weight, stored);
            Values.AssertEqual(inMemory.Weights[weight.Name], stored);
        }

        using QuantizedFile file = QuantizedFile.Open(path);
        file.Verify();
        Assert.Equal(type, file.Weights);
        CheckpointReport report = CheckpointInspector.Inspect(folder.Path, verify: true);
        Assert.Empty(report.Problems);
        Assert.Equal((path, true), (Assert.Single(report.Quantized).Path, report.Quantized[0].Verified));
    }

    [Fact]
    public void Any_safetensors_reader_sees_aligned_tensors()
    {
        using var folder = new TemporaryFolder();
        TinyModel.Write(folder);
        using SafetensorsFile file = SafetensorsFile.Open(CheckpointQuantizer.Quantize(folder.Path, WeightType.Int4, everything: true));
        int quantized = 0;
        foreach (SafetensorsEntry entry in file.Tensors.Where(entry => file.Metadata.ContainsKey(entry.Name)))
        {
            Assert.Equal(0, entry.Offset % 64);
            Assert.Equal("U8", entry.Type.Name);
            quantized++;
        }

        Assert.Equal("int4 7x10", file.Metadata[Gate]);
        Assert.Equal(1 + 1 + (2 * 6) + (3 * 7), quantized); // table, projector, and the matrices of the encoder's and the decoder's layers
    }

    [Fact]
    public void Loading_finds_the_file_that_was_asked_for()
    {
        using var folder = new TemporaryFolder();
        TinyModel.Write(folder);
        WeightType Loaded(WeightStorage storage)
        {
            using Checkpoint checkpoint = Checkpoint.Load(folder.Path, new CheckpointOptions { Weights = storage, QuantizeEverything = true });
            return checkpoint.Weights[Gate].Type;
        }

        Assert.Equal(WeightType.Float32, Loaded(WeightStorage.Auto));
        Assert.Equal(WeightType.BFloat16, Loaded(WeightStorage.BFloat16));
        Assert.Equal(WeightType.Float32, Loaded(WeightStorage.Float32));
        CheckpointQuantizer.Quantize(folder.Path, WeightType.Int4, everything: true);
        Assert.Equal(WeightType.Float32, Loaded(WeightStorage.Auto)); // 4 bits only when asked for
        Assert.Equal(WeightType.Int4, Loaded(WeightStorage.Int4));
        CheckpointQuantizer.Quantize(folder.Path, WeightType.Int8, everything: true);
        Assert.Equal(WeightType.Int8, Loaded(WeightStorage.Auto));
        Assert.Equal(WeightType.Float32, Loaded(WeightStorage.Stored));

        // The original weights may go.
        File.Delete(folder["model.safetensors"]);
        Assert.Equal(WeightType.Int8, Loaded(WeightStorage.Auto));
        Assert.Equal(WeightType.Int4, Loaded(WeightStorage.Int4));
        Assert.Throws<CheckpointException>(() => Loaded(WeightStorage.Stored));
        CheckpointReport report = CheckpointInspector.Inspect(folder.Path);
        Assert.Empty(report.Problems);
        Assert.Equal(["int8", "int4"], report.Quantized.Select(file => file.Weights));
        File.Delete(QuantizedFile.PathBeside(folder.Path, WeightType.Int8));
        Assert.Equal(WeightType.Int4, Loaded(WeightStorage.Auto));
    }

    [Fact]
    public void A_file_of_other_weights_is_refused()
    {
        using var folder = new TemporaryFolder();
        TinyModel.Write(folder);
        CheckpointQuantizer.Quantize(folder.Path, WeightType.Int8, everything: true);
        PaliGemmaConfig config = TinyModel.Config();
        List<Weight> weights = TinyModel.Weights(config);
        SafetensorsWriter.Write(folder["model.safetensors"], weights, new Dictionary<string, string>(StringComparer.Ordinal) { ["longer"] = new('x', 100) });
        AssertRefused(folder.Path, "quantize again");
        File.Delete(folder["model.safetensors"]);
        folder.Write("config.json", TinyModel.ConfigJson(config with { Text = config.Text with { MlpWidth = 8 } }).ToJsonString());
        AssertRefused(folder.Path, "of a wrong shape");
    }

    [Fact]
    public void Damage_is_found_at_once_in_the_header_and_by_verifying_elsewhere()
    {
        using var folder = new TemporaryFolder();
        TinyModel.Write(folder);
        string path = CheckpointQuantizer.Quantize(folder.Path, WeightType.Int8, everything: true);
        byte[] valid = File.ReadAllBytes(path);
        int dataStart = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(valid);

        // Another order of extents is a valid header, but not the one that was written.
        string header = Encoding.UTF8.GetString(valid, 8, dataStart - 8);
        byte[] swapped = [.. valid[..8], .. Encoding.UTF8.GetBytes(header.Replace("int8 7x10", "int8 7x11", StringComparison.Ordinal)), .. valid[dataStart..]];
        File.WriteAllBytes(path, swapped);
        Assert.Contains("header does not have the checksum", Assert.Throws<CheckpointException>(() => QuantizedFile.Open(path)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(path, valid[..^1]);
        Assert.Throws<CheckpointException>(() => QuantizedFile.Open(path));

        for (int position = dataStart; position < valid.Length; position += 997)
        {
            byte[] damaged = [.. valid];
            damaged[position] ^= 0x10;
            File.WriteAllBytes(path, damaged);
            Assert.Contains("checksum", Assert.Throws<CheckpointException>(() =>
            {
                using QuantizedFile file = QuantizedFile.Open(path);
                file.Verify();
            }).Message, StringComparison.Ordinal);
        }

        CheckpointReport report = CheckpointInspector.Inspect(folder.Path, verify: true);
        Assert.Contains("checksum", Assert.Single(report.Problems), StringComparison.Ordinal);
    }

    /// <summary>What is small loses more than it saves; what is large is quantised.</summary>
    [Fact]
    public void Small_matrices_stay_as_they_are_unless_everything_is_asked_for()
    {
        const string Layer = "language_model.model.layers.3.mlp.up_proj.weight";
        const string Table = "language_model.model.embed_tokens.weight";
        WeightType? Of(string name, int rows, int columns, bool everything) =>
            QuantizationScheme.TypeOf(name, new TensorShape(rows, columns), WeightType.Int4, everything);
        Assert.Null(Of(Layer, 480, 160, everything: false));
        Assert.Equal(WeightType.Int4, Of(Layer, 480, 160, everything: true));
        Assert.Equal(WeightType.Int4, Of(Layer, 1024, 256, everything: false));
        Assert.Null(Of(Table, 1856, 160, everything: false));
        Assert.Equal(WeightType.Int8, Of(Table, 257216, 2048, everything: false));
        Assert.Equal(WeightType.Int8, Of("vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight", 4304, 1152, everything: false));

        using var folder = new TemporaryFolder();
        TinyModel.Write(folder);
        using QuantizedFile file = QuantizedFile.Open(CheckpointQuantizer.Quantize(folder.Path, WeightType.Int8));
        using Checkpoint mapped = Checkpoint.Load(folder.Path, new CheckpointOptions { Weights = WeightStorage.Int8 });
        using Checkpoint stored = Checkpoint.Load(folder.Path);
        foreach (Weight weight in stored.Weights)
            Values.AssertEqual(weight, mapped.Weights[weight.Name]);
    }

    [Fact]
    public void Foreign_files_are_refused()
    {
        using var folder = new TemporaryFolder();
        TinyModel.Write(folder);
        string path = QuantizedFile.PathBeside(folder.Path, WeightType.Int8);
        File.Copy(folder["model.safetensors"], path);
        AssertRefused(folder.Path, "not a quantised one");
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["palisharp.format"] = "99" };
        SafetensorsWriter.Write(path, TinyModel.Weights(TinyModel.Config()), metadata);
        AssertRefused(folder.Path, "version '99'");
        metadata["palisharp.format"] = "2";
        SafetensorsWriter.Write(path, TinyModel.Weights(TinyModel.Config()), metadata);
        AssertRefused(folder.Path, "palisharp.weights");
        metadata["palisharp.weights"] = "int8";
        SafetensorsWriter.Write(path, TinyModel.Weights(TinyModel.Config()), metadata);
        AssertRefused(folder.Path, "palisharp.sha256");
    }

    /// <summary>Whatever is done to the bytes: the file is read in bounds or refused with a message.</summary>
    [Fact]
    public void Damaged_files_are_read_or_refused()
    {
        using var folder = new TemporaryFolder();
        TinyModel.Write(folder);
        byte[] valid = File.ReadAllBytes(CheckpointQuantizer.Quantize(folder.Path, WeightType.Int4, everything: true));
        int dataStart = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(valid);

        // The header's digest is made right again, so that what lies behind it is reached.
        FsCheck.Gen<byte[]> inputs = Gen.Select(Mutations.Of(valid, dataStart), Redigest);
        Mutations.Check(inputs, ".safetensors", path =>
        {
            using QuantizedFile file = QuantizedFile.Open(path);
            foreach (FoundTensor tensor in file.Tensors.Where(tensor => tensor.IsWeight))
                _ = tensor.Open(tensor.Name).ByteLength;
        }, 600);
        Mutations.Check(Mutations.Of(valid), ".safetensors", path => QuantizedFile.Open(path).Dispose(), 200);
    }

    [Fact]
    public void Values_that_are_not_finite_are_refused_and_leave_no_file()
    {
        using var folder = new TemporaryFolder();
        PaliGemmaConfig config = TinyModel.Config();
        List<Weight> weights = TinyModel.Weights(config);
        int index = weights.FindIndex(weight => weight.Name == Gate);
        float[] values = Values.Of(weights[index]);
        values[33] = float.NaN;
        weights[index] = Weight.FromValues(Gate, weights[index].Shape, values);
        TinyModel.Write(folder, TinyModel.ConfigJson(config), weights);
        string message = Assert.Throws<CheckpointException>(() => CheckpointQuantizer.Quantize(folder.Path, WeightType.Int8, everything: true)).Message;
        Assert.Contains(Gate, message, StringComparison.Ordinal);
        Assert.Equal(["config.json", "model.safetensors"], Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        AssertRefused(folder.Path, Gate);
    }

    [Fact]
    public void A_cancelled_quantisation_leaves_no_file()
    {
        using var folder = new TemporaryFolder();
        TinyModel.Write(folder);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => CheckpointQuantizer.Quantize(folder.Path, WeightType.Int8, everything: true, cancellationToken: cancelled.Token));
        Assert.Equal(2, Directory.GetFiles(folder.Path).Length);
    }

    [Fact]
    public void An_npz_file_has_its_own()
    {
        using var folder = new TemporaryFolder();
        PaliGemmaConfig config = TinyModel.Config();
        List<Weight> weights = TinyModel.Weights(config);
        string archive = folder.Write("model.npz", NumpyWriter.Zip(BigVisionFileTests.Arrays(config, weights, false)
            .Select(array => ($"{array.Key}.npy", NumpyWriter.Npy(array.Values, array.Shape)))));
        Assert.Equal(folder["model.palisharp-int8.safetensors"], CheckpointQuantizer.Quantize(archive, WeightType.Int8, everything: true));
        using Checkpoint checkpoint = Checkpoint.Load(archive, new CheckpointOptions { Weights = WeightStorage.Auto });
        Assert.Equal(WeightType.Int8, checkpoint.Weights[Gate].Type);
        foreach (Weight weight in weights.Where(weight => weight.Name == Gate))
            Values.AssertEqual(Quantizer.Quantize(weight, WeightType.Int8), checkpoint.Weights[weight.Name]);
        CheckpointReport report = CheckpointInspector.Inspect(archive, verify: true);
        Assert.Empty(report.Problems);
        Assert.Single(report.Quantized);
    }

    private static byte[] Redigest(byte[] bytes)
    {
        if (bytes.Length < 8)
            return bytes;
        long length = BinaryPrimitives.ReadInt64LittleEndian(bytes);
        if (length < 0 || length > bytes.Length - 8)
            return bytes;
        byte[] digest = System.Security.Cryptography.SHA256.HashData(bytes.AsSpan(0, 8 + (int)length));

        // The digests are the last tensor; how many there are does not change with the header's letters.
        int digests = Encoding.UTF8.GetString(bytes, 8, (int)length).Split("\"data_offsets\"").Length - 1;
        int start = bytes.Length - (digests * digest.Length);
        if (start > 0)
            digest.CopyTo(bytes.AsSpan(start));
        return bytes;
    }

    private static void AssertRefused(string folder, string part)
    {
        var options = new CheckpointOptions { Weights = WeightStorage.Int8, QuantizeEverything = true };
        Assert.Contains(part, Assert.Throws<CheckpointException>(() => Checkpoint.Load(folder, options).Dispose()).Message, StringComparison.Ordinal);
    }

    private sealed class Collector(List<QuantizationProgress> reports) : IProgress<QuantizationProgress>
    {
        public void Report(QuantizationProgress value) => reports.Add(value);
    }
}
