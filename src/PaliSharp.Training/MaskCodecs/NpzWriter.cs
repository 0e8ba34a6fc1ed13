using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace PaliSharp.Training.MaskCodecs;

/// <summary>Writes float32 arrays as numpy's <c>.npz</c>: a zip archive, not compressed, of <c>.npy</c> files of version 1.</summary>
/// <param name="stream">Where to write; it stays open.</param>
internal sealed class NpzWriter(Stream stream) : IDisposable
{
    private const int Alignment = 64;
    private const int PrefixLength = 10;
    private readonly ZipArchive _archive = new(stream, ZipArchiveMode.Create, leaveOpen: true);

    /// <summary>Writes an array in C order.</summary>
    public void Write(string name, ReadOnlySpan<float> values, ReadOnlySpan<int> shape)
    {
        using Stream entry = _archive.CreateEntry($"{name}.npy", CompressionLevel.NoCompression).Open();
        var extents = new StringBuilder();
        foreach (int extent in shape)
            extents.Append(CultureInfo.InvariantCulture, $"{extent}, ");
        string header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({extents.ToString().TrimEnd()}), }}";
        int padding = Alignment - ((PrefixLength + header.Length + 1) % Alignment);
        byte[] text = Encoding.Latin1.GetBytes($"{header}{new string(' ', padding % Alignment)}\n");
        entry.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)text.Length, (byte)(text.Length >> 8)]);
        entry.Write(text);
        byte[] bytes = new byte[sizeof(float) * values.Length];
        for (int i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(sizeof(float) * i), values[i]);
        entry.Write(bytes);
    }

    public void Dispose() => _archive.Dispose();
}
