#pragma warning disable
namespace PaliSharp.Bench;
internal static class TileExperiment { public static void Run(BenchOptions o) {} }
