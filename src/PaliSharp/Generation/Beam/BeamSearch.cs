namespace PaliSharp.Generation;

/// <summary>
/// The bookkeeping of a beam search over one prompt, without the model: it is given the logits of the live texts and says which texts
/// come next. It starts with one live text, the empty one, whose logits are those after the prompt.
/// </summary>
/// <remarks>
/// A step: run the model on the live texts, call <see cref="Advance"/>, and for each <see cref="BeamStep"/> it returns take over the
/// parent's cache and feed the token; until <see cref="IsDone"/>. Scores are sums of log-probabilities of the model's own distribution:
/// mask and constraint remove continuations without renormalising.
/// </remarks>
internal sealed class BeamSearch
{
    private readonly BeamOptions _options;
    private readonly int _maxNewTokens;
    private readonly int[] _endIds;
    private readonly VocabularyMask _mask;
    private readonly ITokenConstraint? _constraint;
    private readonly BeamHistory _history = new();
    private readonly FinishedBeams _finished;
    private readonly BestCandidates _candidates;
    private readonly BeamStep[] _steps;
    private readonly double[] _normalisers;
    private Live[] _live;
    private Live[] _next;
    private float[] _row = [];
    private int _vocabulary;

    /// <summary>Prepares a search.</summary>
    /// <param name="options">How to search.</param>
    /// <param name="maxNewTokens">The most tokens of a text, the one that ends it included; at least 1.</param>
    /// <param name="endIds">The tokens that end a text.</param>
    /// <param name="mask">What is never chosen; null for nothing.</param>
    /// <param name="constraint">The grammar texts must follow; null for none.</param>
    /// <exception cref="ArgumentException">
    /// The limit is below 1, or big_vision's rule is asked for without a token that ends texts.
    /// </exception>
    public BeamSearch(
        BeamOptions options, int maxNewTokens, IReadOnlyList<int> endIds, VocabularyMask? mask = null, ITokenConstraint? constraint = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(endIds);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxNewTokens, 1);
        if (options.Rule == BeamRule.BigVision && endIds.Count == 0)
        {
            throw new ArgumentException(
                "big_vision's beam search closes texts with the token that ends them, but none is given.", nameof(endIds));
        }

        _options = options;
        _maxNewTokens = maxNewTokens;
        _endIds = [.. endIds];
        _mask = mask ?? VocabularyMask.None;
        _constraint = constraint;

