using PaliSharp.Fuzz;

if (FuzzOptions.TryParse(args, out FuzzOptions options) is { } error)
{
    Console.Error.WriteLine(error);
    Console.Error.WriteLine($"""
        Usage: PaliSharp.Fuzz [options]
        Decodes mutated picture files. Anything but a picture or a typed error, more than 2 s or more than 256 MiB beyond the picture is a finding.
          --target T          one of {string.Join(", ", FuzzTarget.All.Select(target => target.Name))} (default: all)
          --runs N            files for each target (default: {options.Runs})
          --seed N            the seed; the same one gives the same files (default: {options.Seed})
          --corpus DIR        files to start from (default: tests/golden/imaging of the checkout)
          --out DIR           where to save findings; 'running-*.bin' in it holds the file being decoded and stays there after a crash
          --max-pixels N      the largest picture that is decoded (default: {options.MaxPixels})
          --max-file-bytes N  larger files of the corpus are left out (default: {options.MaxFileBytes})
        Exit code: 0 without findings, 1 with, 2 for wrong arguments or a target without files.
        """);
    return 2;
}

if ((options.Corpus ?? BundledCorpus()) is not { } corpus)
{
    Console.Error.WriteLine("tests/golden/imaging was not found above the current folder. Name a folder with --corpus.");
    return 2;
}

int code = 0;
foreach (FuzzTarget target in options.Targets)
{
    FuzzResult result = FuzzRunner.Run(target, corpus, options, Console.WriteLine);
    Console.WriteLine(
        $"{target.Name}: {result.Runs} runs from {result.CorpusSize} files, {result.Pictures} pictures, {result.Outcomes} outcomes, {result.Findings.Count} findings");
    if (result.CorpusSize == 0)
        code = 2;
    else if (result.Findings.Count > 0 && code == 0)
        code = 1;
}

return code;

static string? BundledCorpus()
{
    for (DirectoryInfo? folder = new(Directory.GetCurrentDirectory()); folder is not null; folder = folder.Parent)
    {
        string candidate = Path.Combine(folder.FullName, "tests", "golden", "imaging");
        if (Directory.Exists(candidate))
            return candidate;
    }

    return null;
}
