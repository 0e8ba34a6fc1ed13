using PaliSharp.Generation;
using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Batching;

/// <summary>A request to be answered with text.</summary>
/// <param name="request">What is asked.</param>
/// <param name="stream">Its place among the requests of one call.</param>
/// <param name="onPiece">Receives the answer piece by piece, the last one with the result; null if nobody listens.</param>
/// <param name="factory">Begins it.</param>
/// <param name="clock">Tells the time.</param>
/// <param name="counters">Counts outcomes.</param>
internal sealed class GenerationItem(
    PreparedRequest request, int stream, Action<GenerationPiece>? onPiece, GenerationFactory factory, TimeProvider clock, BatchCounters counters)
    : BatchItem<GenerationResult>(request.Images, GenerationFactory.MaxRows(request), factory.KvBytes(request), clock, counters)
{
    private IGeneration? _generation;
    private int _sentTokens;
    private int _sentTopTokens;

    /// <summary>The positions of the prompt.</summary>
    public int PromptPositions { get; } = factory.PromptPositions(request);

    /// <summary>The answer being made; only between <see cref="Begin"/> and <see cref="Release"/>.</summary>
    public IGeneration Generation => _generation ?? throw new InvalidOperationException("The request has not begun or is over.");

    /// <summary>The tokens whose logits alone are computed in this step; null for all.</summary>
    public TokenSet? Needed { get; set; }

    /// <summary>Takes memory for keys and values.</summary>
    /// <returns>What goes into the decoder first.</returns>
    public SequenceInput Begin()
    {
        _generation = factory.Create(request, stream, onPiece is not null);
        return _generation.Prompt(PictureRows());
    }

    /// <summary>Chooses the next tokens and ends the item with the last of them.</summary>
    public void Advance(Tensor logits, int firstRow)
    {
        IGeneration generation = Generation;
        Take(generation, generation.Advance(logits, firstRow));
    }

    /// <summary>The same from the logits of some tokens alone.</summary>
    public void Advance(ReadOnlySpan<int> ids, ReadOnlySpan<float> logits)
    {
        IGeneration generation = Generation;
        Take(generation, generation.Advance(ids, logits));
    }

    public override void Release()
    {
        _generation?.Dispose();
        _generation = null;
    }

    private void Take(IGeneration generation, string piece)
    {
        if (generation.IsFinished)
            Complete(generation, piece);
        else if (piece.Length > 0 && onPiece is not null)
            onPiece(NextPiece(piece, generation.Tokens, generation.TopTokens));
    }

    private void Complete(IGeneration generation, string piece)
    {
        (GenerationResult result, string last) = generation.Complete();
        result = result with { Timings = Timings() };
        onPiece?.Invoke(NextPiece(piece + last, result.Tokens, result.TopTokens) with { Result = result });
        Succeed(result);
    }

    /// <summary>A piece with the tokens that came since the last one.</summary>
    private GenerationPiece NextPiece(string text, IReadOnlyList<SampledToken> tokens, IReadOnlyList<IReadOnlyList<SampledToken>> topTokens)
    {
        var piece = new GenerationPiece(text) { Tokens = [.. tokens.Skip(_sentTokens)], TopTokens = [.. topTokens.Skip(_sentTopTokens)] };
        _sentTokens = tokens.Count;
        _sentTopTokens = topTokens.Count;
        return piece;
    }
}
