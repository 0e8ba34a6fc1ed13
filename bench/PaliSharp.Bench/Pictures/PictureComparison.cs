using System.Diagnostics;
using System.Text.Json;

namespace PaliSharp.Bench.Pictures;

/// <summary>Times an operation of ours and its peer in turns and prints the ratio of their speeds.</summary>
internal sealed class PictureComparison(BenchOptions options)
{
    private const double SecondsOfATurn = 0.08;
    private const int WarmUps = 40;

    /// <summary>Measures and prints.</summary>
    /// <param name="name">What is measured.</param>
    /// <param name="ours">The operation; its result is dropped.</param>
    /// <param name="peer">Runs the peer so many times and gives the seconds of the fastest run.</param>
    public void Run(string name, Func<object> ours, Func<int, double> peer)
    {
        if (!name.Contains(options.Only, StringComparison.Ordinal))
            return;

        // The compiler improves code that has run for a while, on a thread of its own.
        double once = double.MaxValue;
        for (int i = 0; i < WarmUps; i++)
        {
            once = Math.Min(once, Time(ours, 1));
            if (i == WarmUps / 2)
                Thread.Sleep(150);
        }

        int runs = Math.Clamp((int)(SecondsOfATurn / once), 2, 200);
        long before = GC.GetAllocatedBytesForCurrentThread();
        ours();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        double best = double.MaxValue;
        double bestOfPeer = double.MaxValue;
        var ratios = new List<double>();
        for (int i = 0; i < options.Repeats; i++)
        {
            double time = Time(ours, runs);
            double timeOfPeer = peer(runs);
            ratios.Add(timeOfPeer / time);
            best = Math.Min(best, time);
            bestOfPeer = Math.Min(bestOfPeer, timeOfPeer);
        }

        ratios.Sort();
        double median = ratios[ratios.Count / 2];
        if (options.Json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new { name, milliseconds = best * 1e3, peer = bestOfPeer * 1e3, ratio = median, min = ratios[0], max = ratios[^1], allocated }));
            return;
        }

        Console.WriteLine($"{name,-44} {best * 1e3,8:f2} ms, peer {bestOfPeer * 1e3,8:f2} ms, speed {median,5:f2} ({ratios[0]:f2} to {ratios[^1]:f2}), {allocated / 1048576.0:f1} MiB");
    }

    private static double Time(Func<object> run, int runs)
    {
        double best = double.MaxValue;
        for (int i = 0; i < runs; i++)
        {
            long start = Stopwatch.GetTimestamp();
            run();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }
}
