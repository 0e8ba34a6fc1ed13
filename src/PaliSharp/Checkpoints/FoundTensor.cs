using PaliSharp.Tensors;

namespace PaliSharp.Checkpoints;

/// <summary>A tensor as a checkpoint holds it, before it is known whether the model wants it.</summary>
/// <param name="Name">The name in the file.</param>
/// <param name="Type">The element type's name in the file.</param>
/// <param name="IsWeight">Whether weights can be stored in that type.</param>
/// <param name="Shape">The extents, outermost first.</param>
/// <param name="ByteLength">The size in bytes.</param>
/// <param name="Open">Makes a weight of it, under the name given.</param>
internal sealed record FoundTensor(
    string Name, string Type, bool IsWeight, IReadOnlyList<long> Shape, long ByteLength, Func<string, Weight> Open)
{
    /// <summary>The shape as <c>[2, 3]</c>.</summary>
    public string ShapeText => $"[{string.Join(", ", Shape)}]";

    /// <summary>Whether the extents are those of a shape.</summary>
    /// <param name="shape">The shape.</param>
    public bool Has(TensorShape shape)
    {
        if (Shape.Count != shape.Rank)
            return false;
        for (int axis = 0; axis < Shape.Count; axis++)
        {
            if (Shape[axis] != shape[axis])
                return false;
        }

        return true;
    }
}
