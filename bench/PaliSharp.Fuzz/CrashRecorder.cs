using System.Diagnostics;
using System.IO.MemoryMappedFiles;

namespace PaliSharp.Fuzz;

/// <summary>
/// Keeps the file being decoded where it survives the end of the process: in a mapped file, which costs no system call. A watchdog ends the process
/// when a decode does not return.
/// </summary>
internal sealed class CrashRecorder : IDisposable
{
    private const int Watch = 5000;

    private readonly string _path;
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly Timer _watchdog;
    private readonly TimeSpan _patience;
    private long _started;
    private int _length;

    /// <summary>Creates the file.</summary>
    public CrashRecorder(string path, int maxBytes, TimeSpan patience)
    {
        _path = path;
        _patience = patience;
        _map = MemoryMappedFile.CreateFromFile(path, FileMode.Create, mapName: null, maxBytes + sizeof(int));
        _view = _map.CreateViewAccessor();
        _watchdog = new Timer(_ => Check(), state: null, Watch, Watch);
    }

    /// <summary>Notes that a file is about to be decoded.</summary>
    public void Begin(byte[] file)
    {
        _view.Write(0, file.Length);
        _view.WriteArray(sizeof(int), file, 0, file.Length);
        Volatile.Write(ref _length, file.Length);
        Volatile.Write(ref _started, Stopwatch.GetTimestamp());
    }

    /// <summary>Notes that the decoder has returned.</summary>
    public void End() => Volatile.Write(ref _started, 0);

    /// <summary>Removes the file: nothing crashed.</summary>
    public void Dispose()
    {
        _watchdog.Dispose();
        _view.Dispose();
        _map.Dispose();
        File.Delete(_path);
    }

    private void Check()
    {
        long started = Volatile.Read(ref _started);
        if (started == 0 || Stopwatch.GetElapsedTime(started) < _patience)
            return;
        byte[] file = new byte[Volatile.Read(ref _length)];
        _view.ReadArray(sizeof(int), file, 0, file.Length);
        File.WriteAllBytes(_path + ".hang", file);
        Environment.FailFast($"A decoder did not return for {_patience}; the file is {_path}.hang.");
    }
}
