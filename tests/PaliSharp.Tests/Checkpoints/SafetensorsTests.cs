using System.Buffers.Binary;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Checkpoints;
using PaliSharp.Tensors;
using Xunit;

namespace PaliSharp.Tests.Checkpoints;

public class SafetensorsTests
{
    private const string Small = """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"BF16","shape":[1,2],"data_offsets":[8,12]}}""";

    [Fact]
    public void Names_types_shapes_and_metadata_are_read()
    {
        using var folder = new TemporaryFolder();
        string header = """{"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[1,2],"data_offsets":[8,12]},"a":{"shape":[2],"data_offsets":[0,8],"dtype":"F32"}}   """;
        byte[] data = [.. BitConverter.GetBytes(1.5f), .. BitConverter.GetBytes(-2f), 0x80, 0x3F, 0x00, 0xC0];
        using SafetensorsFile file = SafetensorsFile.Open(folder.Write("x.safetensors", Bytes(header, data)));
        Assert.Equal(["a", "b"], file.Tensors.Select(tensor => tensor.Name));
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal([1.5f, -2f], file.ReadSingles("a"));
        Assert.Equal([1f, -2f], file.ReadSingles("b"));
        Assert.Equal(new TensorShape(1, 2), file.GetWeight("b").Shape);
        Assert.Equal("renamed", file.GetWeight("b", "renamed").Name);
    }

    [Fact]
    public unsafe void Misaligned_tensors_are_copied()
    {
        using var folder = new TemporaryFolder();
        string header = """{"u":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"f":{"dtype":"F32","shape":[2],"data_offsets":[1,9]},"h":{"dtype":"F16","shape":[],"data_offsets":[9,11]}}""";
        byte[] data = [7, .. BitConverter.GetBytes(3f), .. BitConverter.GetBytes(4f), .. BitConverter.GetBytes((Half)0.5f)];
        using SafetensorsFile file = SafetensorsFile.Open(folder.Write("x.safetensors", Bytes(header, data)));
        Weight weight = file.GetWeight("f");
        Assert.Equal(0, (long)weight.Data % 4);
        Assert.Equal([3f, 4f], file.ReadSingles("f"));
        Assert.Equal([0.5f], file.ReadSingles("h"));
        Assert.Equal([7L], file.ReadIntegers("u"));
    }

