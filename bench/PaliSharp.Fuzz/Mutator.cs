using System.Buffers.Binary;

namespace PaliSharp.Fuzz;

/// <summary>Makes new files from those of a corpus.</summary>
/// <param name="random">The source of all choices.</param>
/// <param name="maxBytes">The largest file that is made.</param>
internal sealed class Mutator(Random random, int maxBytes)
{
    private const int HeaderBytes = 256;

    private static ReadOnlySpan<uint> Numbers =>
    [
        0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 63, 64, 127, 128, 254, 255, 256, 257, 511, 512, 1023, 4096, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0x10000,
        0xFFFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF,
    ];

    /// <summary>Changes a copy of a file in some places.</summary>
    public byte[] Mutate(Corpus corpus)
    {
        byte[] file = [.. corpus.Pick(random)];

        // Mostly few changes: a file with many fails at the first one.
        int changes = 1 + random.Next(1 << random.Next(5));
        if (random.Next(3) == 0 && PngRows.Mutate(file, random, changes) is { } rebuilt)
            return rebuilt;
        for (int i = 0; i < changes && file.Length > 0; i++)
            file = Change(file, corpus);
        if (random.Next(4) != 0)
            PngChecksums.Repair(file);
        return file;
    }

    private byte[] Change(byte[] file, Corpus corpus)
    {
        int at = Position(file);
        switch (random.Next(12))
        {
            case 0 or 1 or 2:
                file[at] ^= (byte)(1 << random.Next(8));
                return file;
            case 3 or 4:
                file[at] = (byte)random.Next(256);
                return file;
            case 5 or 6:
                WriteNumber(file.AsSpan(at));
                return file;
            case 7:
                file[at] = (byte)(file[at] + random.Next(-8, 9));
                return file;
            case 8:
                return Without(file, at, Length(file.Length - at));
            case 9:
                return Splice(file, at, file.AsSpan(Position(file)));
            case 10:
                byte[] other = corpus.Pick(random);
                return other.Length == 0 ? file : Splice(file, at, other.AsSpan(random.Next(other.Length)));
            default:
                return random.Next(4) == 0 ? file[..at] : Overwrite(file, at);
        }
    }

    // Headers decide more than data does.
    private int Position(byte[] file) => random.Next(3) == 0 ? random.Next(Math.Min(file.Length, HeaderBytes)) : random.Next(file.Length);

    private int Length(int most) => 1 + random.Next(Math.Min(most, 1 << random.Next(1, 10)));

    private void WriteNumber(Span<byte> target)
    {
        uint number = Numbers[random.Next(Numbers.Length)];
        bool bigEndian = random.Next(2) == 0;
        Span<byte> bytes = stackalloc byte[4];
        if (bigEndian)
            BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        else
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, number);
        int length = Math.Min(1 << random.Next(3), target.Length);
        (bigEndian ? bytes[^length..] : bytes[..length]).CopyTo(target);
    }

    private byte[] Without(byte[] file, int at, int length) => length == file.Length ? file : [.. file.AsSpan(0, at), .. file.AsSpan(at + length)];

    private byte[] Splice(byte[] file, int at, ReadOnlySpan<byte> source)
    {
        ReadOnlySpan<byte> part = source[..Length(source.Length)];
        return file.Length + part.Length > maxBytes ? file : [.. file.AsSpan(0, at), .. part, .. file.AsSpan(at)];
    }

    private byte[] Overwrite(byte[] file, int at)
    {
        int length = Length(file.Length - at);
        Array.Copy(file, random.Next(file.Length - length + 1), file, at, length);
        return file;
    }
}
