using System.Globalization;

namespace PaliSharp.Tensors.Cpu;

/// <summary>How many threads pay: one for each physical core that the process may run on, and no more than its share of processor time.</summary>
/// <remarks>
/// Two hyper-threads of a core share its multiply-add units and its caches, which one thread of a product keeps busy by itself. A control
/// group with a quota stops all threads of a process once they have used it up: more threads than it pays for would all stand still for
/// most of each period, while those of an operation wait for one another.
/// </remarks>
internal static class ProcessorTopology
{
    /// <summary>The number of threads for this process, at least 1.</summary>
    public static int UsableCores() => OperatingSystem.IsLinux() ? UsableCores("/", Environment.ProcessorCount) : Environment.ProcessorCount;

    /// <summary>The same, read from the files of Linux under any folder.</summary>
    /// <param name="root">Holds <c>proc</c> and <c>sys</c>.</param>
    /// <param name="processors">What to assume at most, and where files say nothing.</param>
    public static int UsableCores(string root, int processors)
    {
        int cores = processors;
        if (AllowedProcessors(root) is { Count: > 0 } allowed)
            cores = Math.Min(cores, CountCores(root, allowed));
        if (Quota(root) is { } quota)
            cores = (int)Math.Min(cores, Math.Floor(quota));
        return Math.Max(1, cores);
    }

    /// <summary>Reads a list such as <c>0-3,8,10-11</c>; null if it is none.</summary>
    internal static IReadOnlyList<int>? ParseList(string text)
    {
        const int MostProcessors = 1 << 16;
        var numbers = new List<int>();
        foreach (string item in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] ends = item.Split('-');
            if (ends.Length > 2 || Number(ends[0]) is not { } first || Number(ends[^1]) is not { } last || last < first)
                return null;
            if (last - first >= MostProcessors || numbers.Count >= MostProcessors)
                return null;
            numbers.AddRange(Enumerable.Range((int)first, (int)(last - first) + 1));
        }

        return numbers;
    }

    private static IReadOnlyList<int>? AllowedProcessors(string root)
    {
        const string Key = "Cpus_allowed_list:";
        string? line = Lines(root, "proc/self/status").FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal));
        return line is null ? null : ParseList(line[Key.Length..]);
    }

    private static int CountCores(string root, IReadOnlyList<int> processors)
    {
        // Processors of a core name the same siblings; one whose siblings are not told counts as a core.
        var cores = new HashSet<string>(StringComparer.Ordinal);
        foreach (int processor in processors)
        {
            string folder = string.Create(CultureInfo.InvariantCulture, $"sys/devices/system/cpu/cpu{processor}/topology/");
            string? siblings = Text(root, folder + "core_cpus_list") ?? Text(root, folder + "thread_siblings_list");
            cores.Add(siblings ?? string.Create(CultureInfo.InvariantCulture, $"{processor}"));
        }

        return cores.Count;
    }

    /// <summary>The processors' worth of time that control groups allow, or null for no limit.</summary>
    private static double? Quota(string root)
    {
        double? least = null;
        foreach (string line in Lines(root, "proc/self/cgroup"))
        {
            // Version 2: 0::/path. Version 1: number:controllers:/path.
            string[] fields = line.Split(':', 3);
            if (fields.Length != 3)
                continue;
            bool unified = fields[1].Length == 0;
            if (!unified && !fields[1].Split(',').Contains("cpu", StringComparer.Ordinal))
                continue;
            string mount = unified ? "sys/fs/cgroup" : $"sys/fs/cgroup/{fields[1]}";

            // Each group above limits as well. A container may show its own group as the root, under the path it has outside.
            for (string path = fields[2].Trim('/'); ; path = path[..Math.Max(0, path.LastIndexOf('/'))])
            {
                string folder = path.Length == 0 ? mount : $"{mount}/{path}";
                double? quota = unified ? UnifiedQuota(root, folder) : LegacyQuota(root, folder);
                least = quota is null || least < quota ? least : quota;
                if (path.Length == 0)
                    break;
            }
        }

        return least;
    }

    private static double? UnifiedQuota(string root, string folder) =>
        Text(root, $"{folder}/cpu.max")?.Split(' ') is [var quota, var period] ? Ratio(quota, period) : null;

    private static double? LegacyQuota(string root, string folder) =>
        Text(root, $"{folder}/cpu.cfs_quota_us") is { } quota && Text(root, $"{folder}/cpu.cfs_period_us") is { } period ? Ratio(quota, period) : null;

    // No limit reads 'max' or -1, which is no number here.
    private static double? Ratio(string quota, string period) =>
        Number(quota) is { } numerator and > 0 && Number(period) is { } denominator and > 0 ? (double)numerator / denominator : null;

    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value <= int.MaxValue ? value : null;

    private static string? Text(string root, string path) => Lines(root, path) is [var line, ..] && line.Trim() is { Length: > 0 } text ? text : null;

    private static string[] Lines(string root, string path)
    {
        string file = Path.Combine(root, path);
        try
        {
            return File.Exists(file) ? File.ReadAllLines(file) : [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return []; // what the system does not show sets no limit
        }
    }
}
