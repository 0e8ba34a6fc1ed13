using System.Runtime.InteropServices;
using PaliSharp.Checkpoints;
using PaliSharp.Imaging;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tokenization;

namespace PaliSharp.Generation;

/// <summary>
/// Answers requests: pictures through the encoder, prompts through the decoder (prefill), then token after token for all sequences together.
/// One call at a time.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="preprocessing">How pictures become its input.</param>
/// <param name="tokenizer">Turns ids into text; without it results hold ids alone.</param>
/// <param name="maxBatch">The most sequences decoded together; more requests are answered in turn.</param>
internal sealed class GenerationEngine(PaliGemmaModel model, ImagePreprocessing preprocessing, Tokenizer? tokenizer, int maxBatch)
{
    // Prompts go through the decoder together up to so many rows: more gains nothing and takes memory.
    private const int MaxPrefillRows = 2048;

    private readonly List<int> _rows = [];
    private SequenceInput[] _inputs = [];

    /// <summary>Answers requests, in the order given.</summary>
    /// <param name="requests">What is asked.</param>
    /// <param name="onText">Receives (request, text) as text becomes certain; null if nobody listens.</param>
    /// <param name="cancellationToken">Stops between steps.</param>
    /// <exception cref="PromptException">A prompt does not fit the model's context.</exception>
    /// <exception cref="OperationCanceledException">The call was cancelled.</exception>
    public GenerationResult[] Run(IReadOnlyList<PreparedRequest> requests, Action<int, string>? onText, CancellationToken cancellationToken)
    {
        foreach (PreparedRequest request in requests)
            Check(request);
        var results = new GenerationResult[requests.Count];
        int[] sampled = [.. Enumerable.Range(0, requests.Count).Where(i => requests[i].Options.Beam is null)];
        foreach (int[] chunk in sampled.Chunk(maxBatch))
            RunSampling(requests, chunk, results, onText, cancellationToken);
        for (int i = 0; i < requests.Count; i++)
        {
            if (requests[i].Options.Beam is not null)
                results[i] = RunBeamSearch(requests[i], i, onText, cancellationToken);
        }

        return results;
    }

    private static int ImageTokens(PreparedRequest request, PaliGemmaModel model) => request.Images.Count * model.Config.ImageTokens;

    private void Check(PreparedRequest request)
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

