using PaliSharp.Imaging;

namespace PaliSharp.Generation;

/// <summary>A request as the engine takes it: tokens instead of text.</summary>
/// <param name="TextIds">The ids after the image tokens; at least one.</param>
/// <param name="IsBidirectional">True if image and text see one another wholly; false for the causal mask of text models.</param>
/// <param name="Images">The pictures, in order.</param>
/// <param name="Options">How to answer.</param>
/// <param name="Prompt">The text the ids came from, if any.</param>
internal sealed record PreparedRequest(int[] TextIds, bool IsBidirectional, IReadOnlyList<Image> Images, GenerationOptions Options, string? Prompt);
