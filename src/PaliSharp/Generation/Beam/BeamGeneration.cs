using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tokenization;

namespace PaliSharp.Generation;

/// <summary>A request that is answered by beam search.</summary>
/// <param name="request">What is asked.</param>
/// <param name="search">The search.</param>
/// <param name="caches">The caches of its beams; owned from here on.</param>
/// <param name="tokenizer">Turns ids into text; null without one.</param>
/// <param name="imageTokens">The image tokens of the prompt.</param>
internal sealed class BeamGeneration(PreparedRequest request, BeamSearch search, BeamCaches caches, Tokenizer? tokenizer, int imageTokens) : IGeneration
{
    private readonly int _promptLength = imageTokens + request.TextIds.Length;
    private int[][] _lastIds = [];

    public int Rows => search.LiveBeams;

    public bool WantsSoftCap => request.Options.FinalSoftCap && !(request.Options.UncappedFirstToken && search.Length == 0);

    public bool IsFinished => search.IsDone;

    // Until the search ends, any of its texts may win.
    public IReadOnlyList<SampledToken> Tokens => [];

    public IReadOnlyList<IReadOnlyList<SampledToken>> TopTokens => [];

    public TokenSet? NeededNext => null;

    public SequenceInput Prompt(ReadOnlyMemory<RowRun> images) => new(request.TextIds, request.IsBidirectional ? _promptLength : 0, images, caches[0]);

    public void Continue(Span<SequenceInput> inputs)
    {
        for (int i = 0; i < inputs.Length; i++)
            inputs[i] = new SequenceInput(_lastIds[i], caches[i].PrefixLength, default, caches[i]);
    }

    public string Advance(Tensor logits, int firstRow)
    {
        ReadOnlySpan<BeamStep> steps = search.Advance(logits.Span.Slice(firstRow * logits.Columns, Rows * logits.Columns));
        if (search.IsDone)
            return string.Empty;
        caches.Follow(steps, shared: _promptLength);
        _lastIds = new int[steps.Length][];
        for (int i = 0; i < steps.Length; i++)
            _lastIds[i] = [steps[i].Token];
        return string.Empty;
    }

    public string Advance(ReadOnlySpan<int> ids, ReadOnlySpan<float> logits) => throw new NotSupportedException("A beam search needs all logits.");

    public (GenerationResult Result, string LastPiece) Complete()
    {
        GenerationResult[] results = [.. search.Results().Select(Describe)];
        return (results[0] with { Alternatives = results[1..] }, results[0].Text);
    }

    public void Dispose() => caches.Dispose();

    private GenerationResult Describe(BeamHypothesis hypothesis)
    {
        int length = hypothesis.Ended ? hypothesis.Tokens.Count - 1 : hypothesis.Tokens.Count;
        SampledToken[] tokens = [.. Enumerable.Range(0, length).Select(i => new SampledToken(hypothesis.Tokens[i], hypothesis.LogProbabilities[i]))];
        string text = string.Empty;
        if (tokenizer is not null)
        {
            var writer = new GeneratedText(tokenizer, [], isStreamed: false);
            foreach (SampledToken token in tokens)
                writer.Push(token.Id);
            writer.Finish();
            text = writer.ToString();
        }

        return new GenerationResult
        {
            Text = text,
            Tokens = tokens,
            LogProbability = hypothesis.SumLogProbability,
            FinishReason = hypothesis.Ended ? FinishReason.Stop : FinishReason.Length,
            EndTokenId = hypothesis.Ended ? hypothesis.Tokens[^1] : null,
            Score = hypothesis.Score,
            PromptTokens = request.TextIds.Length,
            ImageTokens = imageTokens,
            Prompt = request.Prompt,
        };
    }
}
