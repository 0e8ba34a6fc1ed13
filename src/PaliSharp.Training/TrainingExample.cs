using PaliSharp.Imaging;

namespace PaliSharp.Training;

/// <summary>One example: pictures, the prompt, and the text to be learnt.</summary>
/// <param name="Images">The pictures in order, of any size; none for text alone. The trainer brings them to the model's resolution.</param>
/// <param name="Prefix">The prompt without its closing newline, such as <c>caption en</c>.</param>
/// <param name="Suffix">What the model shall write; not empty. EOS is added.</param>
public sealed record TrainingExample(IReadOnlyList<Image> Images, string Prefix, string Suffix)
{
    /// <summary>Where it came from, such as <c>captions.jsonl line 17</c>: named when something is wrong with it.</summary>
    public string Origin { get; init; } = "";
}
