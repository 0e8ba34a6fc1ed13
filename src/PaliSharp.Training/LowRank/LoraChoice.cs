using PaliSharp.Checkpoints;
using PaliSharp.Tensors;

namespace PaliSharp.Training.LowRank;

/// <summary>Which modules an adapter updates or saves, by PEFT's rules.</summary>
internal sealed class LoraChoice
{
    private const string Source = "the recipe";
    private readonly LoraOptions _options;
    private readonly LoraNaming _naming;
    private readonly ModulePattern? _pattern;
    private readonly List<(ModulePattern Pattern, int Rank)> _ranks;
    private readonly List<(ModulePattern Pattern, double Alpha)> _alphas;

    public LoraChoice(LoraOptions options, LoraNaming naming)
    {
        _options = options;
        _naming = naming;
        _pattern = options.TargetPattern is null ? null : ModulePattern.Whole(options.TargetPattern, Source);
        _ranks = [.. options.RankPattern.Select(pair => (ModulePattern.Suffix(pair.Key, Source), pair.Value))];
        _alphas = [.. options.AlphaPattern.Select(pair => (ModulePattern.Suffix(pair.Key, Source), pair.Value))];
    }

    /// <summary>Whether a weight is the matrix of an updated linear layer.</summary>
    public bool IsUpdated(Weight weight)
    {
        if (weight.Shape.Rank != 2 || !weight.Name.EndsWith(".weight", StringComparison.Ordinal)
            || weight.Name == TensorNames.Embedding || weight.Name == TensorNames.Positions)
        {
            return false;
        }

        string path = _naming.Write(weight.Name[..^".weight".Length]);
        return !IsSaved(weight.Name) && (_pattern?.Matches(path) ?? _options.Targets.Any(target => EndsWith(path, target)));
    }

    /// <summary>Whether a weight is trained in full and saved with the adapter.</summary>
    public bool IsSaved(string name)
    {
        int dot = name.LastIndexOf('.');
        string path = _naming.Write(name[..dot]);
        for (string module = path; module.Length > 0; module = module.LastIndexOf('.') is > 0 and int end ? module[..end] : "")
        {
            if (_options.ModulesToSave.Any(saved => EndsWith(module, saved)))
                return true;
        }

        if (!name.EndsWith(".bias", StringComparison.Ordinal) || _options.Bias == LoraBias.None)
            return false;
        return _options.Bias == LoraBias.All || (_pattern?.Matches(path) ?? _options.Targets.Any(target => EndsWith(path, target)));
    }

    /// <summary>The rank of a module, and its factor alpha ÷ rank or alpha ÷ √rank.</summary>
    public (int Rank, float Scale) RankAndScale(string module)
    {
        string path = _naming.Write(module);
        int rank = _ranks.Where(pair => pair.Pattern.Matches(path)).Select(pair => (int?)pair.Rank).FirstOrDefault() ?? _options.Rank;
        double alpha = _alphas.Where(pair => pair.Pattern.Matches(path)).Select(pair => (double?)pair.Alpha).FirstOrDefault() ?? _options.Alpha;
        return (rank, (float)(alpha / (_options.RankStabilised ? Math.Sqrt(rank) : rank)));
    }

    private static bool EndsWith(string path, string name) =>
        path == name || (path.EndsWith(name, StringComparison.Ordinal) && path[^(name.Length + 1)] == '.');
}
