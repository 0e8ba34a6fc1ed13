using System.Globalization;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;

namespace PaliSharp.Bench;

/// <summary>What to measure and how.</summary>
internal sealed record BenchOptions
{
    /// <summary>The measurement.</summary>
    public string Verb { get; init; } = "";

    /// <summary>Threads; 0 for one per processor.</summary>
    public int Threads { get; init; }

    /// <summary>The instructions.</summary>
    public InstructionPath Path { get; init; }

    /// <summary>The storage type of weights, or null for all.</summary>
    public WeightType? Type { get; init; }

    /// <summary>The rows of x, or null for a choice.</summary>
    public int? Rows { get; init; }

    /// <summary>The number of measurements.</summary>
    public int Repeats { get; init; } = 7;

    /// <summary>True for one JSON object a line.</summary>
    public bool Json { get; init; }

    /// <summary>The released size whose geometry is used, such as <c>paligemma2-3b-224</c>.</summary>
    public string Variant { get; init; } = "paligemma2-3b-224";

    /// <summary>The checkpoint, or empty for the demonstration model.</summary>
    public string Model { get; init; } = "";

    /// <summary>The shape of the model that is trained.</summary>
    public string Shape { get; init; } = "small";

    /// <summary>The examples of a training step.</summary>
    public int Batch { get; init; } = 4;

    /// <summary>The text tokens of an example.</summary>
    public int Text { get; init; } = 32;

    /// <summary>The folder to read from or to write to.</summary>
    public string Folder { get; init; } = "";

    /// <summary>The file to write, or empty for the default.</summary>
    public string Out { get; init; } = "";

    /// <summary>The Python interpreter that times the peers of the picture decoders.</summary>
    public string Python { get; init; } = "/usr/bin/python3";

    /// <summary>A part of the name of the picture measurements to run; empty for all.</summary>
    public string Only { get; init; } = "";

    /// <summary>The storage types to measure.</summary>
    public IReadOnlyList<WeightType> Types => Type is { } type ? [type] : Enum.GetValues<WeightType>();

    /// <summary>Reads the command line.</summary>
    public static bool TryParse(string[] args, out BenchOptions options, out string message)
    {
        options = new BenchOptions();
        message = "Which measurement?";
        if (args.Length == 0)
            return false;
        options = options with { Verb = args[0] };
        for (int i = 1; i < args.Length; i++)
        {
            if (args[i] == "--json")
            {
                options = options with { Json = true };
                continue;
            }

            string value = i + 1 < args.Length ? args[i + 1] : "";
            message = $"'{args[i]} {value}' is not understood.";
            bool isNumber = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
            BenchOptions? next = args[i] switch
            {
                "--threads" when isNumber => options with { Threads = number },
                "--rows" when isNumber => options with { Rows = number },
                "--repeats" when isNumber && number > 0 => options with { Repeats = number },
                "--batch" when isNumber && number > 0 => options with { Batch = number },
                "--text" when isNumber && number > 1 => options with { Text = number },
                "--shape" when value.Length > 0 => options with { Shape = value },
                "--path" when Enum.TryParse(value, ignoreCase: true, out InstructionPath path) => options with { Path = path },
                "--type" when Enum.TryParse(value, ignoreCase: true, out WeightType type) => options with { Type = type },
                "--variant" when value.Length > 0 => options with { Variant = value },
                "--model" when value.Length > 0 => options with { Model = value },
                "--folder" when value.Length > 0 => options with { Folder = value },
                "--python" when value.Length > 0 => options with { Python = value },
                "--out" when value.Length > 0 => options with { Out = value },
                "--only" when value.Length > 0 => options with { Only = value },
                _ => null,
            };
            if (next is null)
                return false;
            options = next;
            i++;
        }

        return true;
    }
}
