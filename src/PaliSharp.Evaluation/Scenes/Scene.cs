using PaliSharp.Imaging;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;

namespace PaliSharp.Evaluation;

/// <summary>A coloured shape in a drawn scene.</summary>
/// <param name="Shape">What it is: circle, square, triangle, star, ring, cross, hexagon or rectangle.</param>
/// <param name="Color">Its colour's name.</param>
/// <param name="Box">Around its pixels, in pixels of the scene.</param>
/// <param name="Mask">Its pixels.</param>
/// <param name="RelativeSize">Its radius divided by the scene's shorter side.</param>
public sealed record SceneObject(string Shape, string Color, BoundingBox Box, Mask Mask, double RelativeSize)
{
    /// <summary>Colour and shape, such as <c>red circle</c>.</summary>
    public string Phrase => $"{Color} {Shape}";
}

/// <summary>A word in a drawn scene.</summary>
/// <param name="Text">The word.</param>
/// <param name="Box">Around its pixels.</param>
public sealed record SceneText(string Text, BoundingBox Box);

/// <summary>A drawn scene with all that is in it.</summary>
public sealed record Scene
{
    /// <summary>The picture.</summary>
    public required Image Image { get; init; }

    /// <summary>The background's colour.</summary>
    public required string Background { get; init; }

    /// <summary>The shapes, from the top to the bottom and then from left to right. No two overlap.</summary>
    public required IReadOnlyList<SceneObject> Objects { get; init; }

    /// <summary>The word; null without one.</summary>
    public required SceneText? Text { get; init; }

    /// <summary>The shapes a phrase means: a shape, a colour and a shape, or <c>shape</c> for all.</summary>
    /// <param name="phrase">The phrase.</param>
    public IReadOnlyList<SceneObject> Matching(string phrase)
    {
        ArgumentNullException.ThrowIfNull(phrase);
        return [.. Objects.Where(item => phrase is "shape" or "object" || phrase == item.Shape || phrase == item.Phrase)];
    }
}
