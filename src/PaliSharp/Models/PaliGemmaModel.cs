using System.Runtime.InteropServices;
using PaliSharp.Tensors;

namespace PaliSharp.Models;

/// <summary>Choices in the forward pass where the reference implementations differ.</summary>
public sealed record PaliGemmaModelOptions
{
    /// <summary>
    /// Applies the sliding window of Gemma 2's even layers to suffix positions, as transformers does. Off by default: the training code has no window.
    /// It changes sequences longer than the window only (896-pixel pictures, many pictures).
    /// </summary>
    public bool UseSlidingWindow { get; init; }

    /// <summary>
    /// Rounds the embedding factor √width to bfloat16, as big_vision does with bfloat16 weights. Off by default: transformers' float32 runs do not.
    /// </summary>
    public bool RoundEmbeddingScaleToBFloat16 { get; init; }
}

/// <summary>One sequence to be put through the decoder.</summary>
/// <param name="TextIds">Token ids after the image: BOS, prefix, newline, and what follows; at least one unless there are image rows.</param>
/// <param name="PrefixLength">The leading positions, image rows included, that all see one another; 0 for a purely causal sequence.</param>
/// <param name="Images">The projected rows of the sequence's pictures, in order; they stand before the text.</param>
/// <param name="Cache">What the sequence has so far and where it grows; null to compute without a cache.</param>
public readonly record struct SequenceInput(
    ReadOnlyMemory<int> TextIds,
    int PrefixLength,
    ReadOnlyMemory<RowRun> Images = default,
    KvCache? Cache = null)
{
    /// <summary>The number of image positions added.</summary>
    public int ImageRows
    {
        get
        {
            int rows = 0;
            foreach (RowRun run in Images.Span)
                rows += run.Count;
            return rows;
        }
    }

    /// <summary>The number of positions added.</summary>
    public int Rows => ImageRows + TextIds.Length;
}

/// <summary>
/// PaliGemma and PaliGemma 2: SigLIP encoder → linear projector → [image rows][BOS][prefix]["\n"][suffix] → Gemma decoder with tied head.
/// One definition for every size, resolution and device; not safe for concurrent calls.
/// </summary>
public sealed class PaliGemmaModel
{
    private readonly SigLipEncoder _encoder;
    private readonly LinearLayer _projector;
    private readonly GemmaDecoder _decoder;
    private readonly Weight _embeddings;
    private readonly float _embeddingScale;
    private readonly long _encoderLayer;
    private readonly long _decoderLayer;
    private readonly List<RowRun> _runs = [];
    private readonly Action<int> _runShare;
    private DecoderShare[] _shares = [];

    /// <summary>Assembles the model from its parameters, without copying them.</summary>
    /// <param name="config">The geometry.</param>
    /// <param name="backend">The device that computes.</param>
    /// <param name="weights">Finds a parameter by its canonical name, or returns null.</param>
    /// <param name="updates">An adapter's low-rank updates by canonical module path, or none.</param>
    /// <param name="replacements">An adapter's replaced weights by canonical name, or none.</param>
    /// <param name="options">Choices where the references differ.</param>
    /// <exception cref="CheckpointException">A parameter is missing.</exception>
    public PaliGemmaModel(
        PaliGemmaConfig config,
        TensorBackend backend,
        Func<string, Weight?> weights,
        IReadOnlyDictionary<string, LowRankUpdate>? updates = null,
        IReadOnlyDictionary<string, Weight>? replacements = null,
        PaliGemmaModelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(weights);
        options ??= new PaliGemmaModelOptions();
        Config = config;
        Backend = backend;
        var parameters = new ParameterReader(weights, updates, replacements);
        _encoder = new SigLipEncoder(config.Vision, parameters);
        _projector = parameters.Linear("multi_modal_projector.linear", hasBias: true);
        _decoder = new GemmaDecoder(config.Text, parameters, options.UseSlidingWindow);
        _embeddings = parameters.Weight("language_model.model.embed_tokens.weight");
        float scale = MathF.Sqrt(config.Text.Width);
        _embeddingScale = options.RoundEmbeddingScaleToBFloat16 ? RoundToBFloat16(scale) : scale;
        _encoderLayer = PassShares.LayerElements(config.Vision);
        _decoderLayer = PassShares.LayerElements(config.Text);
        _runShare = share => _shares[share].Run();
    }

    /// <summary>The geometry.</summary>
    public PaliGemmaConfig Config { get; }

    /// <summary>The device that computes.</summary>
    public TensorBackend Backend { get; }

    /// <summary>Encodes pictures and projects them to the decoder's width. The result depends on the picture alone and may be kept.</summary>
    /// <param name="pixels">[pictures, channels, size, size], values in [−1, 1].</param>
    /// <param name="probe">Receives the stages.</param>
    /// <returns>[pictures·imageTokens, width].</returns>
    /// <exception cref="ArgumentException">The pictures are not of the model's size.</exception>
    public Tensor EncodeImages(Tensor pixels, IForwardProbe? probe = null)
    {
        CheckPictures(pixels);
        using Tensor encoded = _encoder.Forward(Backend, pixels, probe);
        Tensor projected = _projector.Forward(Backend, encoded);
        probe?.Record("projector", projected);
        return projected;
    }

