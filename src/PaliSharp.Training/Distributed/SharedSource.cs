using PaliSharp.Training.Data;

namespace PaliSharp.Training.Distributed;

/// <summary>
/// The part of a stream of examples that one of several processes takes: every n-th. All of them go through the whole stream, so that
/// they stand at the same position and skip the same items.
/// </summary>
/// <param name="source">The stream, the same in every process.</param>
/// <param name="rank">Which of every n examples.</param>
/// <param name="size">n.</param>
internal sealed class SharedSource(ITrainingSource source, int rank, int size) : ITrainingSource
{
    public long? ExamplesPerEpoch => source.ExamplesPerEpoch;

    public DataReport Report => source.Report;

    public TrainingExample Next()
    {
        TrainingExample? own = null;
        for (int i = 0; i < size; i++)
        {
            TrainingExample example = source.Next();
            if (i == rank)
                own = example;
        }

        return own!;
    }

    public string SavePosition() => source.SavePosition();

    public void RestorePosition(string position) => source.RestorePosition(position);
}
