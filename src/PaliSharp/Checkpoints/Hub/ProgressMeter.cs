using System.Diagnostics;

namespace PaliSharp.Checkpoints.Hub;

/// <summary>Adds bytes up and reports them, a few times a second at most.</summary>
internal sealed class ProgressMeter(IProgress<PullProgress>? sink)
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RateWindow = TimeSpan.FromSeconds(3);

    private long _lastReport;
    private long _windowStart = Stopwatch.GetTimestamp();
    private long _windowBytes;
    private double _rate;
    private PullPhase _phase;
    private string? _file;
    private int _filesDone;
    private int _filesTotal;
    private long _bytesDone;
    private long _bytesTotal;

    /// <summary>Says how much there is to fetch.</summary>
    public void Plan(int files, long bytes)
    {
        _filesTotal = files;
        _bytesTotal = bytes;
    }

    /// <summary>Says what happens now.</summary>
    public void Enter(PullPhase phase, string file)
    {
        if (_phase == phase && _file == file)
            return;
        _phase = phase;
        _file = file;
        Report();
    }

    /// <summary>Counts bytes that were here before (they say nothing about the rate), or with a negative number takes bytes back.</summary>
    public void Skip(long bytes) => _bytesDone += bytes;

    /// <summary>Counts bytes that arrived.</summary>
    public void Advance(int bytes)
    {
        _bytesDone += bytes;
        _windowBytes += bytes;
        if (Stopwatch.GetElapsedTime(_lastReport) >= ReportInterval)
            Report();
    }

    /// <summary>Counts a file as finished.</summary>
    public void FinishFile()
    {
        _filesDone++;
        Report();
    }

    private void Report()
    {
        _lastReport = Stopwatch.GetTimestamp();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_windowStart, _lastReport);
        if (elapsed >= RateWindow || (_rate == 0 && elapsed >= ReportInterval))
        {
            double now = _windowBytes / elapsed.TotalSeconds;
            _rate = _rate == 0 ? now : (_rate + now) / 2;
            _windowStart = _lastReport;
            _windowBytes = 0;
        }

        sink?.Report(new PullProgress(_phase, _file ?? "", _filesDone, _filesTotal, _bytesDone, _bytesTotal, _rate));
    }
}
