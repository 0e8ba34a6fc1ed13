using PaliSharp.Imaging;

namespace PaliSharp.Generation;

/// <summary>A prompt about no, one or several pictures.</summary>
/// <param name="Prompt">The text the model sees, without the newline that ends it, which is added.</param>
/// <param name="Images">The pictures, in order; all of them stand before the text.</param>
/// <param name="Options">How to answer; null for the default.</param>
public sealed record GenerationRequest(string Prompt, IReadOnlyList<Image> Images, GenerationOptions? Options = null)
{
    /// <summary>A prompt about one picture.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="prompt">The text.</param>
    /// <param name="options">How to answer.</param>
    public GenerationRequest(Image image, string prompt, GenerationOptions? options = null)
        : this(prompt, [image], options)
    {
    }

    /// <summary>A prompt of text alone.</summary>
    /// <param name="prompt">The text; no newline is added.</param>
    /// <param name="options">How to answer.</param>
    public GenerationRequest(string prompt, GenerationOptions? options = null)
        : this(prompt, [], options)
    {
    }
}
