using System.CommandLine;
using PaliSharp.Checkpoints;
using PaliSharp.Checkpoints.Hub;
using PaliSharp.Tensors.Cpu;

namespace PaliSharp.Cli.Options;

/// <summary>Which model runs, and on what.</summary>
internal sealed class ModelOptions
{
    private const string ModelVariable = "PALISHARP_MODEL";

    private readonly Option<string?> _model = new("--model", "-m")
    {
        Description = $"Checkpoint folder, .npz file or OWNER/NAME[@REVISION] that was pulled. Default: ${ModelVariable}, else the demonstration model.",
        HelpName = "MODEL",
    };

    private readonly Option<string?> _adapter = new("--adapter")
    {
        Description = "LoRA adapter to apply: a folder, or OWNER/NAME[@REVISION] that was pulled.",
        HelpName = "ADAPTER",
    };

    private readonly Option<bool> _mergeAdapter = new("--merge-adapter") { Description = "Add the adapter into the weights: faster, more memory." };

    private readonly WeightsOption _weights = new();

    private readonly CpuChoice _cpu = new();

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(_model);
        command.Add(_adapter);
        command.Add(_mergeAdapter);
        _weights.AddTo(command);
        _cpu.AddTo(command);
    }

    /// <summary>Reads what was given.</summary>
    /// <exception cref="UsageException">The options make no sense together.</exception>
    public ModelChoice Read(ParseResult parsed, CliHost host)
    {
        string? adapter = parsed.GetValue(_adapter);
        bool merge = parsed.GetValue(_mergeAdapter);
        if (merge && adapter is null)
            throw new UsageException("--merge-adapter needs --adapter.");
        string? model = parsed.GetValue(_model) ?? (host.Variable(ModelVariable) is { Length: > 0 } value ? value : null);
        return new ModelChoice(model, adapter, merge, _weights.Read(parsed), _cpu.Read(parsed));
    }
}

/// <summary>Threads and instructions.</summary>
internal sealed class CpuChoice
{
    private readonly Option<int?> _threads = new Option<int?>("--threads")
    {
        Description = "Threads to compute with. Default: one per processor.",
        HelpName = "N",
    }.Between(1, 1024);

    private readonly Option<string?> _simd = new("--simd") { Description = "Instructions to compute with. Default: auto." };

    /// <summary>Creates the options.</summary>
    public CpuChoice() => _simd.AcceptOnlyFromAmong("auto", "avx512", "avx2", "advsimd", "portable");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(_threads);
        command.Add(_simd);
    }

    /// <summary>Reads what was given; what was not is left to the environment.</summary>
    public CpuOptions Read(ParseResult parsed) => new()
    {
        Threads = parsed.GetValue(_threads) ?? 0,
        InstructionPath = Enum.Parse<InstructionPath>(parsed.GetValue(_simd) ?? nameof(InstructionPath.Auto), ignoreCase: true),
    };
}

/// <summary>The model a command line asks for.</summary>
/// <param name="Model">A path or a name on a hub; null for the demonstration model.</param>
/// <param name="Adapter">A path or a name on a hub; null for none.</param>
/// <param name="MergeAdapter">Whether the adapter is added into the weights.</param>
/// <param name="Weights">How weights are held.</param>
/// <param name="Cpu">Threads and instructions.</param>
internal sealed record ModelChoice(string? Model, string? Adapter, bool MergeAdapter, WeightStorage Weights, CpuOptions Cpu)
{
    /// <summary>The file of the mask codec; null for the one beside the model.</summary>
    public string? MaskCodec { get; init; }

    /// <summary>
    /// Whether encoded pictures are kept for the case that they come again. Without, what is computed does not depend on what was computed before.
    /// </summary>
    public bool KeepsPictures { get; init; } = true;

    /// <summary>Loads the model.</summary>
    /// <param name="host">Whose environment says where pulled models are.</param>
    /// <param name="batch">The most pictures answered together.</param>
    /// <exception cref="PaliSharpException">It cannot be loaded.</exception>
    /// <exception cref="UsageException">The processor lacks the instructions, or a variable holds nonsense.</exception>
    public PaliGemma Load(CliHost host, int batch)
    {
        string? model = Resolve(Model, host);
        PaliGemmaOptions options = ToOptions(host, batch);
        if (!KeepsPictures)
            options = options with { PictureCacheBytes = 0 };
        try
        {
            return PaliGemma.Load(model, options);
        }
        catch (Exception exception) when (exception is ArgumentException or PlatformNotSupportedException)
        {
            throw new UsageException(exception.Message);
        }
    }

    /// <summary>How the model is loaded and run.</summary>
    /// <param name="host">Whose environment says where pulled models are.</param>
    /// <param name="batch">The most pictures answered together.</param>
    /// <exception cref="PaliSharpException">The adapter cannot be found.</exception>
    public PaliGemmaOptions ToOptions(CliHost host, int batch) => new()
    {
        Cpu = Cpu,
        Weights = Weights,
        Adapter = Resolve(Adapter, host),
        MergeAdapter = MergeAdapter,
        MaxBatch = batch,
        MaskCodec = MaskCodec,
    };

    /// <summary>Finds a model or an adapter.</summary>
    /// <param name="argument">A path or a name on a hub; null for none.</param>
    /// <param name="host">Whose environment says where pulled models are.</param>
    /// <exception cref="HubException">The name is not in the local cache.</exception>
    public static string? Resolve(string? argument, CliHost host) =>
        argument is null ? null : HubModelResolver.Resolve(argument, HubOptions.FromEnvironment(host.Variable));
}
