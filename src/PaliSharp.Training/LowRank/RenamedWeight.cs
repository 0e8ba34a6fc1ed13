using PaliSharp.Tensors;

namespace PaliSharp.Training.LowRank;

/// <summary>A weight under another name, sharing its memory.</summary>
internal readonly unsafe struct RenamedWeight(Weight source, string name)
{
    public Weight Weight { get; } = new(name, source.Type, source.Shape, source.Data, source);
}
