using PaliSharp.Models;
using PaliSharp.Tokenization;

namespace PaliSharp.Generation;

/// <summary>Checks requests, says what they take, and begins them.</summary>
/// <param name="model">The model.</param>
/// <param name="tokenizer">Turns ids into text; without it results hold ids alone.</param>
internal sealed class GenerationFactory(PaliGemmaModel model, Tokenizer? tokenizer)
{
    // The working memory of choosing a token; requests of a batch choose one after the other.
    private readonly SamplingScratch _scratch = new();
    private readonly VocabularyMask _unusedTokens = VocabularyMask.ForTokenizer(
        tokenizer?.VocabularySize ?? Math.Min(model.Config.ImageTokenId, model.Config.Text.VocabularySize), model.Config.ImageTokenId, model.Config.PadTokenId);

    /// <summary>Refuses what cannot be answered.</summary>
    /// <exception cref="PromptException">A prompt is empty, too long, or holds an id that is not in the table.</exception>
    /// <exception cref="ArgumentException">The options are out of range or exclude one another.</exception>
    public void Check(PreparedRequest request)
    {
        request.Options.Validate();
        if (request.TextIds.Length == 0)
            throw new PromptException("The prompt holds no token. Give at least the BOS token.");
        int vocabulary = model.Config.Text.VocabularySize;
        foreach (int id in request.TextIds)
        {
            if ((uint)id >= (uint)vocabulary)
                throw new PromptException($"The prompt holds the id {id}, but the embedding table has {vocabulary} rows.");
        }

        int length = PromptPositions(request);
        int limit = model.Config.Text.MaxPositions;
        if (length >= limit)
        {
            throw new PromptException(
                $"The prompt takes {length} positions ({ImageTokens(request)} of pictures, {request.TextIds.Length} of text), but the model has {limit} and needs one to answer. "
                + "Shorten the text or give fewer pictures.");
        }
    }

    /// <summary>The sequences the request takes in the batch at most.</summary>
    public static int MaxRows(PreparedRequest request) => request.Options.Beam?.Beams ?? 1;

    /// <summary>The bytes of keys and values the request takes at most.</summary>
    public long KvBytes(PreparedRequest request) => MaxRows(request) * KvCache.ByteSize(model.Config.Text, Capacity(request));

    /// <summary>The positions of the prompt.</summary>
    public int PromptPositions(PreparedRequest request) => ImageTokens(request) + request.TextIds.Length;

    /// <summary>Begins a request; takes the memory for its keys and values.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="stream">Its place among the requests of one call: equal prompts with one seed must not get equal texts.</param>
    /// <param name="isStreamed">Whether somebody listens to the text as it comes.</param>
    public IGeneration Create(PreparedRequest request, int stream, bool isStreamed)
    {
        GenerationOptions options = request.Options;
        var stop = new StopConditions
        {
            MaxNewTokens = MaxNewTokens(request),
            EosIds = model.Config.EosTokenIds,
            StopIds = options.StopIds,
            StopStrings = options.StopStrings,
        };
        if (options.Beam is not null)
        {
            var search = new BeamSearch(options.Beam, stop.MaxNewTokens, [.. stop.EosIds, .. stop.StopIds], Mask(options), options.Constraint);
            var caches = new BeamCaches(() => new KvCache(model.Config.Text, model.Backend.Pool, Capacity(request)));
            return new BeamGeneration(request, search, caches, tokenizer, ImageTokens(request));
        }

        var sampler = new TokenSampler(options.Sampling, Mask(options), _scratch);
        GeneratedText? text = tokenizer is null ? null : new GeneratedText(tokenizer, options.StopStrings, isStreamed);
        return new SequenceGeneration(
            request,
            new KvCache(model.Config.Text, model.Backend.Pool, Capacity(request)),
            sampler,
            sampler.CreateRandom(stream),
            stop,
            text,
            ImageTokens(request),
            model.Config.Text.VocabularySize);
    }

    private int ImageTokens(PreparedRequest request) => request.Images.Count * model.Config.ImageTokens;

    private int MaxNewTokens(PreparedRequest request) => Math.Min(request.Options.MaxNewTokens, model.Config.Text.MaxPositions - PromptPositions(request));

    private int Capacity(PreparedRequest request) => PromptPositions(request) + MaxNewTokens(request);

    private VocabularyMask Mask(GenerationOptions options)
    {
        if (options.ForbiddenIds.Count == 0)
            return options.MaskUnusedTokens ? _unusedTokens : VocabularyMask.None;
        TokenSet forbidden = TokenSet.Of([.. options.ForbiddenIds]);
        return VocabularyMask.Forbid(options.MaskUnusedTokens ? forbidden.Union(_unusedTokens.Forbidden) : forbidden);
    }
}
