using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.Intrinsics;

namespace PaliSharp.Imaging.Codecs.Png;

/// <summary>Writes PNG: RGB, RGBA, or grey where every pixel is grey. The same picture always gives the same bytes.</summary>
internal static class PngEncoder
{
    /// <summary>Writes a picture.</summary>
    public static void Encode(Image image, Stream stream)
    {
        bool gray = image.Channels == 3 && IsGray(image.Pixels);
        int samples = gray ? 1 : image.Channels;
        stream.Write(PngFile.Signature);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, image.Width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], image.Height);
        header[8] = 8;
        header[9] = (byte)(samples switch { 1 => PngColorType.Gray, 3 => PngColorType.Rgb, _ => PngColorType.Rgba });
        WriteChunk(stream, "IHDR"u8, header);
        using (var data = new DataChunkStream(stream))
        {
            using (var deflater = new ZLibStream(data, CompressionLevel.Optimal, leaveOpen: true))
                WriteRows(image, gray, samples, deflater);
            data.Complete();
        }

        WriteChunk(stream, "IEND"u8, []);
    }

    private static void WriteRows(Image image, bool gray, int samples, ZLibStream deflater)
    {
        int length = image.Width * samples;
        byte[] above = new byte[length];
        byte[] row = new byte[length];
        byte[] best = new byte[length + 1];
        byte[] trial = new byte[length + 1];
        for (int y = 0; y < image.Height; y++)
        {
            ReadOnlySpan<byte> source = image.Row(y);
            if (gray)
            {
                for (int x = 0; x < row.Length; x++)
                    row[x] = source[3 * x];
            }
            else
            {
                source.CopyTo(row);
            }

            // The usual heuristic: the filter whose residuals, read as signed bytes, are smallest in sum.
            long bestSum = long.MaxValue;
            for (int type = 0; type <= 4; type++)
            {
                PngFilters.Apply(type, row, above, trial.AsSpan(1), samples);
                long sum = SumOfSigned(trial.AsSpan(1));
                if (sum >= bestSum)
                    continue;
                bestSum = sum;
                trial[0] = (byte)type;
                (best, trial) = (trial, best);
            }

            deflater.Write(best);
            (row, above) = (above, row);
        }
    }

    /// <summary>The sum of the bytes' sizes, read as signed.</summary>
    private static long SumOfSigned(ReadOnlySpan<byte> values)
    {
        long sum = 0;
        int i = 0;

        // Sizes are at most 128; sixteen lanes of 16 bits take 255 pairs of them.
        while (i <= values.Length - 32)
        {
            Vector256<ushort> lanes = Vector256<ushort>.Zero;
            for (int left = 255; left > 0 && i <= values.Length - 32; left--, i += 32)
            {
                Vector256<byte> bytes = Vector256.Create(values.Slice(i, 32));
                (Vector256<ushort> low, Vector256<ushort> high) = Vector256.Widen(Vector256.Min(bytes, Vector256<byte>.Zero - bytes));
                lanes += low + high;
            }

            (Vector256<uint> first, Vector256<uint> second) = Vector256.Widen(lanes);
            sum += Vector256.Sum(first + second);
        }

        for (; i < values.Length; i++)
            sum += Math.Min(values[i], 256 - values[i]);
        return sum;
    }

    private static bool IsGray(ReadOnlySpan<byte> rgb)
    {
        for (int i = 0; i + 2 < rgb.Length; i += 3)
        {
            if (rgb[i] != rgb[i + 1] || rgb[i] != rgb[i + 2])
                return false;
        }

        return true;
    }

    private static void WriteChunk(Stream stream, ReadOnlySpan<byte> type, ReadOnlySpan<byte> content)
    {
        Span<byte> word = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(word, content.Length);
        stream.Write(word);
        stream.Write(type);
        stream.Write(content);
        BinaryPrimitives.WriteUInt32BigEndian(word, Crc32.Append(Crc32.Append(0, type), content));
        stream.Write(word);
    }

    /// <summary>Collects what is written and passes it on as IDAT chunks.</summary>
    private sealed class DataChunkStream(Stream target) : Stream
    {
        private readonly byte[] _buffer = new byte[1 << 16];
        private int _length;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        /// <summary>Writes the last chunk.</summary>
        public void Complete()
        {
            if (_length > 0)
                WriteChunk(target, "IDAT"u8, _buffer.AsSpan(0, _length));
            _length = 0;
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            while (!buffer.IsEmpty)
            {
                int count = Math.Min(buffer.Length, _buffer.Length - _length);
                buffer[..count].CopyTo(_buffer.AsSpan(_length));
                _length += count;
                buffer = buffer[count..];
                if (_length == _buffer.Length)
                    Complete();
            }
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
            // A flush of the compressor must not split chunks; Complete writes the rest.
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
