using System.IO.MemoryMappedFiles;

namespace PaliSharp.Checkpoints;

/// <summary>
/// A file mapped into memory, read-only. Weights point into it and hold it as their owner, so the mapping lasts as long as any of them
/// (or until it is disposed) and pages are read only when touched.
/// </summary>
/// <remarks>A file that another process shortens while it is mapped cannot be guarded against; the system ends the process on access.</remarks>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;

    private MappedFile(string path, MemoryMappedFile? file, MemoryMappedViewAccessor? view, long length)
    {
        Path = path;
        _file = file;
        _view = view;
        Length = length;

        // The handle's own reference count is left alone (no AcquirePointer): it would keep the view mapped after this object is gone.
        Pointer = view is null ? null : (byte*)view.SafeMemoryMappedViewHandle.DangerousGetHandle() + view.PointerOffset;
    }

    /// <summary>The file's path as given.</summary>
    public string Path { get; }

    /// <summary>The file's length in bytes.</summary>
    public long Length { get; }

    /// <summary>The first byte; null for an empty file.</summary>
    public byte* Pointer { get; }

    /// <summary>Maps a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CheckpointException">The file is missing or cannot be read.</exception>
    public static MappedFile Open(string path)
    {
        try
        {
            // Opened by hand: the length of the file itself counts, not that of a symbolic link (hub caches are made of links).
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1);
            long length = stream.Length;
            if (length == 0)
                return new MappedFile(path, null, null, 0);
            MemoryMappedFile file = MemoryMappedFile.CreateFromFile(
                stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            try
            {
                return new MappedFile(path, file, file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read), length);
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CheckpointException($"'{path}' does not exist. Check the path, or download the missing file.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CheckpointException($"'{path}' cannot be opened for reading: {e.Message}", e);
        }
    }

    /// <summary>A run of bytes.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="count">How many; the run lies inside the file.</param>
    public ReadOnlySpan<byte> Bytes(long offset, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - count);
        return new ReadOnlySpan<byte>(Pointer + offset, count);
    }

    /// <summary>A stream over a run of bytes.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="count">How many; the run lies inside the file.</param>
    public Stream OpenStream(long offset, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - count);
        return new View(this, Pointer + offset, count);
    }

    /// <summary>Unmaps the file. Every pointer into it becomes invalid.</summary>
    public void Dispose()
    {
        _view?.Dispose();
        _file?.Dispose();
    }

    /// <summary>A stream that keeps the mapping alive as long as it is itself.</summary>
    private sealed class View(MappedFile owner, byte* pointer, long length) : UnmanagedMemoryStream(pointer, length)
    {
        private readonly MappedFile _owner = owner;

        public override int Read(Span<byte> buffer)
        {
            int count = base.Read(buffer);
            GC.KeepAlive(_owner);
            return count;
        }
    }
}
