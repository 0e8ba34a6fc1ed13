using System.Globalization;
using PaliSharp.Results;

namespace PaliSharp.Cli.Output;

/// <summary>Times for people.</summary>
internal static class TimingText
{
    /// <summary>The parts of an answer's time.</summary>
    public static string Of(TimingsItem timings) => string.Create(
        CultureInfo.InvariantCulture,
        $"queue {timings.QueueMs:0.0} ms, picture {timings.PictureMs:0.0} ms, prefill {timings.PrefillMs:0.0} ms, decode {timings.DecodeMs:0.0} ms, total {timings.TotalMs:0.0} ms");
}