        // Enough candidates that, if every beam's ending tokens are among them, as many as there are beams do not end.
        bool huggingFace = options.Rule == BeamRule.HuggingFace;
        _candidates = new BestCandidates(huggingFace ? Math.Max(2, 1 + _endIds.Length) * options.Beams : options.Beams);
        _finished = new FinishedBeams(huggingFace ? options.Beams : 1);
        _steps = new BeamStep[options.Beams];
        _normalisers = new double[options.Beams];
        _live = new Live[options.Beams];
        _next = new Live[options.Beams];
        _live[0] = new Live(BeamHistory.Root, 0, constraint?.Start ?? 0);
        LiveBeams = 1;
    }

    /// <summary>How many texts are live: the rows of logits that <see cref="Advance"/> takes next.</summary>
    public int LiveBeams { get; private set; }

    /// <summary>The number of tokens generated so far.</summary>
    public int Length { get; private set; }

    /// <summary>Whether the search has ended.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Takes the live texts one token further.</summary>
    /// <param name="logits">
    /// The logits after each live text, [<see cref="LiveBeams"/>, vocabulary]. Log-probabilities do as well: normalising does not change
    /// them.
    /// </param>
    /// <returns>The live texts of the next step, best first; none if the search has ended. Valid until the next call.</returns>
    /// <exception cref="ArgumentException">The number of logits does not fit the live texts, or has changed per text.</exception>
    /// <exception cref="InvalidOperationException">
    /// The search has ended; or mask and constraint leave no continuation and no text is finished.
    /// </exception>
    /// <exception cref="CheckpointException">The logits are not finite numbers.</exception>
    public ReadOnlySpan<BeamStep> Advance(ReadOnlySpan<float> logits)
    {
        if (IsDone)
            throw new InvalidOperationException("The beam search has ended.");
        Measure(logits.Length);
        Length++;
        bool huggingFace = _options.Rule == BeamRule.HuggingFace;
        _candidates.Clear();
        for (int beam = 0; beam < LiveBeams; beam++)
        {
            Span<float> row = PrepareRow(logits.Slice(beam * _vocabulary, _vocabulary), beam);
            if (!huggingFace)
                CloseBeam(row, beam);
            Collect(row, beam);
        }

        int next = huggingFace ? SelectByHuggingFace(logits) : SelectByBigVision(logits);
        if (next == 0 && _finished.Beams.Count == 0)
        {
            throw new InvalidOperationException(
                "No continuation is left: the vocabulary mask and the constraint together forbid every token. Relax one of them.");
        }

        (_live, _next) = (_next, _live);
        LiveBeams = next;
        IsDone = next == 0 || Length == _maxNewTokens || IsDecided();
        return IsDone ? [] : _steps.AsSpan(0, next);
    }

    /// <summary>
    /// The finished texts, best first, at most as many as the options ask for. If none is finished, because the search was broken off or a
    /// constraint allows no end, the live ones.
    /// </summary>
    public IReadOnlyList<BeamHypothesis> Results()
    {
        IEnumerable<FinishedBeam> beams = _finished.Beams.Count > 0 ? _finished.Beams : _live.Take(LiveBeams).Select(AsFinished);
        return [.. beams.Take(_options.Returned).Select(Describe)];
    }

    private FinishedBeam AsFinished(Live live) => new(live.Text, live.Sum, Penalise(live.Sum, Math.Max(Length, 1)), Ended: false);

    private BeamHypothesis Describe(FinishedBeam beam)
    {
        (int[] tokens, float[] logProbabilities) = _history.Read(beam.Text);
        return new BeamHypothesis(tokens, logProbabilities, beam.Sum, beam.Score, beam.Ended);
    }

    private void Measure(int count)
    {
        int vocabulary = count / LiveBeams;
        if (vocabulary == 0 || vocabulary * LiveBeams != count || (_vocabulary != 0 && vocabulary != _vocabulary))
        {
            string expected = _vocabulary == 0 ? $"a multiple of {LiveBeams}" : $"{LiveBeams} times {_vocabulary}";
            throw new ArgumentException($"{LiveBeams} live texts need {expected} logits, not {count}.", nameof(count));
        }

        _vocabulary = vocabulary;
        if (_row.Length < vocabulary)
            _row = new float[vocabulary];
    }

    /// <summary>A copy of a text's logits without the tokens that may not follow.</summary>
    private Span<float> PrepareRow(ReadOnlySpan<float> logits, int beam)
    {
        _normalisers[beam] = Softmax.LogSumExp(logits);
        Span<float> row = _row.AsSpan(0, _vocabulary);
        logits.CopyTo(row);
        _mask.Forbidden.RemoveFrom(row);
        _constraint?.Allowed(_live[beam].State).KeepIn(row);
        return row;
    }

    /// <summary>Offers every continuation of a text.</summary>
    private void Collect(ReadOnlySpan<float> row, int beam)
    {
        double offset = _live[beam].Sum - _normalisers[beam];
        double threshold = _candidates.Threshold;
        long first = (long)beam * _vocabulary;
        for (int id = 0; id < row.Length; id++)
        {
            // Indices ascend, so a continuation that ties with the worst kept one cannot displace it; −∞ never enters.
            double score = offset + row[id];
            if (!(score > threshold))
                continue;
            _candidates.Offer(score, first + id);
            threshold = _candidates.Threshold;
        }
    }

    /// <summary>Finishes a text with the likeliest token that ends it, and takes those tokens out of its continuations.</summary>
    private void CloseBeam(Span<float> row, int beam)
    {
        int best = -1;
        foreach (int id in _endIds)
        {
            if ((uint)id < (uint)row.Length && row[id] > (best < 0 ? float.NegativeInfinity : row[best]))
                best = id;
        }

        if (best >= 0)
        {
            Live live = _live[beam];
            double logProbability = row[best] - _normalisers[beam];
            double sum = live.Sum + logProbability;
            if (sum > _finished.Best)
                _finished.Add(new FinishedBeam(_history.Append(live.Text, best, (float)logProbability), sum, sum, Ended: true));
        }

        foreach (int id in _endIds)
        {
            if ((uint)id < (uint)row.Length)
                row[id] = float.NegativeInfinity;
        }
    }

    private int SelectByHuggingFace(ReadOnlySpan<float> logits)
    {
        bool last = Length == _maxNewTokens;
        int next = 0;
        int rank = 0;
        foreach (BestCandidates.Candidate candidate in _candidates.Drain())
        {
            (int beam, int id) = Split(candidate);
            bool ends = _endIds.AsSpan().Contains(id);
            if ((ends || last) && rank < _options.Beams)
                _finished.Add(new FinishedBeam(Append(logits, beam, id), candidate.Score, Penalise(candidate.Score, Length), ends));
            else if (!ends && !last && next < _options.Beams)
                Continue(logits, candidate, next++);
            rank++;
        }

        return next;
    }

    private int SelectByBigVision(ReadOnlySpan<float> logits)
    {
        int next = 0;
        foreach (BestCandidates.Candidate candidate in _candidates.Drain())
            Continue(logits, candidate, next++);
        return next;
    }

    private void Continue(ReadOnlySpan<float> logits, BestCandidates.Candidate candidate, int place)
    {
        (int beam, int id) = Split(candidate);
        int state = _constraint?.Next(_live[beam].State, id) ?? 0;
        _next[place] = new Live(Append(logits, beam, id), candidate.Score, state);
        _steps[place] = new BeamStep(beam, id);
    }

    private int Append(ReadOnlySpan<float> logits, int beam, int id) =>
        _history.Append(_live[beam].Text, id, (float)(logits[(beam * _vocabulary) + id] - _normalisers[beam]));

    private (int Beam, int Id) Split(BestCandidates.Candidate candidate) =>
        ((int)(candidate.Index / _vocabulary), (int)(candidate.Index % _vocabulary));

    /// <summary>Whether the live texts cannot change the outcome any more, by the rule's own judgement.</summary>
    private bool IsDecided()
    {
        double bestLive = _live[0].Sum;
        if (_options.Rule == BeamRule.BigVision)
            return bestLive < _finished.Best;
        if (!_finished.IsFull)
            return false;
        bool reachLimit = _options.EarlyStopping == BeamStopping.Never && _options.LengthPenalty > 0;
        return _options.EarlyStopping == BeamStopping.WhenFull
            || Penalise(bestLive, reachLimit ? _maxNewTokens : Length) <= _finished.Worst;
    }

    private double Penalise(double sum, int length) =>
        _options.Rule == BeamRule.BigVision ? sum : sum / Math.Pow(length, _options.LengthPenalty);

    /// <summary>A text that is continued.</summary>
    private readonly record struct Live(int Text, double Sum, int State);
}
