namespace PaliSharp.Exports;

/// <summary>The labels of an export, numbered from 0.</summary>
internal sealed class ClassNumbers
{
    private const int MaximumClasses = 1 << 20;

    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];

    private ClassNumbers()
    {
    }

    /// <summary>The labels in their order.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>The number of a label.</summary>
    public int this[string name] => _numbers[name];

    /// <summary>Numbers the labels of pictures.</summary>
    /// <param name="pictures">The pictures.</param>
    /// <param name="first">Labels that come first, whether they occur or not.</param>
    public static ClassNumbers Of(IEnumerable<ExportPicture> pictures, IReadOnlyList<string>? first)
    {
        var numbers = new ClassNumbers();
        foreach (string name in first ?? [])
            numbers.Add(name);
        foreach (ExportPicture picture in pictures)
        {
            foreach (ExportObject found in picture.Objects)
                numbers.Add(found.Label);
        }

        return numbers;
    }

    private void Add(string name)
    {
        if (_numbers.TryAdd(name, _names.Count))
            _names.Add(name);
        if (_names.Count > MaximumClasses)
            throw new JobException($"The objects have more than {MaximumClasses} different labels. Snap labels to those that were asked for, or export as JSONL.");
    }
}
