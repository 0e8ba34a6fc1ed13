using System.Buffers.Binary;
using System.Text;

namespace PaliSharp.Checkpoints;

/// <summary>One file of a zip archive.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsDeflated">Whether it is compressed by deflate; otherwise it lies there as it is.</param>
/// <param name="Offset">The position of its first byte of data.</param>
/// <param name="StoredLength">The bytes it takes in the archive.</param>
/// <param name="Length">Its length when unpacked.</param>
internal sealed record ZipEntry(string Name, bool IsDeflated, long Offset, long StoredLength, long Length);

/// <summary>
/// Reads the directory of a mapped zip archive, 64-bit extensions included. Done here because the sizes must be judged before anything
/// is unpacked, and because files that are stored, not compressed, are read where they lie.
/// </summary>
internal static class ZipDirectory
{
    private const int MaximumEntries = 100_000;
    private const int MaximumNameLength = 1024;
    private const uint EndSignature = 0x06054b50;
    private const uint End64Signature = 0x06064b50;
    private const uint Locator64Signature = 0x07064b50;
    private const uint CentralSignature = 0x02014b50;
    private const uint LocalSignature = 0x04034b50;

    /// <summary>Lists the files of an archive.</summary>
    /// <param name="file">The archive.</param>
    /// <exception cref="CheckpointException">The archive is malformed or uses a feature that <c>.npz</c> files do not.</exception>
    /// <exception cref="ResourceLimitException">It would unpack to far more than its own size.</exception>
    public static List<ZipEntry> Read(MappedFile file)
    {
        (long start, long length, long count) = FindDirectory(file);
        if (count > MaximumEntries)
            throw Bad(file, $"it has {count} entries; at most {MaximumEntries} are allowed");
        if (start < 0 || length < 0 || length > file.Length || start > file.Length - length)
            throw Bad(file, $"its directory lies at bytes {start} to {start + length} of {file.Length}");

        var entries = new List<ZipEntry>();
        var extents = new List<(long Start, long End)>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        long position = start;
        for (long i = 0; i < count; i++)
        {
            ZipEntry entry = ReadEntry(file, ref position, start + length, out long local);
            if (!names.Add(entry.Name))
                throw Bad(file, $"it holds '{Problems.Shorten(entry.Name)}' twice");
            entries.Add(entry);
            extents.Add((local, entry.Offset + entry.StoredLength));
        }

        CheckOverlap(file, extents, start);
        CheckExpansion(file, entries);
        return entries;
    }

    private static (long Start, long Length, long Count) FindDirectory(MappedFile file)
    {
        const int EndLength = 22;
        if (file.Length < EndLength)
            throw Bad(file, $"it has only {file.Length} bytes");
        int searched = (int)Math.Min(file.Length, EndLength + ushort.MaxValue);
        ReadOnlySpan<byte> tail = file.Bytes(file.Length - searched, searched);
        int at = searched - EndLength;
        while (at >= 0 && BinaryPrimitives.ReadUInt32LittleEndian(tail[at..]) != EndSignature)
            at--;
        if (at < 0)
            throw Bad(file, "it has no directory at its end. The download may be incomplete");

        ReadOnlySpan<byte> end = tail.Slice(at, EndLength);
        ushort count = BinaryPrimitives.ReadUInt16LittleEndian(end[10..]);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(end[12..]);
        uint start = BinaryPrimitives.ReadUInt32LittleEndian(end[16..]);
        if (BinaryPrimitives.ReadUInt16LittleEndian(end[4..]) is not (0 or ushort.MaxValue))
            throw Bad(file, "it is one part of a split archive");
        if (count != ushort.MaxValue && length != uint.MaxValue && start != uint.MaxValue)
            return (start, length, count);

        long locator = file.Length - searched + at - 20;
        if (locator < 0 || BinaryPrimitives.ReadUInt32LittleEndian(file.Bytes(locator, 20)) != Locator64Signature)
            return (start, length, count);
        long record = BinaryPrimitives.ReadInt64LittleEndian(file.Bytes(locator + 8, 8));
        if (record < 0 || record > file.Length - 56 || BinaryPrimitives.ReadUInt32LittleEndian(file.Bytes(record, 4)) != End64Signature)
            throw Bad(file, "its 64-bit directory record is not where it should be");
        ReadOnlySpan<byte> end64 = file.Bytes(record, 56);
        return (
            BinaryPrimitives.ReadInt64LittleEndian(end64[48..]),
            BinaryPrimitives.ReadInt64LittleEndian(end64[40..]),
            Math.Max(0, BinaryPrimitives.ReadInt64LittleEndian(end64[32..])));
    }