    [Fact]
    public void Empty_tensors_are_allowed()
    {
        using var folder = new TemporaryFolder();
        string header = """{"e":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]}}""";
        using SafetensorsFile file = SafetensorsFile.Open(folder.Write("x.safetensors", Bytes(header, [])));
        Assert.Empty(file.ReadSingles("e"));
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", "twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", "inside another tensor")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "tensors end at byte")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", "belong to no tensor")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", "12 of data")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,12]}}""", "needs 16 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-3],"data_offsets":[0,12]}}""", "at least 0")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[12,0]}}""", "data_offsets [12, 0]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,4611686018427387904],"data_offsets":[0,12]}}""", "overflows")]
    [InlineData("""{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,12]}}""", "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3.5],"data_offsets":[0,12]}}""", "whole numbers")]
    [InlineData("""{"a":{"dtype":"Q4_K","shape":[3],"data_offsets":[0,12]}}""", "unknown dtype 'Q4_K'")]
    [InlineData("""{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}""", "needs 1 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3]}}""", "lacks")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12],"x":1}}""", "unexpected")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"shape":[3],"data_offsets":[0,12]}}""", "repeated")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12,12]}}""", "more than 2")]
    [InlineData("""{"a":[1,2]}""", "an object for the tensor 'a'")]
    [InlineData("""{"__metadata__":{"x":1}}""", "a string as metadata")]
    [InlineData("""{"__metadata__":{"\ud800":"1"}}""", "Unicode")]
    [InlineData("""[]""", "'{'")]
    [InlineData("""{} {}""", "JSON")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}""", "JSON")]
    [InlineData("""{"a":{"dtype":"F32","shape":[[[[[[[[[[[[3]]]]]]]]]]]],"data_offsets":[0,12]}}""", "whole numbers")]
    [InlineData("""{"a":{{{{{{{{{{{{{{{{{{{{{{{{{{{{""", "JSON")]
    public void Broken_headers_are_refused(string header, string part)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("x.safetensors", Bytes(header, new byte[12]));
        CheckpointException e = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path));
        Assert.Contains(part, e.Message, StringComparison.Ordinal);
        Assert.Contains(path, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Broken_lengths_are_refused()
    {
        using var folder = new TemporaryFolder();
        byte[] valid = Bytes(Small, new byte[12]);
        Refused("empty", []);
        Refused("seven bytes", valid[..7]);
        Refused("length only", valid[..8]);
        Refused("cut header", valid[..40]);
        Refused("cut data", valid[..^1]);
        Refused("trailing byte", [.. valid, 0]);
        byte[] huge = [.. valid];
        BinaryPrimitives.WriteUInt64LittleEndian(huge, ulong.MaxValue);
        Refused("huge length", huge);
        BinaryPrimitives.WriteUInt64LittleEndian(huge, 100_000_001);
        Refused("length beyond the limit", huge);
        byte[] notText = [.. valid];
        notText[10] = 0xFF;
        Refused("not UTF-8", notText);
        _ = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(folder["absent"]));
        _ = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(folder.Path));

        void Refused(string name, byte[] bytes) => Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(folder.Write(name, bytes)));
    }

    [Fact]
    public void Tensors_that_are_no_weights_are_named()
    {
        using var folder = new TemporaryFolder();
        string header = """{"ids":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"deep":{"dtype":"F32","shape":[1,1,1,1,1],"data_offsets":[8,12]}}""";
        using SafetensorsFile file = SafetensorsFile.Open(folder.Write("x.safetensors", Bytes(header, new byte[12])));
        Assert.Contains("I64", Assert.Throws<CheckpointException>(() => file.GetWeight("ids")).Message, StringComparison.Ordinal);
        Assert.Contains("[1, 1, 1, 1, 1]", Assert.Throws<CheckpointException>(() => file.GetWeight("deep")).Message, StringComparison.Ordinal);
        Assert.Contains("'absent'", Assert.Throws<CheckpointException>(() => file.GetWeight("absent")).Message, StringComparison.Ordinal);
        Assert.Equal([0L], file.ReadIntegers("ids"));
    }

    [Fact]
    public void Damaged_files_never_do_worse_than_our_exceptions() =>
        Mutations.Check(Mutations.Of(Bytes(Small, new byte[12])), ".safetensors", ReadAll, 1500);

    [Fact]
    public void Arbitrary_headers_never_do_worse_than_our_exceptions()
    {
        Gen<string> number = Gen.Elements("0", "1", "2", "3", "4", "8", "12", "-1", "2147483648", "9223372036854775807", "18446744073709551616", "1e30", "1.5", "null", "\"2\"");
        Gen<string> list = Gen.Choose(0, 5).SelectMany(count => Gen.ArrayOf(number, count)).Select(items => $"[{string.Join(',', items)}]");
        Gen<string> type = Gen.Elements("\"F32\"", "\"BF16\"", "\"F16\"", "\"F64\"", "\"F4\"", "\"F6_E2M3\"", "\"C64\"", "\"\"", "1", "{}");
        Gen<string> tensor =
            from name in Gen.Elements("a", "b", "__metadata__", "\\u0000", "")
            from dtype in type
            from shape in list
            from offsets in Gen.OneOf(list, Gen.Elements("[0,8]", "[8,12]", "[0,12]", "[0,0]", "[12,12]"))
            select $"\"{name}\":{{\"dtype\":{dtype},\"shape\":{shape},\"data_offsets\":{offsets}}}";
        Gen<byte[]> file = Gen.Choose(0, 3).SelectMany(count => Gen.ArrayOf(tensor, count))
            .Select(tensors => Bytes($"{{{string.Join(',', tensors)}}}", new byte[12]));
        Mutations.Check(file, ".safetensors", ReadAll, 2000);
    }

    [Fact]
    public void What_is_written_is_read_back()
    {
        using var folder = new TemporaryFolder();
        Gen<(int[] Shape, int Type)[]> tensors = Gen.Choose(0, 6).SelectMany(count => Gen.ArrayOf(
            from rank in Gen.Choose(1, 4)
            from shape in Gen.ArrayOf(Gen.Choose(0, 4), rank)
            from type in Gen.Choose(0, 2)
            select (shape, type), count));
        Mutations.Run(tensors, described =>
        {
            var random = new Random(described.Length);
            List<Weight> weights = [.. described.Select((tensor, index) => Make($"ten\"sör {index}", tensor.Shape, (WeightType)tensor.Type, random))];
            var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["z"] = "1", ["a"] = "\u0001ü" };
            SafetensorsWriter.Write(folder["one"], weights, metadata);
            SafetensorsWriter.Write(folder["two"], weights, metadata.Reverse().ToDictionary(StringComparer.Ordinal));
            Assert.Equal(File.ReadAllBytes(folder["one"]), File.ReadAllBytes(folder["two"]));
            using SafetensorsFile file = SafetensorsFile.Open(folder["one"]);
            Assert.Equal(metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal), file.Metadata);
            Assert.Equal(weights.Count, file.Tensors.Count);
            foreach (Weight weight in weights)
            {
                Weight read = file.GetWeight(weight.Name);
                Assert.Equal(weight.Type, read.Type);
                Values.AssertEqual(weight, read);
            }
        }, 100);
    }

    [Fact]
    public void A_failed_write_leaves_nothing()
    {
        using var folder = new TemporaryFolder();
        var content = new SafetensorsContent("a", WeightType.Float32, new TensorShape(2), stream => stream.WriteByte(1));
        _ = Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.Write(folder["x"], [content]));
        _ = Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(folder["x"], [content, content]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    internal static byte[] Bytes(string header, byte[] data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        return [.. BitConverter.GetBytes((long)json.Length), .. json, .. data];
    }

    private static Weight Make(string name, int[] shape, WeightType type, Random random)
    {
        Weight weight = TinyModel.Random(name, TensorShape.From(shape), random);
        return type == WeightType.Float32 ? weight : TinyModel.As(weight, type);
    }

    private static void ReadAll(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        foreach (SafetensorsEntry entry in file.Tensors)
        {
            if (entry.Type.WeightType is not null)
                _ = file.ReadSingles(entry.Name);
            using Stream stream = file.OpenTensor(entry.Name);
            stream.CopyTo(Stream.Null);
        }
    }
}
