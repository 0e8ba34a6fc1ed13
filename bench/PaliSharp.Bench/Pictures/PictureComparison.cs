using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using PaliSharp.Imaging;

namespace PaliSharp.Bench.Pictures;

/// <summary>Times an operation of ours and its peer in turns and prints the ratio of their speeds.</summary>
internal sealed class PictureComparison(BenchOptions options)
{
    private const double SecondsOfATurn = 0.06;
    private const double SecondsOfWarmUp = 0.5;
    private const int MostWarmUps = 40;

    /// <summary>Measures and prints.</summary>
    /// <param name="name">What is measured.</param>
    /// <param name="ours">The operation; it returns a picture or the stream that was written.</param>
    /// <param name="peer">Runs the peer so many times and gives the seconds of the middle run and what came out.</param>
    /// <param name="turns">How often both are timed; by default as the options say.</param>
    public void Run(string name, Func<object> ours, Func<int, (double Seconds, string Outcome)> peer, int? turns = null)
    {
        if (!name.Contains(options.Only, StringComparison.Ordinal))
            return;

        // The compiler improves code that has run for a while, on a thread of its own.
        long start = Stopwatch.GetTimestamp();
        double once = double.MaxValue;
        for (int i = 0; i < MostWarmUps && (i < 6 || Stopwatch.GetElapsedTime(start).TotalSeconds < SecondsOfWarmUp); i++)
        {
            once = Math.Min(once, Median(ours, 1));
            if (i % 8 == 7)
                Thread.Sleep(120);
        }

        int runs = Math.Clamp((int)(SecondsOfATurn / once), 3, 99) | 1;
        long before = GC.GetAllocatedBytesForCurrentThread();
        object result = ours();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        var times = new List<double>();
        var timesOfPeer = new List<double>();
        var ratios = new List<double>();
        string outcomeOfPeer = string.Empty;
        for (int i = 0; i < (turns ?? options.Repeats); i++)
        {
            double time = Median(ours, runs);
            (double timeOfPeer, outcomeOfPeer) = peer(runs);
            ratios.Add(timeOfPeer / time);
            times.Add(time);
            timesOfPeer.Add(timeOfPeer);
        }

        Print(name, Middle(times), Middle(timesOfPeer), ratios, allocated, Compare(result, outcomeOfPeer));
    }

    private void Print(string name, double time, double timeOfPeer, List<double> ratios, long allocated, string outcome)
    {
        double ratio = Middle(ratios);
        if (options.Json)
        {
            Console.WriteLine(JsonSerializer.Serialize(
                new { name, milliseconds = time * 1e3, peer = timeOfPeer * 1e3, ratio, min = ratios.Min(), max = ratios.Max(), allocated, outcome }));
            return;
        }

        Console.WriteLine(
            $"{name,-40} {time * 1e3,8:f2} ms, peer {timeOfPeer * 1e3,8:f2} ms, speed {ratio,5:f2} ({ratios.Min():f2} to {ratios.Max():f2}), " +
            $"{allocated / 1048576.0:f1} MiB, {outcome}");
    }

    /// <summary>Whether both did the same work.</summary>
    private static string Compare(object ours, string peer) => ours switch
    {
        Image image => Convert.ToHexStringLower(SHA256.HashData(image.Pixels)) == peer ? "same pixels" : "other pixels",
        Stream stream => $"{stream.Length} bytes, peer {peer}, size {stream.Length / double.Parse(peer, CultureInfo.InvariantCulture):f3}",
        _ => string.Empty,
    };

    private static double Middle(List<double> values)
    {
        List<double> sorted = [.. values.Order()];
        return sorted[sorted.Count / 2];
    }

    private static double Median(Func<object> run, int runs)
    {
        var times = new List<double>();
        for (int i = 0; i < runs; i++)
        {
            long start = Stopwatch.GetTimestamp();
            run();
            times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return Middle(times);
    }
}
