using System.Runtime.InteropServices;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;

namespace PaliSharp.Bench;

/// <summary>What the machine can do at most.</summary>
internal static unsafe class PeaksBench
{
    private const long BufferBytes = 512L << 20; // well above any last-level cache but those of large servers

    /// <summary>Measures the multiply-add rate of each path and the read bandwidth, for one thread and for all.</summary>
    public static void Run(BenchOptions options)
    {
        var report = new Report(options.Json);
        using NativeBuffer buffer = CreateBuffer();
        using var all = new ThreadTeam(options.Threads);
        using var one = new ThreadTeam(1);
        foreach (ThreadTeam team in (ThreadTeam[])[one, all])
        {
            foreach (InstructionPath path in MatMulBench.Paths())
            {
                var rate = new Samples();
                for (int i = 0; i < options.Repeats; i++)
                    rate.Add(MachinePeaks.MultiplyAddRate(team, path));
                report.Write($"multiply-add, {path}, {team.Size} threads", "GFLOP/s", rate);
            }

            var bandwidth = new Samples();
            for (int i = 0; i < options.Repeats; i++)
                bandwidth.Add(MachinePeaks.ReadBandwidth(team, buffer));
            report.Write($"read bandwidth, {team.Size} threads", "GB/s", bandwidth);
        }
    }

    /// <summary>Memory for <see cref="MachinePeaks.ReadBandwidth"/>, written once so that it has pages of its own.</summary>
    public static NativeBuffer CreateBuffer()
    {
        var buffer = new NativeBuffer(BufferBytes);
        NativeMemory.Fill(buffer.Pointer, (nuint)BufferBytes, 0x3F);
        return buffer;
    }
}
