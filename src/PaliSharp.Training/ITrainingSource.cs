using PaliSharp.Training.Data;

namespace PaliSharp.Training;

/// <summary>
/// An endless, shuffled, seeded stream of examples. Two sources of the same data, options and seed give the same examples in the same
/// order, augmentations included, whatever the number of threads that prepare them; restoring a position continues exactly there.
/// </summary>
/// <remarks>The trainer calls one member at a time and disposes nothing that it is handed.</remarks>
public interface ITrainingSource
{
    /// <summary>The examples of one pass over the data; null where there is no such thing, as in a generated stream.</summary>
    long? ExamplesPerEpoch { get; }

    /// <summary>What was skipped so far, and why.</summary>
    DataReport Report => new();

    /// <summary>Takes the next example. Unusable items of the data are skipped and counted by the source, never handed out.</summary>
    /// <exception cref="PaliSharpException">The data holds no usable example.</exception>
    TrainingExample Next();

    /// <summary>The position behind the last example taken, as a short text that only this kind of source understands.</summary>
    string SavePosition();

    /// <summary>Goes to a saved position.</summary>
    /// <param name="position">What <see cref="SavePosition"/> of an equal source returned.</param>
    /// <exception cref="PaliSharpException">The position is malformed or belongs to other data.</exception>
    void RestorePosition(string position);
}
