using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Checkpoints;

/// <summary>Matches the tensors of a checkpoint with those its configuration asks for, and settles what only the tensors can say.</summary>
internal sealed class WeightMatcher
{
    private readonly Dictionary<string, FoundTensor> _found = new(StringComparer.Ordinal);
    private readonly Problems _problems;
    private readonly List<string> _warnings;

    private WeightMatcher(Problems problems, List<string> warnings)
    {
        _problems = problems;
        _warnings = warnings;
    }

    /// <summary>The configuration, with the real number of rows of the table and the real size of the picture.</summary>
    public PaliGemmaConfig Config { get; private set; } = null!;

    /// <summary>Matches tensors and configuration. What does not fit is collected, not thrown.</summary>
    /// <param name="declared">The configuration.</param>
    /// <param name="tensors">The tensors of all files, under the names of any generation.</param>
    /// <param name="problems">Receives what does not fit.</param>
    /// <param name="warnings">Receives what is odd but harmless.</param>
    public static WeightMatcher Match(
        HuggingFaceConfig.Result declared, IReadOnlyCollection<FoundTensor> tensors, Problems problems, List<string> warnings)
    {
        var matcher = new WeightMatcher(problems, warnings);
        matcher.Collect(tensors);
        matcher.TieTable(declared.Tied);
        matcher.Config = matcher.AdjustVocabulary(matcher.AdjustImageSize(declared));
        matcher.Compare();
        return matcher;
    }

    /// <summary>Opens the weights. Only allowed if no problem was found.</summary>
    public WeightSet Open() => new(ModelTensors.Of(Config).Select(expected =>
    {
        Weight weight = _found[expected.Name].Open(expected.Name);
        return ModelTensors.IsWidened(expected.Name, expected.Shape) ? WholeWeights.ToFloat32(weight) : weight;
    }));

    private void Collect(IEnumerable<FoundTensor> tensors)
    {
        var ignored = new List<string>();
        foreach (FoundTensor tensor in tensors)
        {
            string canonical = TensorNames.Canonical(tensor.Name);
            if (TensorNames.IsIgnorable(canonical))
                ignored.Add(tensor.Name);
            else if (!_found.TryAdd(canonical, tensor))
                _problems.Add("the same tensor under two names", $"'{_found[canonical].Name}' and '{tensor.Name}'");
        }

        if (ignored.Count > 0)
        {
            string names = string.Join(", ", ignored.Take(5).Select(Problems.Shorten));
            _warnings.Add($"{ignored.Count} tensors that belong to no computation are ignored ({names}{(ignored.Count > 5 ? ", …" : "")}).");
        }
    }

    // Input table and output head are one matrix. Writers save it under the one name, the other, or both.
    private void TieTable(bool tied)
    {
        if (!_found.Remove(TensorNames.Head, out FoundTensor? head))
            return;
        if (_found.TryAdd(TensorNames.Embedding, head))
            return;
        if (tied)
            _warnings.Add($"'{head.Name}' is ignored: the output head is tied to '{_found[TensorNames.Embedding].Name}'.");
        else if (!SameContent(head, _found[TensorNames.Embedding]))
            _problems.Add("an output head that is not tied to the embedding table, which this model family does not have", $"'{head.Name}'");
    }

    private static bool SameContent(FoundTensor a, FoundTensor b) =>
        a.Type == b.Type && a.IsWeight && a.Shape.Count is > 0 and <= 4 && a.Shape.SequenceEqual(b.Shape)
        && WholeWeights.SameContent(a.Open(a.Name), b.Open(b.Name));

    // A position table has one row for each patch. Where the file states the picture's size the table must agree; where the size is only
    // a default, the table knows better.
    private PaliGemmaConfig AdjustImageSize(HuggingFaceConfig.Result declared)
    {
        PaliGemmaConfig config = declared.Config;
        if (declared.ImageSizeStated || !_found.TryGetValue(TensorNames.Positions, out FoundTensor? positions) || positions.Shape.Count != 2)
            return config;
        long rows = positions.Shape[0];
        long grid = (long)Math.Sqrt(rows);
        if (rows == config.Vision.PatchCount || grid * grid != rows || grid is 0 or > GeometryLimits.Grid)
            return config;
        int size = (int)grid * config.Vision.PatchSize;
        _warnings.Add($"config.json does not state the picture's size; the position table's {rows} rows mean {size} pixels.");
        return config with { Vision = config.Vision with { ImageSize = size } };
    }

    // Published tables have 257216 rows, of which 257152 are text tokens, one is <image> and the rest pads to a multiple of 64; other
    // writers keep 257152 rows under a configuration that says 257216, or the reverse. Only rows of text tokens are ever looked up, and
    // those lie below <image>. So any table that holds these is accepted, and its own number of rows counts from here on.
    private PaliGemmaConfig AdjustVocabulary(PaliGemmaConfig config)
    {
        if (!_found.TryGetValue(TensorNames.Embedding, out FoundTensor? table) || table.Shape.Count != 2)
            return config;
        long rows = table.Shape[0];
        int needed = Math.Min(config.Text.VocabularySize, config.ImageTokenId);
        needed = Math.Max(needed, 1 + Math.Max(Math.Max(config.BosTokenId, config.PadTokenId), config.EosTokenIds.Min()));
        if (rows < needed || rows > GeometryLimits.Vocabulary)
        {
            _problems.Add("tables of a wrong number of rows", $"'{table.Name}': expected {config.Text.VocabularySize} rows (at least {needed}), found {rows}");
            return config;
        }

        return config with { Text = config.Text with { VocabularySize = (int)rows } };
    }

    private void Compare()
    {
        var expectedNames = new HashSet<string>(StringComparer.Ordinal);
        bool tableReported = !_problems.IsEmpty;
        foreach ((string name, TensorShape shape) in ModelTensors.Of(Config))
        {
            _ = expectedNames.Add(name);
            if (!_found.TryGetValue(name, out FoundTensor? tensor))
                _problems.Add("missing", $"'{name}' {shape}");
            else if (!tensor.Has(shape) && !(tableReported && name == TensorNames.Embedding && tensor.Shape.Count == 2 && tensor.Shape[1] == shape[1]))
                _problems.Add("of a wrong shape", $"'{Problems.Shorten(tensor.Name)}': expected {shape}, found {tensor.ShapeText}{Hint(name, tensor)}");
            else if (!tensor.IsWeight)
                _problems.Add("of a type that weights cannot have (F32, BF16 and F16 can)", $"'{Problems.Shorten(tensor.Name)}': {tensor.Type}");
        }

        foreach ((string name, FoundTensor tensor) in _found)
        {
            if (!expectedNames.Contains(name))
                _problems.Add("not part of this model", $"'{Problems.Shorten(tensor.Name)}' {tensor.ShapeText}");
        }
    }

    private string Hint(string name, FoundTensor tensor)
    {
        if (name != TensorNames.Positions || tensor.Shape.Count != 2)
            return "";
        return $" (the configuration's pictures of {Config.Vision.ImageSize} pixels in patches of {Config.Vision.PatchSize} have {Config.Vision.PatchCount} patches)";
    }
}