    /// <summary>
    /// Puts new positions of one or more sequences through the decoder: a whole prompt (prefill), a single token each (decode), or prompt and
    /// suffix at once (scoring, training). Each sequence is computed as if it were alone.
    /// </summary>
    /// <param name="sequences">At least one, each with at least one new position.</param>
    /// <param name="probe">Receives the stages.</param>
    /// <returns>[sum of new positions, width]: hidden states after the final norm, sequence after sequence.</returns>
    public Tensor Forward(ReadOnlySpan<SequenceInput> sequences, IForwardProbe? probe = null)
    {
        if (probe is not null)
        {
            var batch = new DecoderBatch();
            return _decoder.Forward(Backend, CreateStack().Stack(sequences, batch, probe), batch, probe);
        }

        int count = PassShares.Count(Backend, _decoderLayer, sequences.Length);
        if (_shares.Length < count)
            _shares = [.. _shares, .. Enumerable.Range(0, count - _shares.Length).Select(_ => CreateShare())];
        ReadOnlySpan<DecoderShare> shares = _shares.AsSpan(0, count);
        try
        {
            DecoderShare.Divide(sequences, shares);
            Backend.RunParts(count, _runShare);
            if (count == 1)
                return shares[0].Take();
            _runs.Clear();
            foreach (DecoderShare share in shares)
                _runs.Add(new RowRun(share.Output));
            return Backend.ConcatenateRows(CollectionsMarshal.AsSpan(_runs));
        }
        finally
        {
            foreach (DecoderShare share in shares)
                share.Dispose();
        }
    }

    /// <summary>In how many shares <see cref="BeginEncoding"/> is best given so many pictures.</summary>
    internal int EncoderShares(int pictures) => PassShares.Count(Backend, _encoderLayer, pictures);

    /// <summary>Begins <see cref="EncodeImages"/>, to be taken on layer by layer.</summary>
    /// <param name="shares">The pictures, in order, in one tensor or several that are computed at the same time; no longer needed afterwards.</param>
    internal EncoderPass BeginEncoding(params Tensor[] shares)
    {
        foreach (Tensor pixels in shares)
            CheckPictures(pixels);
        return new EncoderPass(_encoder, _projector, Backend, shares);
    }

    /// <summary>Begins <see cref="Forward"/>, to be taken on layer by layer; other passes with other caches may come between.</summary>
    /// <param name="sequences">As there.</param>
    internal DecoderPass BeginForward(ReadOnlySpan<SequenceInput> sequences)
    {
        var shares = new DecoderShare[PassShares.Count(Backend, _decoderLayer, sequences.Length)];
        for (int i = 0; i < shares.Length; i++)
            shares[i] = CreateShare();
        DecoderShare.Divide(sequences, shares);
        return new DecoderPass(_decoder, Backend, shares);
    }

    /// <summary>The logits of hidden states: h·Eᵀ with the tied embedding table, capped if the decoder has a final cap.</summary>
    /// <param name="hidden">[rows, width], as <see cref="Forward"/> returns them.</param>
    /// <param name="softCap">False leaves out the final cap, as big_vision does in training and for the first token after the prompt.</param>
    /// <returns>[rows, vocabulary].</returns>
    public Tensor Logits(Tensor hidden, bool softCap = true) => Cap(Backend.Linear(hidden, _embeddings), softCap);

    /// <summary>The logits of some tokens alone; costs what reading their rows of the table costs.</summary>
    /// <param name="hidden">[rows, width], as <see cref="Forward"/> returns them.</param>
    /// <param name="ids">The tokens.</param>
    /// <param name="softCap">False leaves out the final cap.</param>
    /// <returns>[rows, tokens].</returns>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the table.</exception>
    public Tensor LogitsOf(Tensor hidden, ReadOnlySpan<int> ids, bool softCap = true) => Cap(Backend.LinearRows(hidden, _embeddings, ids), softCap);

    /// <summary>Picks single rows of hidden states, such as the last position of each sequence.</summary>
    /// <param name="hidden">[rows, width].</param>
    /// <param name="rows">The rows wanted; at least one.</param>
    /// <returns>[rows wanted, width].</returns>
    public Tensor SelectRows(Tensor hidden, ReadOnlySpan<int> rows)
    {
        _runs.Clear();
        foreach (int row in rows)
            _runs.Add(new RowRun(hidden, row, 1));
        return Backend.ConcatenateRows(CollectionsMarshal.AsSpan(_runs));
    }

    private Tensor Cap(Tensor logits, bool softCap)
    {
        if (!softCap || Config.Text.FinalSoftCap == 0)
            return logits;
        using (logits)
            return Backend.SoftCap(logits, Config.Text.FinalSoftCap);
    }

    private static float RoundToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        bits += 0x7FFFu + ((bits >> 16) & 1); // to nearest, ties to even
        return BitConverter.UInt32BitsToSingle(bits & 0xFFFF0000u);
    }

    private void CheckPictures(Tensor pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        SigLipConfig vision = Config.Vision;
        var expected = new TensorShape(pixels.Shape[0], vision.Channels, vision.ImageSize, vision.ImageSize);
        if (pixels.Shape != expected)
            throw new ArgumentException($"Pictures of shape {pixels.Shape} were given to a model that takes {expected}.", nameof(pixels));
    }

    private DecoderShare CreateShare() => new(_decoder, Backend, CreateStack());

    private SequenceStack CreateStack() => new(Backend, _embeddings, _embeddingScale);
}
