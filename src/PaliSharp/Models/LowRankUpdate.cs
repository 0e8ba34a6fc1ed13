using PaliSharp.Tensors;

namespace PaliSharp.Models;

/// <summary>
/// What an adapter adds to one linear layer, kept beside the layer's own weight W:
/// y = OutputScale ⊙ (W·x + Scale·B·(A·x)) + bias. Without a magnitude (plain LoRA) the output scale is absent.
/// </summary>
/// <param name="A">[rank, inputs].</param>
/// <param name="B">[outputs, rank].</param>
/// <param name="Scale">alpha/rank, or alpha/√rank when rank-stabilised.</param>
/// <param name="OutputScale">[outputs] in float32: DoRA's magnitude divided by the row norms of W + Scale·B·A; or none.</param>
public sealed record LowRankUpdate(Weight A, Weight B, float Scale, Weight? OutputScale = null);
