namespace PaliSharp.Fuzz;

/// <summary>A file that must not do what it does.</summary>
/// <param name="Problem">What it does.</param>
/// <param name="File">Its bytes.</param>
internal sealed record Finding(string Problem, byte[] File);

/// <summary>The result of fuzzing one target.</summary>
/// <param name="Target">The target.</param>
/// <param name="Runs">The files that were decoded.</param>
/// <param name="Pictures">How many of them gave a picture.</param>
/// <param name="Outcomes">How many kinds of outcomes there were.</param>
/// <param name="CorpusSize">The files at the start.</param>
/// <param name="Findings">One file for each kind of problem.</param>
internal sealed record FuzzResult(FuzzTarget Target, int Runs, int Pictures, int Outcomes, int CorpusSize, IReadOnlyList<Finding> Findings);

/// <summary>Runs mutated files of one target. Files that lead to something new are kept and mutated further.</summary>
internal static class FuzzRunner
{
    private const int MaxFindings = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Fuzzes a target.</summary>
    /// <param name="target">The target.</param>
    /// <param name="corpusFolder">Where the corpus is.</param>
    /// <param name="options">How long and within which bounds.</param>
    /// <param name="report">Is told about progress and findings.</param>
    public static FuzzResult Run(FuzzTarget target, string corpusFolder, FuzzOptions options, Action<string> report)
    {
        Corpus corpus = Corpus.Read(corpusFolder, target, options.MaxFileBytes);
        int size = corpus.Count;
        if (size == 0)
            return new FuzzResult(target, 0, 0, 0, 0, []);
        int maxBytes = 2 * Math.Max(options.MaxFileBytes, corpus.LargestBytes);
        var mutator = new Mutator(new Random(options.Seed), maxBytes);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var problems = new HashSet<string>(StringComparer.Ordinal);
        var findings = new List<Finding>();
        int pictures = 0;
        using CrashRecorder? recorder = Recorder(target, maxBytes, options);
        for (int run = 0; run < options.Runs; run++)
        {
            // The given files come first, as they are.
            byte[] file = run < size ? corpus[run] : mutator.Mutate(corpus);
            recorder?.Begin(file);
            Execution execution = Execution.Of(file, target, options);
            recorder?.End();
            pictures += execution.IsPicture ? 1 : 0;
            if (seen.Add(execution.Signature) && run >= size)
                corpus.Add(file);
            if (execution.Problem is { } problem && findings.Count < MaxFindings && problems.Add(Kind(problem)))
            {
                findings.Add(new Finding(problem, file));
                Save(target, options, findings.Count, file, problem);
                report($"{target.Name}, run {run}: {problem}");
            }

            if ((run + 1) % 20_000 == 0)
                report($"{target.Name}: {run + 1} runs, {pictures} pictures, {seen.Count} outcomes, {findings.Count} findings");
        }

        return new FuzzResult(target, options.Runs, pictures, seen.Count, size, findings);
    }

    private static CrashRecorder? Recorder(FuzzTarget target, int maxBytes, FuzzOptions options)
    {
        if (options.Out is not { } folder)
            return null;
        Directory.CreateDirectory(folder);
        return new CrashRecorder(Path.Combine(folder, $"running-{target.Name}-{options.Seed}.bin"), maxBytes, Patience);
    }

    private static void Save(FuzzTarget target, FuzzOptions options, int number, byte[] file, string problem)
    {
        if (options.Out is not { } folder)
            return;
        string path = Path.Combine(folder, $"{target.Name}-{options.Seed}-{number}");
        File.WriteAllBytes(path + ".bin", file);
        File.WriteAllText(path + ".txt", problem);
    }

    // The place in the code tells problems apart, numbers in messages do not.
    private static string Kind(string problem)
    {
        string[] lines = problem.Split('\n');
        return lines.Length > 1 ? lines[0].Split(':')[0] + lines[1] : new string([.. problem.Where(c => !char.IsAsciiDigit(c))]);
    }
}
