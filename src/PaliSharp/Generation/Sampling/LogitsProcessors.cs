namespace PaliSharp.Generation;

/// <summary>Makes the processors that options ask for, in transformers' order.</summary>
internal static class LogitsProcessors
{
    /// <summary>The processors that apply to greedy choice too.</summary>
    public static ILogitsProcessor[] Penalties(SamplingOptions options)
    {
        List<ILogitsProcessor> processors = [];
        if (options.RepetitionPenalty != 1)
            processors.Add(new RepetitionPenaltyProcessor(options.RepetitionPenalty));
        if (options.NoRepeatNgramSize > 0)
            processors.Add(new NoRepeatNgramProcessor(options.NoRepeatNgramSize));
        return [.. processors];
    }

    /// <summary>The processors that shape the distribution a token is drawn from; none for greedy choice.</summary>
    public static ILogitsProcessor[] Filters(SamplingOptions options, SamplingScratch scratch)
    {
        List<ILogitsProcessor> processors = [];
        if (options.IsGreedy)
            return [];
        if (options.Temperature != 1)
            processors.Add(new TemperatureProcessor(options.Temperature));
        if (options.TopK > 0)
            processors.Add(new TopKProcessor(options.TopK, scratch));
        if (options.TopP < 1)
            processors.Add(new TopPProcessor(options.TopP, options.NucleusRule, scratch));
        if (options.MinP > 0)
            processors.Add(new MinPProcessor(options.MinP));
        if (options.TypicalP < 1)
            processors.Add(new TypicalProcessor(options.TypicalP, scratch));
        if (options.EpsilonCutoff > 0)
            processors.Add(new EpsilonCutoffProcessor(options.EpsilonCutoff));
        if (options.EtaCutoff > 0)
            processors.Add(new EtaCutoffProcessor(options.EtaCutoff, scratch));
        return [.. processors];
    }
}
