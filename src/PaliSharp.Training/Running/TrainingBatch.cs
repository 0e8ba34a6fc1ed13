using PaliSharp.Tensors;

namespace PaliSharp.Training.Running;

/// <summary>The examples of one update, ready to be computed.</summary>
/// <param name="Parts">Its micro-batches.</param>
/// <param name="Totals">The counts of the whole.</param>
/// <param name="CutTexts">How many suffixes were cut to the longest text allowed.</param>
/// <param name="PositionAfter">Where the source of examples stands behind it.</param>
internal sealed record TrainingBatch(IReadOnlyList<MicroBatch> Parts, LossTotals Totals, int CutTexts, string PositionAfter) : IDisposable
{
    public void Dispose()
    {
        foreach (MicroBatch part in Parts)
            part.Pixels?.Dispose();
    }
}

/// <summary>Examples that go through the model together.</summary>
/// <param name="Pixels">[pictures, channels, size, size], or null without pictures.</param>
/// <param name="Sequences">Their tokens.</param>
internal sealed record MicroBatch(Tensor? Pixels, IReadOnlyList<TrainingSequence> Sequences);
