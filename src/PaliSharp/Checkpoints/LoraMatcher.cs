using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Checkpoints;

/// <summary>Finds the place of every tensor of an adapter in a model, and reports everything that has none.</summary>
internal sealed class LoraMatcher
{
    private const string Prefix = "base_model.model.";
    private readonly string _folder;
    private readonly LoraConfig _config;
    private readonly SafetensorsFile _file;
    private readonly WeightSet _base;
    private readonly Problems _problems = new();
    private readonly List<string> _warnings;
    private readonly Dictionary<string, Parts> _modules = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Key, string Path)> _replacements = new(StringComparer.Ordinal);
    private string? _head;
    private bool _holdsTable;

    public LoraMatcher(string folder, LoraConfig config, SafetensorsFile file, WeightSet baseWeights)
    {
        _folder = folder;
        _config = config;
        _file = file;
        _base = baseWeights;
        _warnings = [.. config.Warnings];
    }

    /// <summary>Matches the adapter with the model.</summary>
    /// <exception cref="CheckpointException">They match only in part.</exception>
    public LoraAdapter Match()
    {
        foreach (SafetensorsEntry entry in _file.Tensors)
            Sort(entry);
        CheckModules();
        CheckTable();
        CheckReplacements();
        CheckTargets();
        _problems.ThrowIfAny(
            $"The adapter '{_folder}' does not fit the model",
            "Check that the adapter was trained for this model, and that its configuration and weights belong together.");
        return new LoraAdapter(
            _folder,
            _modules.Values.ToDictionary(parts => parts.Module, Update, StringComparer.Ordinal),
            _replacements.ToDictionary(pair => pair.Key, pair => Replacement(pair.Key, pair.Value.Key), StringComparer.Ordinal),
            _warnings);
    }

    // base_model.model.<path>.<part>, where the path may carry PEFT's wrappers and the part an adapter's name.
    private void Sort(SafetensorsEntry entry)
    {
        string shown = $"'{Problems.Shorten(entry.Name)}'";
        if (!entry.Name.StartsWith(Prefix, StringComparison.Ordinal))
        {
            _problems.Add($"without the prefix {Prefix}", shown);
            return;
        }

        if (entry.Type.WeightType is null)
        {
            _problems.Add("of a type that weights cannot have (F32, BF16 and F16 can)", $"{shown}: {entry.Type}");
            return;
        }

        string name = entry.Name[Prefix.Length..];
        if (TrySplit(name, "lora_A", out string module, out string rest) && IsWeight(rest))
            SetPart(module, entry.Name, parts => ref parts.A);
        else if (TrySplit(name, "lora_B", out module, out rest) && IsWeight(rest))
            SetPart(module, entry.Name, parts => ref parts.B);
        else if (TrySplit(name, "lora_magnitude_vector", out module, out rest) && (rest.Length == 0 || IsWeight(rest)))
            SetPart(module, entry.Name, parts => ref parts.Magnitude);
        else if (name.Contains(".lora_", StringComparison.Ordinal))
            _problems.Add("of a kind that is not supported (only linear layers carry updates here)", shown);
        else
            SetReplacement(name, entry.Name);
    }

    private static bool IsWeight(string rest) => rest == "weight"
        || (rest.EndsWith(".weight", StringComparison.Ordinal) && !rest.AsSpan(0, rest.Length - ".weight".Length).Contains('.'));

    private static bool TrySplit(string name, string part, out string module, out string rest)
    {
        int at = name.LastIndexOf($".{part}", StringComparison.Ordinal);
        int end = at + part.Length + 1;
        bool found = at > 0 && (end == name.Length || name[end] == '.');
        module = found ? name[..at] : "";
        rest = found && end < name.Length ? name[(end + 1)..] : "";
        return found;
    }

    private delegate ref string? PartOf(Parts parts);

    private void SetPart(string path, string key, PartOf part)
    {
        string module = TensorNames.Canonical(path);
        if (!_modules.TryGetValue(module, out Parts? parts))
            _modules.Add(module, parts = new Parts(module, path));
        ref string? slot = ref part(parts);
        if (slot is not null || parts.Path != path)
            _problems.Add("the same part twice", $"'{Problems.Shorten(slot ?? parts.Path)}' and '{Problems.Shorten(key)}'");
        slot = key;
    }

    private void SetReplacement(string name, string key)
    {
        string path = name.Replace(".base_layer.", ".", StringComparison.Ordinal);
        int wrapper = path.IndexOf(".modules_to_save.", StringComparison.Ordinal);
        if (wrapper >= 0)
        {
            string inner = path[(wrapper + ".modules_to_save.".Length)..];
            path = $"{path[..wrapper]}.{(inner.StartsWith("default.", StringComparison.Ordinal) ? inner["default.".Length..] : inner)}";
        }

        string canonical = TensorNames.Canonical(path);
        if (canonical == TensorNames.Head)
            _head = key;
        else if (!_base.TryGet(canonical, out Weight? weight))
            _problems.Add("for tensors that the model does not have", $"'{Problems.Shorten(key)}'");
        else if (!_replacements.TryAdd(canonical, (key, path)))
            _problems.Add("the same part twice", $"'{Problems.Shorten(_replacements[canonical].Key)}' and '{Problems.Shorten(key)}'");
        else if (ShapeText(key) is var found && found != weight.Shape.ToString())
            _problems.Add("of a wrong shape", $"'{Problems.Shorten(key)}': expected {weight.Shape}, found {found}");
    }

    private void CheckModules()
    {
        foreach (Parts parts in _modules.Values)
        {
            string shown = $"'{Problems.Shorten(parts.Path)}'";
            if (!IsLinear(parts.Module) || !_base.TryGet($"{parts.Module}.weight", out Weight? weight))
            {
                _problems.Add("for modules that the model does not have", shown);
                continue;
            }

            int rank = _config.RankOf(parts.Path);
            Expect(parts, "lora_A", parts.A, $"[{rank}, {weight.Shape[1]}]");
            Expect(parts, "lora_B", parts.B, $"[{weight.Shape[0]}, {rank}]");
            if (_config.IsDora)
                Expect(parts, "lora_magnitude_vector", parts.Magnitude, $"[{weight.Shape[0]}]");
            else if (parts.Magnitude is not null)
                _problems.Add("magnitudes although use_dora is not set", shown);
        }
    }

    private void Expect(Parts parts, string part, string? key, string shape)
    {
        if (key is null)
            _problems.Add("missing", $"'{Problems.Shorten(parts.Path)}.{part}' {shape}");
        else if (ShapeText(key) != shape)
            _problems.Add("of a wrong shape", $"'{Problems.Shorten(key)}': expected {shape}, found {ShapeText(key)}");
    }

    // The model has one table for input and output. A copy of it trained for one of the two would have to become two tables.
    private void CheckTable()
    {
        bool saved = _replacements.TryGetValue(TensorNames.Embedding, out (string Key, string Path) table);
        _holdsTable = saved || _head is not null;
        if (!_holdsTable)
            return;
        if (saved && _head is not null && WholeWeights.SameContent(_file.GetWeight(_head), _file.GetWeight(table.Key)))
            return;
        if (_config.KeepsTies && (_head is null || !saved))
        {
            if (!saved)
                _replacements.Add(TensorNames.Embedding, (_head!, _head![Prefix.Length..]));
            return;
        }

        // Tools save the whole table beside an adapter that did not change it.
        Weight original = _base[TensorNames.Embedding];
        if ((_head is null || WholeWeights.SameContent(_file.GetWeight(_head), original)) && (!saved || WholeWeights.SameContent(_file.GetWeight(table.Key), original)))
        {
            _ = _replacements.Remove(TensorNames.Embedding);
            _warnings.Add("The adapter holds an unchanged copy of the embedding table, which is ignored.");
            return;
        }

        _problems.Add(
            "an embedding table or output head trained apart from the other, which the tied model cannot hold",
            $"'{Problems.Shorten(_head ?? table.Key)}'");
    }

    // What was trained in full must be named by the configuration, and what it names must be there.
    private void CheckReplacements()
    {
        foreach ((string name, (string key, string path)) in _replacements)
        {
            bool isBias = name.EndsWith(".bias", StringComparison.Ordinal);
            if (!IsSaved(path) && !(isBias && _config.Bias != "none") && name != TensorNames.Embedding)
                _problems.Add("not declared by modules_to_save or bias", $"'{Problems.Shorten(key)}'");
        }

        foreach (Weight weight in _base)
        {
            if (_replacements.ContainsKey(weight.Name) || weight.Name == TensorNames.Embedding)
                continue;
            bool isBias = weight.Name.EndsWith(".bias", StringComparison.Ordinal);
            string module = weight.Name[..weight.Name.LastIndexOf('.')];
            if (IsSaved(weight.Name) || (isBias && (_config.Bias == "all" || (_config.Bias == "lora_only" && _modules.ContainsKey(module)))))
                _problems.Add("missing", $"a replacement of '{weight.Name}' {weight.Shape}");
        }

        foreach (string saved in _config.ModulesToSave)
        {
            if (IsTable(saved) && !_holdsTable)
                _problems.Add("missing", $"a replacement of '{Problems.Shorten(saved)}'");
            else if (!IsTable(saved) && !_base.Any(weight => IsUnder(weight.Name, saved)))
                _problems.Add("modules_to_save that the model does not have", $"'{Problems.Shorten(saved)}'");
        }
    }

    private bool IsSaved(string path) => _config.ModulesToSave.Any(saved => IsUnder(path, saved));

    private static bool IsTable(string saved) => saved.EndsWith("embed_tokens", StringComparison.Ordinal) || saved.EndsWith("lm_head", StringComparison.Ordinal);

    // PEFT takes every module whose path ends with the name (also in the middle of a word), and all parameters below it. The name may be
    // a path of any generation.
    private static bool IsUnder(string path, string saved) =>
        path.Contains($"{saved}.", StringComparison.Ordinal)
        || TensorNames.Canonical(path).Contains($"{TensorNames.Canonical(saved)}.", StringComparison.Ordinal);

    private void CheckTargets()
    {
        List<string> linear = [.. _base.Where(weight => weight.Name.EndsWith(".weight", StringComparison.Ordinal))
            .Select(weight => weight.Name[..^".weight".Length]).Where(IsLinear)];
        List<string> paths = [.. _modules.Values.Select(parts => parts.Path), .. _replacements.Values.Select(item => ModuleOf(item.Path))];
        IReadOnlyList<LoraNaming> namings = LoraNaming.Of(paths);
        if (namings.Count == 0)
        {
            _problems.Add("of several generations of names in one file", string.Join(", ", paths.Take(3).Select(path => $"'{Problems.Shorten(path)}'")));
            return;
        }

        (List<string> Missing, List<string> Untargeted)? best = null;
        foreach (LoraNaming naming in namings)
        {
            HashSet<string> targeted = [.. linear.Where(module => _config.Targets.Contains(naming.Write(module)))];
            List<string> missing = [.. targeted.Where(module => !_modules.ContainsKey(module) && !IsSaved($"{naming.Write(module)}."))];
            List<string> untargeted = [.. _modules.Keys.Where(module => !targeted.Contains(module))];
            if (best is not { } other || missing.Count + untargeted.Count < other.Missing.Count + other.Untargeted.Count)
                best = (missing, untargeted);
        }

        foreach (string module in best!.Value.Missing)
            _problems.Add("targeted by the configuration but without an update", $"'{module}'");
        foreach (string module in best.Value.Untargeted)
            _problems.Add("updates of modules that the configuration does not target", $"'{Problems.Shorten(module)}'");
    }

    private static string ModuleOf(string path)
    {
        int dot = path.LastIndexOf('.');
        return dot < 0 ? path : path[..dot];
    }

    private bool IsLinear(string module) =>
        _base.TryGet($"{module}.weight", out Weight? weight) && weight.Shape.Rank == 2
        && weight.Name is not (TensorNames.Embedding or TensorNames.Positions);

    private string ShapeText(string key) => _file.TryGetEntry(key, out SafetensorsEntry? entry) ? $"[{string.Join(", ", entry.Shape)}]" : "";

    private LowRankUpdate Update(Parts parts)
    {
        var update = new LowRankUpdate(
            WholeWeights.CopyAsFloat32(_file.GetWeight(parts.A!), $"{parts.Module}.lora_A"),
            WholeWeights.CopyAsFloat32(_file.GetWeight(parts.B!), $"{parts.Module}.lora_B"),
            _config.ScaleOf(parts.Path));
        return parts.Magnitude is null
            ? update
            : update with { OutputScale = LowRankMath.OutputScale(_base[$"{parts.Module}.weight"], update, _file.ReadSingles(parts.Magnitude)) };
    }

    private Weight Replacement(string name, string key)
    {
        Weight weight = _file.GetWeight(key);
        return ModelTensors.IsWidened(name, weight.Shape) ? WholeWeights.CopyAsFloat32(weight, name) : WholeWeights.Copy(weight, name);
    }

    /// <summary>The keys of one module's tensors.</summary>
    private sealed class Parts(string module, string path)
    {
        public string? A;
        public string? B;
        public string? Magnitude;

        public string Module { get; } = module;

        public string Path { get; } = path;
    }
}
