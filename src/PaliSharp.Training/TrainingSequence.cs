namespace PaliSharp.Training;

/// <summary>One example in tokens.</summary>
/// <param name="Ids">BOS, prefix, newline, suffix, EOS.</param>
/// <param name="PrefixLength">How many of them belong to the prompt, the newline included: the bidirectional part, which is not learnt.</param>
/// <param name="Pictures">The indices of its pictures in the batch, in order.</param>
public sealed record TrainingSequence(IReadOnlyList<int> Ids, int PrefixLength, IReadOnlyList<int> Pictures)
{
    /// <summary>Which tokens of the suffix are learnt, one entry for each; null for all.</summary>
    public IReadOnlyList<bool>? Learnt { get; init; }

    /// <summary>Where it came from.</summary>
    public string Origin { get; init; } = "";

    /// <summary>The number of tokens that are learnt.</summary>
    public int TargetCount => Learnt is null ? Ids.Count - PrefixLength : Learnt.Count(learnt => learnt);
}

/// <summary>What the loss of a batch is divided by: the counts of the whole batch, of which micro-batches are parts.</summary>
/// <param name="Examples">The examples.</param>
/// <param name="Tokens">The tokens learnt.</param>
public readonly record struct LossTotals(long Examples, long Tokens)
{
    /// <summary>Counts sequences.</summary>
    /// <param name="sequences">The sequences.</param>
    public static LossTotals Of(IEnumerable<TrainingSequence> sequences)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        var totals = default(LossTotals);
        foreach (TrainingSequence sequence in sequences)
            totals = new LossTotals(totals.Examples + 1, totals.Tokens + sequence.TargetCount);
        return totals;
    }
}

/// <summary>The loss of a batch, or of a part of one.</summary>
/// <param name="Loss">The part's share of the whole loss: shares of the parts of a batch add up to it.</param>
/// <param name="Tokens">The tokens learnt.</param>
/// <param name="SequenceLosses">The mean loss over the tokens of each sequence, 0 for one that has none.</param>
public sealed record LossResult(double Loss, long Tokens, IReadOnlyList<double> SequenceLosses);
