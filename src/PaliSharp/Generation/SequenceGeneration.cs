using System.Runtime.InteropServices;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tokenization;

namespace PaliSharp.Generation;

/// <summary>One sequence that is being sampled: its cache, its choices so far, and when it ends.</summary>
internal sealed class SequenceGeneration : IGeneration
{
    private readonly PreparedRequest _request;
    private readonly KvCache _cache;
    private readonly TokenSampler _sampler;
    private readonly SequenceRandom _random;
    private readonly StopConditions _stop;
    private readonly GeneratedText? _text;
    private readonly List<SampledToken> _tokens;
    private readonly List<int> _history;
    private readonly int[] _lastId = new int[1];
    private readonly TopTokens? _top;
    private readonly List<IReadOnlyList<SampledToken>> _topTokens = [];
    private readonly int _imageTokens;
    private readonly int _vocabulary;
    private readonly RepetitionWatch? _repetition;
    private FinishReason? _finished;
    private double _logProbability;
    private int? _endTokenId;
    private int _state;

    /// <summary>Prepares a sequence.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="cache">Room for prompt and answer; owned from here on.</param>
    /// <param name="sampler">Chooses the tokens.</param>
    /// <param name="random">This sequence's random numbers.</param>
    /// <param name="stop">When to end.</param>
    /// <param name="text">Turns tokens into text; null without a tokenizer.</param>
    /// <param name="imageTokens">The image tokens of the prompt.</param>
    /// <param name="vocabulary">The number of logits.</param>
    public SequenceGeneration(
        PreparedRequest request, KvCache cache, TokenSampler sampler, SequenceRandom random, StopConditions stop, GeneratedText? text, int imageTokens, int vocabulary)
    {
        _request = request;
        _cache = cache;
        _sampler = sampler;
        _random = random;
        _stop = stop;
        _text = text;
        _imageTokens = imageTokens;
        _vocabulary = vocabulary;
        _state = request.Options.Constraint?.Start ?? 0;
        _top = request.Options.TopLogProbabilities > 0 ? new TopTokens(request.Options.TopLogProbabilities) : null;
        _repetition = request.Options.StopOnRepetition is { } guard ? new RepetitionWatch(guard) : null;
        _tokens = new List<SampledToken>(stop.MaxNewTokens);
        _history = new List<int>(request.TextIds.Length + stop.MaxNewTokens);
        _history.AddRange(request.TextIds);
    }

    public int Rows => 1;

    public bool IsFinished => _finished is not null;

    public bool WantsSoftCap => _request.Options.FinalSoftCap && !(_request.Options.UncappedFirstToken && _tokens.Count == 0);

    public IReadOnlyList<SampledToken> Tokens => _tokens;

    public IReadOnlyList<IReadOnlyList<SampledToken>> TopTokens => _topTokens;

    public TokenSet? NeededNext => ScoresAllowedOnly ? _request.Options.Constraint!.Allowed(_state) : null;

    private bool ScoresAllowedOnly => _request.Options is { ScoreUnder: ScoreBasis.Allowed, Constraint: not null };

    public SequenceInput Prompt(ReadOnlyMemory<RowRun> images) =>
        new(_request.TextIds, _request.IsBidirectional ? _imageTokens + _request.TextIds.Length : 0, images, _cache);

    public void Continue(Span<SequenceInput> inputs) => inputs[0] = new SequenceInput(_lastId, _cache.PrefixLength, default, _cache);

    public string Advance(Tensor logits, int firstRow)
    {
        ReadOnlySpan<float> row = logits.Row(firstRow);
        return _request.Options.ScoreUnder == ScoreBasis.Unmasked ? Advance(row) : Advance(_sampler.Mask(row, NeededNext));
    }

    public string Advance(ReadOnlySpan<int> ids, ReadOnlySpan<float> logits) => Advance(_sampler.Spread(ids, logits, _vocabulary));

    public (GenerationResult Result, string LastPiece) Complete()
    {
        string last = _text?.Finish() ?? string.Empty;
        var result = new GenerationResult
        {
            Text = _text?.ToString() ?? string.Empty,
            Tokens = _tokens,
            TopTokens = _topTokens,
            LogProbability = _logProbability,
            FinishReason = _finished ?? throw new InvalidOperationException("The sequence has not ended."),
            EndTokenId = _endTokenId,
            Score = _logProbability,
            PromptTokens = _request.TextIds.Length,
            ImageTokens = _imageTokens,
            Prompt = _request.Prompt,
        };
        return (result, last);
    }

    public void Dispose() => _cache.Dispose();

    private string Advance(ReadOnlySpan<float> logits)
    {
        ITokenConstraint? constraint = _request.Options.Constraint;
        SampledToken token = _sampler.Sample(logits, CollectionsMarshal.AsSpan(_history), _random, constraint?.Allowed(_state));
        _logProbability += token.LogProbability;
        NoteTopTokens(logits);
        if (_stop.Ends(token.Id))
        {
            _endTokenId = token.Id;
            _finished = FinishReason.Stop;
            return string.Empty;
        }

        if (constraint is not null)
            _state = constraint.Next(_state, token.Id);
        _tokens.Add(token);
        _history.Add(token.Id);
        _lastId[0] = token.Id;
        string piece = _text?.Push(token.Id) ?? string.Empty;
        if (_text?.IsStopped == true)
            _finished = FinishReason.StopString;
        else if (_request.Options.StopWhen?.Invoke(_tokens) == true)
            _finished = FinishReason.StopCondition;
        else if (_repetition?.Push(_tokens) == true)
            _finished = FinishReason.Repetition;
        else if (_tokens.Count >= _stop.MaxNewTokens)
            _finished = FinishReason.Length;
        return piece;
    }

    private void NoteTopTokens(ReadOnlySpan<float> logits)
    {
        if (_top is null)
            return;
        var tokens = new SampledToken[Math.Min(_request.Options.TopLogProbabilities, logits.Length)];
        int count = _top.Find(logits, tokens);
        _topTokens.Add(tokens.AsMemory(0, count).ToArray());
    }
}
