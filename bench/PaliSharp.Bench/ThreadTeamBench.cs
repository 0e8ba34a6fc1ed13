using System.Diagnostics;
using PaliSharp.Tensors.Cpu;

namespace PaliSharp.Bench;

/// <summary>What handing work to the thread team costs.</summary>
internal static class ThreadTeamBench
{
    /// <summary>Measures empty runs, one right after the other and with the team asleep before each.</summary>
    public static void Run(BenchOptions options)
    {
        using var team = new ThreadTeam(options.Threads);
        foreach ((string name, int pauseMilliseconds, int runs) in (ReadOnlySpan<(string, int, int)>)[("awake", 0, 20_000), ("asleep", 1, 500)])
        {
            var microseconds = new List<double>();
            for (int i = 0; i < runs; i++)
            {
                if (pauseMilliseconds > 0)
                    Thread.Sleep(pauseMilliseconds);
                var job = default(EmptyJob);
                long start = Stopwatch.GetTimestamp();
                team.Run(ref job, team.Size);
                microseconds.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
            }

            microseconds.Sort();
            double median = microseconds[runs / 2];
            double late = microseconds[runs * 99 / 100];
            Console.WriteLine($"run of a team of {team.Size} that is {name}: {median:f2} us median, {late:f2} us at 99 %");
        }
    }

    private readonly struct EmptyJob : IParallelJob
    {
        public void Execute(int part)
        {
            // Nothing: only the handing out is measured.
        }
    }
}
