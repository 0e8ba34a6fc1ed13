using PaliSharp.Tensors;

namespace PaliSharp.Models;

/// <summary>
/// Receives the named intermediates of a forward pass, the way to compare two implementations stage by stage.
/// Without a probe no name is formed and nothing is copied.
/// </summary>
/// <remarks>
/// Names: <c>vision/patch_embedding</c>, <c>vision/embeddings</c>, <c>vision/layerNN/{attention,mlp,out}</c>, <c>vision/post_layernorm</c>,
/// <c>projector</c>, <c>text/embeddings_scaled</c>, <c>text/layerNN/{in,input_norm,q,k,v,attention,mlp,out}</c>, <c>text/final_norm</c>.
/// q and k are taken before rotation, <c>attention</c> after the output projection and before a post-norm.
/// </remarks>
public interface IForwardProbe
{
    /// <summary>Called at each stage, in order.</summary>
    /// <param name="name">The stage.</param>
    /// <param name="value">The stage's output as rows; valid during the call only.</param>
    void Record(string name, Tensor value);
}
