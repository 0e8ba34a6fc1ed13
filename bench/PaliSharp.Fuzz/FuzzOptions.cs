using System.Globalization;
using PaliSharp.Imaging;

namespace PaliSharp.Fuzz;

/// <summary>What to fuzz and how.</summary>
internal sealed record FuzzOptions
{
    /// <summary>The targets; all by default.</summary>
    public IReadOnlyList<FuzzTarget> Targets { get; init; } = FuzzTarget.All;

    /// <summary>Executions of each target.</summary>
    public int Runs { get; init; } = 10_000;

    /// <summary>The seed: the same seed, corpus and program give the same files.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>The folder with valid and invalid files, searched with its subfolders; null for the copies in the repository.</summary>
    public string? Corpus { get; init; }

    /// <summary>The folder for findings; null to keep none.</summary>
    public string? Out { get; init; }

    /// <summary>The largest picture that is decoded. Smaller than a user's limit, so that most time goes into short decodes.</summary>
    public long MaxPixels { get; init; } = 4_000_000;

    /// <summary>Files of the corpus above this size are left out: mutations of short files find more per second.</summary>
    public int MaxFileBytes { get; init; } = 16 << 10;

    /// <summary>A decode that takes longer, three times in a row, is a finding.</summary>
    public TimeSpan MaxTime { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A decode that allocates more beyond its picture is a finding, in bytes.</summary>
    public long MaxScratch { get; init; } = 256L << 20;

    /// <summary>The limits under which files are decoded.</summary>
    public ImageDecoderOptions Limits => new() { MaxPixels = MaxPixels };

    /// <summary>Reads the command line.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="options">The options, or the defaults when there is an error.</param>
    /// <returns>What is wrong, or null.</returns>
    public static string? TryParse(ReadOnlySpan<string> args, out FuzzOptions options)
    {
        options = new FuzzOptions();
        for (int i = 0; i < args.Length; i += 2)
        {
            string name = args[i];
            if (i + 1 == args.Length)
                return $"{name} needs a value.";
            string value = args[i + 1];
            if (name == "--target")
            {
                if (FuzzTarget.Find(value) is not { } target)
                    return $"There is no target '{value}'. There are: {string.Join(", ", FuzzTarget.All.Select(t => t.Name))}.";
                options = options with { Targets = [target] };
            }
            else if (name is "--corpus" or "--out")
            {
                options = name == "--corpus" ? options with { Corpus = value } : options with { Out = value };
            }
            else if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                return $"{name} {value}: a number is needed.";
            }
            else if (name is "--runs" or "--seed" or "--max-pixels" or "--max-file-bytes")
            {
                options = name switch
                {
                    "--runs" => options with { Runs = number },
                    "--seed" => options with { Seed = number },
                    "--max-pixels" => options with { MaxPixels = number },
                    _ => options with { MaxFileBytes = number },
                };
            }
            else
            {
                return $"There is no option {name}.";
            }
        }

        return options.Corpus is { } folder && !Directory.Exists(folder) ? $"--corpus {folder}: there is no such folder." : null;
    }
}
