using System.Globalization;
using System.Text.RegularExpressions;

namespace PaliSharp.Checkpoints;

/// <summary>A regular expression of an adapter's configuration, matched in time linear in the module's path.</summary>
internal sealed class ModulePattern
{
    private const int MaximumLength = 4096;
    private readonly Regex _regex;
    private readonly string _pattern;
    private readonly string _path;

    private ModulePattern(string expression, string pattern, string path)
    {
        _pattern = pattern;
        _path = path;
        if (pattern.Length > MaximumLength)
            throw new CheckpointException($"'{path}' holds a pattern of {pattern.Length} characters; at most {MaximumLength} are allowed.");
        _regex = Compile(expression);
    }

    /// <summary>A pattern that must match the whole path (Python's <c>re.fullmatch</c>).</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="path">The file it is from.</param>
    public static ModulePattern Whole(string pattern, string path) => new($@"\A(?:{pattern})\z", pattern, path);

    /// <summary>A pattern that must match the path's end, from the beginning or a dot on.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="path">The file it is from.</param>
    public static ModulePattern Suffix(string pattern, string path) => new($@"\A(?:.*\.)?(?:{pattern})\z", pattern, path);

    /// <summary>Whether the pattern matches.</summary>
    /// <param name="module">The module's path.</param>
    /// <exception cref="CheckpointException">It takes too long to tell.</exception>
    public bool Matches(string module)
    {
        try
        {
            return _regex.IsMatch(module);
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new CheckpointException($"'{_path}': the pattern '{Problems.Shorten(_pattern)}' takes too long to match; simplify it.", e);
        }
    }

    private Regex Compile(string expression)
    {
        var limit = TimeSpan.FromMilliseconds(500);
        try
        {
            return new Regex(expression, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, limit);
        }
        catch (NotSupportedException)
        {
            // Look-around and back-references need the backtracking matcher, which only the time limit restrains.
            return new Regex(expression, RegexOptions.CultureInvariant, limit);
        }
        catch (ArgumentException e)
        {
            throw new CheckpointException($"'{_path}': the pattern '{Problems.Shorten(_pattern)}' is not a valid regular expression: {e.Message}", e);
        }
    }
}

/// <summary>Which linear modules an adapter updates, by PEFT's rules.</summary>
internal sealed class LoraTargets
{
    private const string AllLinear = "all-linear";
    private readonly ModuleChoice _included;
    private readonly ModuleChoice? _excluded;
    private readonly IReadOnlyList<int>? _layers;
    private readonly IReadOnlyList<string> _layerLists;

    private LoraTargets(ModuleChoice included, ModuleChoice? excluded, IReadOnlyList<int>? layers, IReadOnlyList<string> layerLists)
    {
        _included = included;
        _excluded = excluded;
        _layers = layers;
        _layerLists = layerLists;
    }

    /// <summary>Reads the choice from an adapter's configuration.</summary>
    /// <param name="file">The configuration.</param>
    /// <param name="maximumItems">The longest allowed list.</param>
    /// <exception cref="CheckpointException">It is missing or malformed.</exception>
    public static LoraTargets Read(ConfigSection file, int maximumItems)
    {
        ModuleChoice included = ModuleChoice.Read(file, "target_modules", maximumItems)
            ?? throw file.Bad("target_modules", "a list of names, a regular expression or \"all-linear\"");
        return new LoraTargets(
            included,
            ModuleChoice.Read(file, "exclude_modules", maximumItems),
            file.Integers("layers_to_transform", 0, GeometryLimits.Layers, maximumItems) is { Count: > 0 } layers ? layers : null,
            file.Texts("layers_pattern", maximumItems) ?? []);
    }

    /// <summary>Whether a linear module is updated.</summary>
    /// <param name="module">Its path as the adapter was trained.</param>
    public bool Contains(string module)
    {
        if (_excluded?.Matches(module) == true || !_included.Matches(module))
            return false;

        // The choice of layers applies to names that are matched as suffixes only.
        if (_layers is null || _included.IsPattern || _included.Names.Contains(module))
            return true;
        return LayerOf(module) is { } layer && _layers.Contains(layer);
    }

    // The last "something.<number>." of the path, or the number after one of the configured names.
    private int? LayerOf(string module)
    {
        string[] parts = module.Split('.');
        for (int i = parts.Length - 2; i >= 2; i--)
        {
            if (int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out int layer)
                && (_layerLists.Count == 0 || _layerLists.Contains(parts[i - 1])))
            {
                return layer;
            }
        }

        return null;
    }

    /// <summary>A list of names, matched as the path's end, or one pattern for the whole path.</summary>
    private sealed record ModuleChoice(IReadOnlyList<string> Names, ModulePattern? Pattern, bool IsEverything)
    {
        public bool IsPattern => Pattern is not null || IsEverything;

        public static ModuleChoice? Read(ConfigSection file, string key, int maximumItems)
        {
            if (!file.Has(key))
                return null;
            if (file.IsList(key))
                return new ModuleChoice(file.Texts(key, maximumItems)!, null, false);
            string pattern = file.Text(key)!;
            return pattern.Equals(AllLinear, StringComparison.OrdinalIgnoreCase)
                ? new ModuleChoice([], null, true)
                : new ModuleChoice([], ModulePattern.Whole(pattern, file.File), false);
        }

        public bool Matches(string module) => IsEverything
            || Pattern?.Matches(module) == true
            || Names.Any(name => module == name || (module.EndsWith(name, StringComparison.Ordinal) && module[^(name.Length + 1)] == '.'));
    }
}