    private static ZipEntry ReadEntry(MappedFile file, ref long position, long end, out long local)
    {
        const int FixedLength = 46;
        if (position > end - FixedLength || BinaryPrimitives.ReadUInt32LittleEndian(file.Bytes(position, 4)) != CentralSignature)
            throw Bad(file, $"its directory is broken at byte {position}");
        ReadOnlySpan<byte> header = file.Bytes(position, FixedLength);
        ushort flags = BinaryPrimitives.ReadUInt16LittleEndian(header[8..]);
        ushort method = BinaryPrimitives.ReadUInt16LittleEndian(header[10..]);
        long stored = BinaryPrimitives.ReadUInt32LittleEndian(header[20..]);
        long length = BinaryPrimitives.ReadUInt32LittleEndian(header[24..]);
        int nameLength = BinaryPrimitives.ReadUInt16LittleEndian(header[28..]);
        int extraLength = BinaryPrimitives.ReadUInt16LittleEndian(header[30..]);
        int commentLength = BinaryPrimitives.ReadUInt16LittleEndian(header[32..]);
        local = BinaryPrimitives.ReadUInt32LittleEndian(header[42..]);
        long next = position + FixedLength + nameLength + extraLength + commentLength;
        if (next > end)
            throw Bad(file, $"its directory is cut off at byte {position}");
        if (nameLength > MaximumNameLength)
            throw Bad(file, $"the name of an entry has {nameLength} bytes; at most {MaximumNameLength} are allowed");
        string name = Encoding.UTF8.GetString(file.Bytes(position + FixedLength, nameLength));
        ReadExtra(file.Bytes(position + FixedLength + nameLength, extraLength), ref length, ref stored, ref local);
        position = next;

        string shown = Problems.Shorten(name);
        if ((flags & 0x2041) != 0)
            throw Bad(file, $"'{shown}' is encrypted");
        if (method is not (0 or 8))
            throw Bad(file, $"'{shown}' is compressed by method {method}; stored (0) and deflate (8) are supported");
        if (length < 0 || stored < 0 || local < 0 || local > file.Length - 30)
            throw Bad(file, $"'{shown}' has impossible sizes ({length}, {stored}) or an impossible position ({local})");
        if (method == 0 && stored != length)
            throw Bad(file, $"'{shown}' is stored with {stored} bytes but declares {length}");

        ReadOnlySpan<byte> localHeader = file.Bytes(local, 30);
        if (BinaryPrimitives.ReadUInt32LittleEndian(localHeader) != LocalSignature)
            throw Bad(file, $"'{shown}' is not at byte {local}");
        long offset = local + 30
            + BinaryPrimitives.ReadUInt16LittleEndian(localHeader[26..]) + BinaryPrimitives.ReadUInt16LittleEndian(localHeader[28..]);
        if (stored > file.Length || offset > file.Length - stored)
            throw Bad(file, $"'{shown}' ends at byte {offset + stored} of {file.Length}. The download may be incomplete");
        return new ZipEntry(name, method == 8, offset, stored, length);
    }

    // Sizes that do not fit into 32 bits stand in an extra field, in this order, each only if its 32-bit place is all ones.
    private static void ReadExtra(ReadOnlySpan<byte> extra, ref long length, ref long stored, ref long local)
    {
        while (extra.Length >= 4)
        {
            int id = BinaryPrimitives.ReadUInt16LittleEndian(extra);
            int size = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (size > extra.Length - 4)
                return;
            if (id == 1)
            {
                ReadOnlySpan<byte> field = extra.Slice(4, size);
                Take(ref field, ref length);
                Take(ref field, ref stored);
                Take(ref field, ref local);
                return;
            }

            extra = extra[(4 + size)..];
        }

        static void Take(ref ReadOnlySpan<byte> field, ref long value)
        {
            if (value != uint.MaxValue || field.Length < 8)
                return;
            value = BinaryPrimitives.ReadInt64LittleEndian(field);
            field = field[8..];
        }
    }

    // Entries that share bytes are how small archives unpack to enormous ones.
    private static void CheckOverlap(MappedFile file, List<(long Start, long End)> extents, long directory)
    {
        extents.Sort();
        long end = 0;
        foreach ((long start, long stop) in extents)
        {
            if (start < end || stop > directory)
                throw Bad(file, $"the entry at byte {start} shares bytes with another part of the file");
            end = stop;
        }
    }

    // Weights hardly compress; what unpacks to many times its size is no checkpoint.
    private static void CheckExpansion(MappedFile file, List<ZipEntry> entries)
    {
        const long Free = 64 << 20;
        const long Factor = 32;
        UInt128 total = 0;
        foreach (ZipEntry entry in entries)
            total += (UInt128)entry.Length;
        UInt128 allowed = Free + ((UInt128)Factor * (UInt128)file.Length);
        if (total > allowed)
            throw new ResourceLimitException($"'{file.Path}' has {file.Length} bytes but would unpack to {total}; at most {allowed} are allowed.");
    }

    private static CheckpointException Bad(MappedFile file, string problem) => new($"'{file.Path}' is not a valid .npz file: {problem}.");
}
