using System.Diagnostics;
using System.Globalization;

namespace PaliSharp.Bench.Pictures;

/// <summary>The picture libraries of the system, timed by a script of ours in a process that stays alive.</summary>
internal sealed class PicturePeers : IDisposable
{
    private readonly Process _process;

    /// <summary>Starts the script.</summary>
    /// <param name="python">The interpreter; it must have Pillow.</param>
    public PicturePeers(string python)
    {
        var start = new ProcessStartInfo(python, [Path.Combine(AppContext.BaseDirectory, "picture_peers.py")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{python} did not start.");
    }

    /// <summary>Writes the files to measure.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="pictures">The photos they are made of.</param>
    /// <returns>The names of the files.</returns>
    public string[] Make(string folder, IEnumerable<string> pictures) => Ask(["make", folder, .. pictures]).Split(' ');

    /// <summary>Times an operation.</summary>
    /// <returns>The seconds of the middle run and what came out: the SHA-256 of pixels in lower-case hexadecimal, or the bytes of a file.</returns>
    public (double Seconds, string Outcome) Time(string operation, int runs, params string[] arguments)
    {
        string[] answer = Ask([operation, runs.ToString(CultureInfo.InvariantCulture), .. arguments]).Split(' ');
        return (double.Parse(answer[0], CultureInfo.InvariantCulture), answer[1]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private string Ask(IEnumerable<string> request)
    {
        _process.StandardInput.WriteLine(string.Join('\t', request));
        return _process.StandardOutput.ReadLine()
            ?? throw new InvalidOperationException("The script that times the peers ended; its message is above. It needs Pillow and the libraries named in it.");
    }
}