        int length = ImageTokens(request, model) + request.TextIds.Length;
        int limit = model.Config.Text.MaxPositions;
        if (length >= limit)
        {
            throw new PromptException(
                $"The prompt takes {length} positions ({ImageTokens(request, model)} of pictures, {request.TextIds.Length} of text), but the model has {limit} and needs one to answer. "
                + "Shorten the text or give fewer pictures.");
        }
    }

    private void RunSampling(
        IReadOnlyList<PreparedRequest> requests, int[] chunk, GenerationResult[] results, Action<int, string>? onText, CancellationToken cancellationToken)
    {
        using EncodedImages images = EncodedImages.Encode(model, preprocessing, chunk.SelectMany(i => requests[i].Images), cancellationToken);
        var sequences = new SequenceGeneration[chunk.Length];
        try
        {
            for (int i = 0; i < chunk.Length; i++)
                sequences[i] = CreateSequence(requests[chunk[i]], chunk[i], onText is not null);
            Prefill(requests, chunk, sequences, images, onText, cancellationToken);
            Decode(chunk, sequences, onText, cancellationToken);
            for (int i = 0; i < chunk.Length; i++)
            {
                (results[chunk[i]], string last) = sequences[i].Complete();
                if (last.Length > 0)
                    onText?.Invoke(chunk[i], last);
            }
        }
        finally
        {
            foreach (SequenceGeneration? sequence in sequences)
                sequence?.Dispose();
        }
    }

    private SequenceGeneration CreateSequence(PreparedRequest request, int index, bool isStreamed)
    {
        GenerationOptions options = request.Options;
        StopConditions stop = Stop(request);
        int prompt = ImageTokens(request, model) + request.TextIds.Length;
        var sampler = new TokenSampler(options.Sampling, Mask(options));
        return new SequenceGeneration(
            request,
            new KvCache(model.Config.Text, model.Backend.Pool, prompt + stop.MaxNewTokens),
            sampler,
            sampler.CreateRandom(index),
            stop,
            tokenizer is null ? null : new GeneratedText(tokenizer, options.StopStrings, isStreamed),
            ImageTokens(request, model));
    }

    private void Prefill(
        IReadOnlyList<PreparedRequest> requests,
        int[] chunk,
        SequenceGeneration[] sequences,
        EncodedImages images,
        Action<int, string>? onText,
        CancellationToken cancellationToken)
    {
        for (int start = 0; start < sequences.Length;)
        {
            int end = start;
            int rows = 0;
            do
            {
                rows += ImageTokens(requests[chunk[end]], model) + requests[chunk[end]].TextIds.Length;
                end++;
            }
            while (end < sequences.Length && rows < MaxPrefillRows);

            cancellationToken.ThrowIfCancellationRequested();
            var inputs = new SequenceInput[end - start];
            for (int i = start; i < end; i++)
                inputs[i - start] = sequences[i].Prompt(images.Runs(requests[chunk[i]].Images));
            Step(inputs, sequences.AsSpan(start..end), chunk.AsSpan(start..end), onText);
            start = end;
        }
    }

    private void Decode(int[] chunk, SequenceGeneration[] sequences, Action<int, string>? onText, CancellationToken cancellationToken)
    {
        // The ones still writing, kept in front.
        var active = (SequenceGeneration[])sequences.Clone();
        int[] indices = (int[])chunk.Clone();
        if (_inputs.Length < active.Length)
            _inputs = new SequenceInput[active.Length];
        while (true)
        {
            int count = 0;
            for (int i = 0; i < active.Length && active[i] is not null; i++)
            {
                if (active[i].Finished is null)
                    (active[count], indices[count++]) = (active[i], indices[i]);
            }

            Array.Clear(active, count, active.Length - count);
            if (count == 0)
                return;
            cancellationToken.ThrowIfCancellationRequested();
            for (int i = 0; i < count; i++)
                _inputs[i] = active[i].LastToken();
            Step(_inputs.AsSpan(0, count), active.AsSpan(0, count), indices.AsSpan(0, count), onText);
        }
    }

    /// <summary>One pass through the decoder and one choice for each sequence.</summary>
    private void Step(
        ReadOnlySpan<SequenceInput> inputs, ReadOnlySpan<SequenceGeneration> sequences, ReadOnlySpan<int> indices, Action<int, string>? onText)
    {
        using Tensor last = LastHidden(inputs);
        bool anyCapped = false;
        bool anyUncapped = false;
        foreach (SequenceGeneration sequence in sequences)
        {
            anyCapped |= sequence.WantsSoftCap;
            anyUncapped |= !sequence.WantsSoftCap;
        }

        using Tensor? capped = anyCapped ? model.Logits(last, softCap: true) : null;
        using Tensor? uncapped = anyUncapped ? model.Logits(last, softCap: false) : null;
        for (int i = 0; i < sequences.Length; i++)
        {
            Tensor logits = sequences[i].WantsSoftCap ? capped! : uncapped!;
            string piece = sequences[i].Advance(logits.Row(i));
            if (piece.Length > 0)
                onText?.Invoke(indices[i], piece);
        }
    }

    /// <summary>The hidden state at the last new position of each sequence.</summary>
    private Tensor LastHidden(ReadOnlySpan<SequenceInput> inputs)
    {
        Tensor hidden = model.Forward(inputs);
        if (hidden.Rows == inputs.Length)
            return hidden; // one new position each
        using (hidden)
        {
            _rows.Clear();
            int row = 0;
            foreach (ref readonly SequenceInput input in inputs)
            {
                row += input.Rows;
                _rows.Add(row - 1);
            }

            return model.SelectRows(hidden, CollectionsMarshal.AsSpan(_rows));
        }
    }

    private GenerationResult RunBeamSearch(PreparedRequest request, int index, Action<int, string>? onText, CancellationToken cancellationToken)
    {
        GenerationOptions options = request.Options;
        StopConditions stop = Stop(request);
        using EncodedImages images = EncodedImages.Encode(model, preprocessing, request.Images, cancellationToken);
        int imageTokens = ImageTokens(request, model);
        int prompt = imageTokens + request.TextIds.Length;
        var search = new BeamSearch(options.Beam!, stop.MaxNewTokens, [.. stop.EosIds, .. stop.StopIds], Mask(options), options.Constraint);
        using var caches = new BeamCaches(() => new KvCache(model.Config.Text, model.Backend.Pool, prompt + stop.MaxNewTokens));

        SequenceInput[] inputs = [new SequenceInput(request.TextIds, request.IsBidirectional ? prompt : 0, images.Runs(request.Images), caches[0])];
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using Tensor last = LastHidden(inputs);
            using Tensor logits = model.Logits(last, options.FinalSoftCap && !(options.UncappedFirstToken && search.Length == 0));
            ReadOnlySpan<BeamStep> steps = search.Advance(logits.Span);
            if (search.IsDone)
                break;
            caches.Follow(steps, shared: prompt);
            inputs = new SequenceInput[steps.Length];
            for (int i = 0; i < steps.Length; i++)
                inputs[i] = new SequenceInput(new[] { steps[i].Token }, caches[i].PrefixLength, default, caches[i]);
        }

        GenerationResult[] results = [.. search.Results().Select(hypothesis => Describe(hypothesis, request, imageTokens))];
        if (results[0].Text.Length > 0)
            onText?.Invoke(index, results[0].Text);
        return results[0] with { Alternatives = results[1..] };
    }

    private GenerationResult Describe(BeamHypothesis hypothesis, PreparedRequest request, int imageTokens)
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

    private StopConditions Stop(PreparedRequest request) => new()
    {
        MaxNewTokens = Math.Min(
            request.Options.MaxNewTokens, model.Config.Text.MaxPositions - ImageTokens(request, model) - request.TextIds.Length),
        EosIds = model.Config.EosTokenIds,
        StopIds = request.Options.StopIds,
        StopStrings = request.Options.StopStrings,
    };

    private VocabularyMask Mask(GenerationOptions options)
    {
        TokenSet forbidden = TokenSet.Of([.. options.ForbiddenIds]);
        if (options.MaskUnusedTokens)
        {
            PaliGemmaConfig config = model.Config;
            int tokens = tokenizer?.VocabularySize ?? Math.Min(config.ImageTokenId, config.Text.VocabularySize);
            forbidden = forbidden.Union(VocabularyMask.ForTokenizer(tokens, config.ImageTokenId, config.PadTokenId).Forbidden);
        }

        return VocabularyMask.Forbid(forbidden);
    }
}
