using System.IO.Compression;
using System.Text;

namespace PaliSharp.Tests.Checkpoints;

/// <summary>Writes numpy files for tests.</summary>
internal static class NumpyWriter
{
    public static byte[] Npy(string header, byte[] data, byte version = 1)
    {
        byte[] text = Encoding.Latin1.GetBytes(header);
        byte[] length = version == 1 ? BitConverter.GetBytes((ushort)text.Length) : BitConverter.GetBytes(text.Length);
        return [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', version, 0, .. length, .. text, .. data];
    }

    public static byte[] Npy(float[] values, int[] shape, bool fortran = false, string type = "<f4", byte version = 1)
    {
        string extents = shape.Length == 1 ? $"({shape[0]},)" : $"({string.Join(", ", shape)})";
        float[] ordered = fortran ? ToFortran(values, shape) : values;
        byte[] data = type switch
        {
            "<f4" => [.. ordered.SelectMany(BitConverter.GetBytes)],
            "<f2" => [.. ordered.SelectMany(value => BitConverter.GetBytes((Half)value))],
            _ => [.. ordered.SelectMany(value => BitConverter.GetBytes((ushort)(BitConverter.SingleToUInt32Bits(Values.RoundToBFloat16(value)) >> 16)))],
        };
        return Npy($"{{'descr': '{type}', 'fortran_order': {(fortran ? "True" : "False")}, 'shape': {extents}, }}\n", data, version);
    }

    public static byte[] Zip(IEnumerable<(string Name, byte[] Content)> entries, CompressionLevel level = CompressionLevel.NoCompression)
    {
        using var memory = new MemoryStream();
        using (var archive = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in entries)
            {
                using Stream stream = archive.CreateEntry(name, level).Open();
                stream.Write(content);
            }
        }

        return memory.ToArray();
    }

    /// <summary>An archive whose directory uses 64-bit fields throughout, as one beyond 4 GiB must.</summary>
    public static byte[] Zip64(IReadOnlyList<(string Name, byte[] Content)> entries)
    {
        using var memory = new MemoryStream();
        using var writer = new BinaryWriter(memory);
        var positions = new List<long>();
        foreach ((string name, byte[] content) in entries)
        {
            positions.Add(memory.Position);
            byte[] text = Encoding.UTF8.GetBytes(name);
            writer.Write(0x04034b50u);
            writer.Write(new byte[22]);
            writer.Write((ushort)text.Length);
            writer.Write((ushort)0);
            writer.Write(text);
            writer.Write(content);
        }

        long start = memory.Position;
        for (int i = 0; i < entries.Count; i++)
        {
            byte[] text = Encoding.UTF8.GetBytes(entries[i].Name);
            writer.Write(0x02014b50u);
            writer.Write(new byte[16]);
            writer.Write(uint.MaxValue);
            writer.Write(uint.MaxValue);
            writer.Write((ushort)text.Length);
            writer.Write((ushort)(5 + 28));
            writer.Write(new byte[10]);
            writer.Write(uint.MaxValue);
            writer.Write(text);
            writer.Write((ushort)0x7777);
            writer.Write((ushort)1);
            writer.Write((byte)0);
            writer.Write((ushort)1);
            writer.Write((ushort)24);
            writer.Write((long)entries[i].Content.Length);
            writer.Write((long)entries[i].Content.Length);
            writer.Write(positions[i]);
        }

        long end = memory.Position;
        writer.Write(0x06064b50u);
        writer.Write(44L);
        writer.Write(new byte[12]);
        writer.Write((long)entries.Count);
        writer.Write((long)entries.Count);
        writer.Write(end - start);
        writer.Write(start);
        writer.Write(0x07064b50u);
        writer.Write(0);
        writer.Write(end);
        writer.Write(1);
        writer.Write(0x06054b50u);
        writer.Write(0);
        writer.Write(ushort.MaxValue);
        writer.Write(ushort.MaxValue);
        writer.Write(uint.MaxValue);
        writer.Write(uint.MaxValue);
        writer.Write((ushort)0);
        return memory.ToArray();
    }

    private static float[] ToFortran(float[] values, int[] shape)
    {
        var result = new float[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            int rest = i;
            int target = 0;
            int stride = values.Length;
            for (int axis = shape.Length - 1; axis >= 0; axis--)
            {
                stride /= shape[axis];
                target += rest % shape[axis] * stride;
                rest /= shape[axis];
            }

            result[target] = values[i];
        }

        return result;
    }
}
