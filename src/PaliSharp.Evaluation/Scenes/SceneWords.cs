using PaliSharp.Tasks;

namespace PaliSharp.Evaluation;

/// <summary>What is said about scenes: the wording the demonstration model was trained with.</summary>
public static class SceneWords
{
    private const double Large = 0.22;
    private const double Small = 0.14;

    private static readonly string[] Numbers = ["no", "one", "two", "three", "four", "five", "six"];

    /// <summary>A short caption.</summary>
    /// <param name="scene">The scene.</param>
    public static string Caption(Scene scene)
    {
        ArgumentNullException.ThrowIfNull(scene);
        List<string> parts =
        [
            .. scene.Objects.GroupBy(item => (item.Color, item.Shape)).Select(group => group.Count() == 1
                ? WithArticle($"{group.Key.Color} {group.Key.Shape}")
                : $"{Numbers[group.Count()]} {group.Key.Color} {Plural(group.Key.Shape)}"),
        ];
        if (scene.Text is { } text)
            parts.Add($"the text {text.Text}");
        return parts.Count == 0 ? $"an empty {scene.Background} picture" : $"{Joined(parts)} on {WithArticle(scene.Background)} background";
    }

    /// <summary>A longer description.</summary>
    /// <param name="scene">The scene.</param>
    public static string Description(Scene scene)
    {
        ArgumentNullException.ThrowIfNull(scene);
        List<string> parts = [.. scene.Objects.Select(item => $"{WithArticle($"{SizeOf(item)}{item.Phrase}")} {Where(item.Box, scene)}")];
        if (scene.Text is { } text)
            parts.Add($"the text {text.Text} {Where(text.Box, scene)}");
        return parts.Count == 0 ? Caption(scene) : $"{Joined(parts)}, on {WithArticle(scene.Background)} background.";
    }

    /// <summary>Where something is, such as <c>at the top left</c>.</summary>
    /// <param name="box">Its box.</param>
    /// <param name="scene">The scene.</param>
    public static string Where(BoundingBox box, Scene scene)
    {
        ArgumentNullException.ThrowIfNull(scene);
        double x = (box.X1 + box.X2) / 2 / scene.Image.Width;
        double y = (box.Y1 + box.Y2) / 2 / scene.Image.Height;
        string vertical = Third(y, "top", "bottom");
        string horizontal = Third(x, "left", "right");
        return vertical.Length + horizontal.Length == 0
            ? "in the center"
            : $"at the {string.Join(' ', ((string[])[vertical, horizontal]).Where(word => word.Length > 0))}";
    }

    /// <summary>More than one of a shape.</summary>
    /// <param name="shape">The shape.</param>
    public static string Plural(string shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        return shape.EndsWith('s') || shape.EndsWith('x') ? $"{shape}es" : $"{shape}s";
    }

    /// <summary>A phrase with <c>a</c> or <c>an</c>.</summary>
    /// <param name="phrase">The phrase.</param>
    public static string WithArticle(string phrase)
    {
        ArgumentException.ThrowIfNullOrEmpty(phrase);
        return $"{(phrase[0] is 'a' or 'e' or 'i' or 'o' or 'u' ? "an" : "a")} {phrase}";
    }

    private static string SizeOf(SceneObject item) => item.RelativeSize switch
    {
        > Large => "large ",
        < Small => "small ",
        _ => string.Empty,
    };

    private static string Third(double at, string first, string last)
    {
        if (at < 0.37)
            return first;
        return at > 0.63 ? last : string.Empty;
    }

    private static string Joined(List<string> parts) => parts.Count == 1 ? parts[0] : $"{string.Join(", ", parts.SkipLast(1))} and {parts[^1]}";
}
